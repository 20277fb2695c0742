import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { openHostPort } from '../../../electron/document-host/host-port.ts';

describe('openHostPort', () => {
  afterEach(() => Reflect.deleteProperty(process, 'parentPort'));

  it("speaks over an Electron utility process's parentPort when there is one", () => {
    const sent: unknown[] = [];
    const parentPort = Object.assign(new EventEmitter(), { postMessage: (message: unknown) => sent.push(message) });
    Object.assign(process, { parentPort });
    const port = openHostPort();
    const received: unknown[] = [];
    port.onMessage((message) => received.push(message));
    parentPort.emit('message', { data: 'request' });
    port.post({ type: 'progress', step: 'reading', done: 1, total: 2 });
    expect(received).toEqual(['request']);
    expect(sent).toEqual([{ type: 'progress', step: 'reading', done: 1, total: 2 }]);
  });
});
