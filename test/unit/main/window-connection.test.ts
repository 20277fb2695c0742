/** Only the frame that got the port is the window, until the port is replaced. */
import type { MessagePortMain, WebContents } from 'electron';
import { beforeEach, expect, it, vi } from 'vitest';
import { shellEvents } from '../../../electron/contract/shell.ts';
import { WindowConnection } from '../../../electron/main/window-connection.ts';
import { FakeContents, foreignFrames, frameOf, MessageChannelMain } from './fake-electron.ts';

vi.mock('electron', () => import('./fake-electron.ts'));

let connection: WindowConnection;
let contents: FakeContents;
const port = new MessageChannelMain().port2 as unknown as MessagePortMain;

beforeEach(() => {
  connection = new WindowConnection();
  contents = new FakeContents();
  connection.follow(contents as unknown as WebContents);
});

function connected() {
  const [close, postMessage] = [vi.fn(), vi.fn()];
  connection.replace(frameOf({ postMessage }), close, port);
  expect(postMessage).toHaveBeenCalledWith(shellEvents.port, null, [port]);
  return close;
}

it.each(Object.entries(foreignFrames))('gives no port to %s', (_, frame) => {
  const [close, postMessage] = [vi.fn(), vi.fn()];
  if (frame === null) return; // there is no frame to send to
  connection.replace(Object.assign(frame, { postMessage }), close, port);
  expect(postMessage).not.toHaveBeenCalled();
  expect(close).toHaveBeenCalledTimes(1);
});

it.each([
  ['its page is replaced', () => contents.emit('did-start-navigation', { isMainFrame: true, isSameDocument: false })],
  ['its process is gone', () => contents.emit('render-process-gone', {}, { reason: 'crashed' })],
  ['another port takes its place', () => connected()],
  ['the window is closed', () => connection.end()],
])('is closed when %s', (_, happen) => {
  const close = connected();
  happen();
  expect(close).toHaveBeenCalledTimes(1);
});

it('stays open while the page only moves within itself, or a frame in it loads something', () => {
  const close = connected();
  contents.emit('did-start-navigation', { isMainFrame: true, isSameDocument: true });
  contents.emit('did-start-navigation', { isMainFrame: false, isSameDocument: false });
  expect(close).not.toHaveBeenCalled();
});
