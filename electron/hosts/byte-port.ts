/** Sends bytes over a handed port, a piece at a time: the next one is sent when the reader asks for it, so that they do not pile up. */
import { AppError } from '../contract/errors.ts';
import { EventChannel } from './event-channel.ts';
import type { HandedPort } from './handed-port.ts';

type FromReader = 'more';
type FromSender = { bytes: Uint8Array } | { end: 'whole' | 'broken' };

/** Messages that arrive at this end; ends when the other end is closed. */
function messagesOf<T>(port: HandedPort): AsyncGenerator<T, void, void> {
  const channel = new EventChannel<T>();
  port.on('message', ({ data }) => channel.push(data as T));
  port.on('close', () => channel.end());
  port.start();
  return channel[Symbol.asyncIterator]();
}

/** Resolves when all were sent or the reader wants no more. When the source fails, the reader is told. */
export async function sendBytes(port: HandedPort, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const requests = messagesOf<FromReader>(port);
  const send = (message: FromSender) => port.postMessage(message);
  try {
    for await (const bytes of pieces) {
      if ((await requests.next()).done) return;
      send({ bytes });
    }
    send({ end: 'whole' });
  } catch {
    send({ end: 'broken' });
  }
}

/** Throws IO when the bytes end early. A reader that stops closes the port. */
export async function* receivedBytes(port: HandedPort): AsyncGenerator<Uint8Array, void, void> {
  const messages = messagesOf<FromSender>(port);
  try {
    for (;;) {
      port.postMessage('more' satisfies FromReader);
      const { value: message } = await messages.next();
      if (!message || ('end' in message && message.end === 'broken'))
        throw new AppError('IO', 'The file did not arrive whole. Add it again.');
      if ('end' in message) return;
      yield message.bytes;
    }
  } finally {
    port.close();
  }
}
