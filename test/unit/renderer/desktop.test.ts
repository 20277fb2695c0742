/// <reference lib="dom" />
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Grant } from '../../../electron/contract/app-types.ts';
import type { DesktopBridge, MenuCommand, StartWait } from '../../../electron/contract/shell.ts';
import { waitFor } from '../../fixtures/wait-for.ts';

class FakeWindow extends EventTarget {
  rocketdoc: DesktopBridge | undefined;
  setTimeout = (work: () => void) => setTimeout(work, 1);
  /** Delivers a port as the preload's postMessage does; another `source` plays a foreign window. */
  receive(port: MessagePort, data: unknown = 'rocketdoc:port', source: unknown = this): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data, source, ports: [port] }));
  }
}

let page: FakeWindow;
let asked = 0;
let accepts = true;
let dragged: unknown[] = [];
let clickMenu: (command: MenuCommand) => void = () => {};
let say: (sentence: string) => void = () => {};
let sendWait: (wait: StartWait) => void = () => {};
let give: (grants: Grant[]) => void = () => {};
const file = (id: string) => ({ id, name: 'a.pdf', isSample: false });

beforeEach(() => {
  vi.resetModules();
  page = new FakeWindow();
  asked = 0;
  accepts = true;
  dragged = [];
  page.rocketdoc = {
    connect: async () => {
      asked++;
      return accepts;
    },
    grantFile: async () => null,
    chooseModel: async () => null,
    onFiles: (listener) => {
      give = listener;
    },
    dragOut: async (what) => void dragged.push(what),
    onMenu: (listener) => {
      clickMenu = listener;
    },
    onNotice: (listener) => {
      say = listener;
    },
    onWait: (listener) => {
      sendWait = listener;
    },
  };
  vi.stubGlobal('window', page);
});
afterEach(() => vi.unstubAllGlobals());

async function connected() {
  const { connectPort, watchOpenedFiles } = await import('../../../renderer/bridge/desktop.ts');
  const states: string[] = [];
  const onClient = vi.fn();
  connectPort(page.rocketdoc as DesktopBridge, { onState: (state) => states.push(state), onClient });
  return { states, onClient, watchOpenedFiles };
}

it('asks for a port, takes it from its own window alone, and asks again when it closes', async () => {
  const { states, onClient } = await connected();
  expect(asked).toBe(1);
  const { port1, port2 } = new MessageChannel();
  page.receive(port2, 'rocketdoc:port', {});
  page.receive(port2, 'something else');
  expect(onClient).not.toHaveBeenCalled();
  page.receive(port2);
  expect(onClient).toHaveBeenCalledTimes(1);
  expect(states).toEqual(['connecting', 'open']);
  port1.close();
  await waitFor(() => expect(asked).toBe(2));
  expect(states).toEqual(['connecting', 'open', 'lost']);
});

it('keeps asking while main refuses', async () => {
  accepts = false;
  const { states } = await connected();
  await waitFor(() => expect(asked).toBeGreaterThan(2));
  expect(states).not.toContain('open');
});

it('holds opened files back until the contract can be spoken', async () => {
  const { watchOpenedFiles } = await connected();
  const opened: string[] = [];
  watchOpenedFiles(({ id }) => opened.push(id));
  give([file('1'), file('2')]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(opened).toEqual([]);
  const { port1, port2 } = new MessageChannel();
  page.receive(port2);
  await waitFor(() => expect(opened).toEqual(['1', '2']));
  port1.close();
});

it('knows its own drag until the button is up again', async () => {
  const { dragOut, isDraggingOut } = await import('../../../renderer/bridge/desktop.ts');
  const what = { type: 'document', documentId: 'id' } as const;
  const mouse = (buttons: number) => page.dispatchEvent(Object.assign(new Event('mousemove'), { buttons }));
  expect(isDraggingOut()).toBe(false);
  await dragOut?.(what);
  expect(dragged).toEqual([what]);
  mouse(1); // the button is still held: the page gets this event before the system's drag begins
  expect(isDraggingOut()).toBe(true);
  mouse(0);
  expect(isDraggingOut()).toBe(false);
});

it('has no drag of files in a browser', async () => {
  page.rocketdoc = undefined;
  const { dragOut } = await import('../../../renderer/bridge/desktop.ts');
  expect(dragOut).toBeUndefined();
});

it('hears which item of the menu was clicked', async () => {
  const { watchMenu } = await import('../../../renderer/bridge/desktop.ts');
  const listener = vi.fn();
  watchMenu(listener);
  clickMenu('about');
  expect(listener.mock.calls).toEqual([['about']]);
});

it('hears what main has to say', async () => {
  const { watchNotices } = await import('../../../renderer/bridge/desktop.ts');
  const listener = vi.fn();
  watchNotices(listener);
  say('The app host ended by SIGKILL. It is started again.');
  expect(listener).toHaveBeenCalledWith('The app host ended by SIGKILL. It is started again.');
});

it('hears what is waited for before there is a port', async () => {
  const { watchWait } = await import('../../../renderer/bridge/desktop.ts');
  const listener = vi.fn();
  watchWait(listener);
  const wait = { sentence: 'The library, 954 MB, is damaged, and what can be read of it is saved.', percent: 37 };
  sendWait(wait);
  expect(listener).toHaveBeenCalledWith(wait);
});

it('takes files that are dropped from elsewhere, and not what was dragged out of it', async () => {
  const { dragOut } = await import('../../../renderer/bridge/desktop.ts');
  const { watchDrops } = await import('../../../renderer/bridge/browser.ts');
  const over: boolean[] = [];
  const dropped: File[][] = [];
  watchDrops({ onOver: (isOver) => over.push(isOver), onFiles: (files) => dropped.push(files) });
  const files = [new File(['x'], 'a.pdf')];
  const drag = (type: string) => {
    const event = Object.assign(new Event(type, { cancelable: true }), { dataTransfer: { types: ['Files'], files } });
    page.dispatchEvent(event);
    return event.defaultPrevented;
  };
  await dragOut?.({ type: 'document', documentId: 'id' });
  drag('dragenter');
  expect(drag('drop')).toBe(true); // the window must not open it instead
  expect([over.includes(true), dropped]).toEqual([false, []]);
  page.dispatchEvent(Object.assign(new Event('mousemove'), { buttons: 0 }));
  drag('dragenter');
  drag('drop');
  expect([over.includes(true), dropped]).toEqual([true, [files]]);
});

it('makes a row’s drag the system’s, and says why where there is no file', async () => {
  const { dragProps } = await import('../../../renderer/drag-out.ts');
  const { useUi } = await import('../../../renderer/stores/ui.ts');
  const what = { type: 'chat', chatId: 'id', format: 'markdown' } as const;
  const preventDefault = vi.fn();
  const start = () => dragProps(what)?.onDragStart({ preventDefault } as unknown as import('react').DragEvent);
  start();
  expect(preventDefault).toHaveBeenCalledTimes(1);
  expect(dragged).toEqual([what]);
  if (page.rocketdoc) page.rocketdoc.dragOut = () => Promise.reject(new Error('There is no file of a.pdf.'));
  start();
  await waitFor(() =>
    expect(useUi.getState().notices).toMatchObject([{ text: 'There is no file of a.pdf.', tone: 'danger' }]),
  );
});
