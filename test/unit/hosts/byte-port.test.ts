import { expect, it } from 'vitest';
import { receivedBytes, sendBytes } from '../../../electron/hosts/byte-port.ts';
import { MessageChannelMain } from '../main/fake-electron.ts';

async function* pieces(count: number, sent: number[] = [], failAt = -1) {
  for (let i = 0; i < count; i++) {
    if (i === failAt) throw new Error('gone');
    sent.push(i);
    yield new Uint8Array([i, i]);
  }
}

async function all(read: AsyncIterable<Uint8Array>): Promise<number[]> {
  const bytes: number[] = [];
  for await (const piece of read) bytes.push(...piece);
  return bytes;
}

it('carries bytes whole and in order, none as well as many', async () => {
  for (const count of [0, 1, 50]) {
    const { port1, port2 } = new MessageChannelMain();
    const [bytes] = await Promise.all([all(receivedBytes(port2)), sendBytes(port1, pieces(count))]);
    expect(bytes).toEqual(Array.from({ length: 2 * count }, (_, i) => i >> 1));
    expect(port1.isOpen).toBe(false);
  }
});

it('sends a piece when it is wanted, and stops when the reader does', async () => {
  const { port1, port2 } = new MessageChannelMain();
  const sent: number[] = [];
  const done = sendBytes(port1, pieces(1000, sent));
  for await (const [first] of receivedBytes(port2)) if (first === 3) break;
  await done;
  expect(sent.length).toBeLessThanOrEqual(6);
});

it('says where bytes break off, at their source or with the sender', async () => {
  const broken = { code: 'IO', message: 'The file did not arrive whole. Add it again.' };
  const one = new MessageChannelMain();
  void sendBytes(one.port1, pieces(9, [], 4));
  await expect(all(receivedBytes(one.port2))).rejects.toMatchObject(broken);
  const two = new MessageChannelMain();
  const reading = all(receivedBytes(two.port2));
  setTimeout(() => two.port1.close(), 20);
  await expect(reading).rejects.toMatchObject(broken);
});
