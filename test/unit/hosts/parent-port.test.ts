import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { parentPort } from '../../../electron/hosts/parent-port.ts';

describe('parentPort', () => {
  afterEach(() => Reflect.deleteProperty(process, 'parentPort'));

  it("speaks over an Electron utility process's parentPort when there is one", () => {
    const sent: unknown[] = [];
    const electronPort = Object.assign(new EventEmitter(), { postMessage: (message: unknown) => sent.push(message) });
    Object.assign(process, { parentPort: electronPort });
    const port = parentPort();
    const received: unknown[] = [];
    port?.onMessage((message) => received.push(message));
    electronPort.emit('message', { data: 'request' });
    port?.post({ type: 'progress', step: 'reading', done: 1, total: 2 });
    expect(received).toEqual(['request']);
    expect(sent).toEqual([{ type: 'progress', step: 'reading', done: 1, total: 2 }]);
  });
});
