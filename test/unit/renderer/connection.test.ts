/// <reference lib="dom" />
/** The window's connection to the server: one whose other side vanished is given up and made again. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { connect } from '../../../renderer/bridge/connection.ts';

/** A socket that opens and accepts the token; `answers` says whether it replies to calls. */
class FakeSocket extends EventTarget {
  static made: FakeSocket[] = [];
  static answers = true;
  readyState = 1;
  isClosed = false;
  constructor() {
    super();
    FakeSocket.made.push(this);
    queueMicrotask(() => this.dispatchEvent(new Event('open')));
  }
  send(text: string | ArrayBufferView): void {
    if (text === 'token') return void this.dispatchEvent(new MessageEvent('message', { data: 'ready' }));
    const { i } = JSON.parse(String(text)) as { i: string };
    if (FakeSocket.answers)
      queueMicrotask(() =>
        this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify({ i, p: { b: { json: null } } }) })),
      );
  }
  close(): void {
    this.isClosed = true;
  }
}

const states: string[] = [];
let clients = 0;
beforeEach(() => {
  vi.useFakeTimers();
  states.length = 0;
  clients = 0;
  FakeSocket.made = [];
  FakeSocket.answers = true;
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('window', { location: { origin: 'https://box.example' }, setInterval, clearInterval, setTimeout });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('stays while calls are answered, and begins anew where they are not', async () => {
  const times = { everyMs: 1000, timeoutMs: 300 };
  connect('token', { onState: (state) => states.push(state), onClient: () => clients++ }, times);
  await vi.advanceTimersByTimeAsync(5000);
  expect(states).toEqual(['connecting', 'open']);
  FakeSocket.answers = false;
  await vi.advanceTimersByTimeAsync(1300);
  expect(states).toEqual(['connecting', 'open', 'lost']);
  FakeSocket.answers = true;
  await vi.advanceTimersByTimeAsync(5000);
  expect(states).toEqual(['connecting', 'open', 'lost', 'open']);
  expect([clients, FakeSocket.made.length, FakeSocket.made[0]?.isClosed]).toEqual([2, 2, true]);
});
