import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parentPort, requireMainConnection } from '../../../electron/hosts/parent-port.ts';
import { waitFor } from '../../fixtures/wait-for.ts';
import { MessageChannelMain } from '../main/fake-electron.ts';

function electronParent() {
  const sent: unknown[] = [];
  const electronPort = Object.assign(new EventEmitter(), { postMessage: (message: unknown) => sent.push(message) });
  Object.assign(process, { parentPort: electronPort });
  const hand = (id: string) => {
    const { port1, port2 } = new MessageChannelMain();
    electronPort.emit('message', { data: { port: id }, ports: [port2] });
    return port1;
  };
  return { sent, electronPort, hand };
}

afterEach(() => Reflect.deleteProperty(process, 'parentPort'));

describe('parentPort', () => {
  it('speaks over the port that an Electron utility process is handed, and nothing is lost before it comes', async () => {
    const { sent, hand } = electronParent();
    const port = parentPort();
    const [received, gone]: [unknown[], () => void] = [[], vi.fn()];
    port?.onMessage((message) => received.push(message));
    port?.onGone(gone);
    port?.post({ beat: 'ready' });
    const parent = hand('parent');
    const atParent: unknown[] = [];
    parent.on('message', ({ data }) => atParent.push(data));
    parent.start();
    parent.postMessage('request');
    await waitFor(() => expect([received, atParent]).toEqual([['request'], [{ beat: 'ready' }]]));
    expect(sent).toEqual([]); // nothing goes to main: the app host is the parent
    parent.close();
    await waitFor(() => expect(gone).toHaveBeenCalledTimes(1));
  });
});

describe('requireMainConnection', () => {
  it("speaks over an Electron utility process's parentPort, over which ports come too", () => {
    const { sent, electronPort, hand } = electronParent();
    const line = requireMainConnection('app-host');
    const [received, ports]: [unknown[], unknown[]] = [[], []];
    line.onMessage((message) => received.push(message));
    line.onPort((id) => ports.push(id));
    electronPort.emit('message', { data: 'request', ports: [] });
    line.post({ beat: 'ready' });
    hand('one');
    expect(received).toEqual(['request', { port: 'one' }]);
    expect(ports).toEqual(['one']);
    expect(sent).toEqual([{ beat: 'ready' }]);
  });
});
