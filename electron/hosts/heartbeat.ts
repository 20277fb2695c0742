/**
 * Notices a host that does not answer any more. It counts unanswered pings instead of elapsed time: while a laptop sleeps no pings are
 * sent, so none are missed.
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

  /** `name`: the host's name, as a sentence begins with it. */
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
    clearInterval(this.#timer); // also clears a timer of setTimeout
    this.#timer = undefined;
  }
}
