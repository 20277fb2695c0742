/**
 * Notices a host that does not answer any more. Counts pings sent by our own clock, not time passed: a laptop that slept for
 * an hour has missed none.
 */
import type { HostProcess } from './host-process.ts';
import { type HeartbeatMessage, isHeartbeat } from './message-port.ts';

export interface HeartbeatTimes {
  startMs?: number;
  pingMs?: number;
  missedPings?: number;
}

export class Heartbeat {
  #timer: NodeJS.Timeout | undefined;
  #missed = 0;

  /** `name`: of the host, at the beginning of a sentence. */
  constructor(host: HostProcess, name: string, times: HeartbeatTimes, onHung: (why: string) => void) {
    const { startMs = 60_000, pingMs = 2000, missedPings = 30 } = times;
    const hung = (why: string) => {
      this.stop();
      onHung(why);
    };
    this.#timer = setTimeout(() => hung(`${name} did not start within ${startMs / 1000} s.`), startMs);
    this.#timer.unref();
    host.onMessage((message) => {
      if (!isHeartbeat(message)) return;
      this.#missed = 0;
      if (message.beat !== 'ready' || this.#timer === undefined) return;
      clearTimeout(this.#timer);
      this.#timer = setInterval(() => {
        if (this.#missed >= missedPings)
          hung(`${name} has not answered for ${(missedPings * pingMs) / 1000} s and was ended.`);
        else {
          this.#missed++;
          host.post({ beat: 'ping' } satisfies HeartbeatMessage);
        }
      }, pingMs);
      this.#timer.unref();
    });
  }

  stop(): void {
    clearInterval(this.#timer); // the same table as setTimeout's
    this.#timer = undefined;
  }
}
