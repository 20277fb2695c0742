/** Bytes over a handed port, a piece at a time: the next one is sent when the reader wants it, so that none pile up. */
import { AppError } from '../contract/errors.ts';
import { EventChannel } from './event-channel.ts';
import type { HandedPort } from './handed-port.ts';

type FromReader = 'more';
type FromSender = { bytes: Uint8Array } | { end: 'whole' | 'broken' };

/** What is said to this end; ends when the other end is closed. */
function heard<T>(port: HandedPort): AsyncGenerator<T, void, void> {
  const channel = new EventChannel<T>();
  port.on('message', ({ data }) => channel.push(data as T));
  port.on('close', () => channel.end());
  port.start();
  return channel[Symbol.asyncIterator]();
}

/** Resolves when all were sent or the reader wants no more. The reader is told where they break off. */
export async function sendBytes(port: HandedPort, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const asked = heard<FromReader>(port);
  const say = (message: FromSender) => port.postMessage(message);
  try {
    for await (const bytes of pieces) {
      if ((await asked.next()).done) return;
      say({ bytes });
    }
    say({ end: 'whole' });
  } catch {
    say({ end: 'broken' });
  }
}

/** Throws IO where they break off. Who stops reading closes the port. */
export async function* receivedBytes(port: HandedPort): AsyncGenerator<Uint8Array, void, void> {
  const said = heard<FromSender>(port);
  try {
    for (;;) {
      port.postMessage('more' satisfies FromReader);
      const { value: message } = await said.next();
      if (!message || ('end' in message && message.end === 'broken'))
        throw new AppError('IO', 'The file did not arrive whole. Add it again.');
      if ('end' in message) return;
      yield message.bytes;
    }
  } finally {
    port.close();
  }
}
