import { beforeAll, beforeEach, expect, it, vi } from 'vitest';
import {
  type DesktopBridge,
  type ShellCommand,
  shellChannel,
  shellCommands,
  shellEvents,
} from '../../../electron/contract/shell.ts';

const fake = vi.hoisted(() => ({
  exposed: new Map<string, unknown>(),
  listeners: new Map<string, (event: unknown, ...args: unknown[]) => void>(),
  invoked: [] as unknown[][],
  answer: { value: undefined } as unknown,
  path: '',
}));

// Only what the preload may use of Electron: with any other member it would fail here.
vi.mock('electron', () => {
  const electron = {
    contextBridge: { exposeInMainWorld: (name: string, api: unknown) => void fake.exposed.set(name, api) },
    ipcRenderer: {
      invoke: async (...args: unknown[]) => {
        fake.invoked.push(args);
        return fake.answer;
      },
      on: (channel: string, listener: (event: unknown, ...args: unknown[]) => void) =>
        void fake.listeners.set(channel, listener),
    },
    webUtils: { getPathForFile: () => fake.path },
  };
  return electron satisfies {
    contextBridge: Pick<import('electron').ContextBridge, 'exposeInMainWorld'>;
    ipcRenderer: { invoke: import('electron').IpcRenderer['invoke']; on: unknown };
    webUtils: Pick<import('electron').WebUtils, 'getPathForFile'>;
  };
});

const posted: unknown[][] = [];
let bridge: DesktopBridge;

beforeAll(async () => {
  vi.stubGlobal('window', {
    postMessage: (...args: unknown[]) => void posted.push(args),
    location: { origin: 'app://rocketdoc' },
  });
  await import('../../../electron/preload/preload.ts');
  bridge = fake.exposed.get('rocketdoc') as DesktopBridge;
});
beforeEach(() => {
  fake.invoked = [];
  fake.answer = { value: undefined };
});

it('shows the page one object of plain functions and nothing else', () => {
  expect([...fake.exposed.keys()]).toEqual(['rocketdoc']);
  expect(Object.keys(bridge).sort()).toEqual([
    'chooseModel',
    'connect',
    'dragOut',
    'grantFile',
    'onFiles',
    'onMenu',
    'onNotice',
    'onWait',
  ]);
  for (const member of Object.values(bridge)) expect(typeof member).toBe('function');
  expect([...fake.listeners.keys()]).toEqual([shellEvents.port]);
});

it('calls main under the names of the contract', async () => {
  fake.path = '/home/person/a.pdf';
  const call: Record<ShellCommand, () => Promise<unknown>> = {
    connect: () => bridge.connect(),
    grantFile: () => bridge.grantFile({} as File),
    chooseModel: () => bridge.chooseModel(),
    dragOut: () => bridge.dragOut({ type: 'document', documentId: '0b1e7a52-3c4d-4e5f-8a9b-0c1d2e3f4a5b' }),
  };
  for (const name of Object.keys(shellCommands) as ShellCommand[]) {
    fake.invoked = [];
    await call[name]();
    expect(fake.invoked).toHaveLength(1);
    const [channel, input, ...more] = fake.invoked[0] ?? [];
    expect(channel).toBe(shellChannel(name));
    expect(shellCommands[name].input.safeParse(input).success).toBe(true);
    expect(more).toEqual([]);
  }
});

it('asks for no grant where a file has no path', async () => {
  fake.path = '';
  expect(await bridge.grantFile({} as File)).toBeNull();
  expect(fake.invoked).toEqual([]);
});

it('turns a refusal into a sentence, or into false', async () => {
  fake.answer = { failure: { code: 'INVALID_ARGUMENT', message: 'Only the window itself may ask this.' } };
  fake.path = '/home/person/a.pdf';
  expect(await bridge.connect()).toBe(false);
  await expect(bridge.grantFile({} as File)).rejects.toThrow('Only the window itself may ask this.');
});

it('carries the port into the page, to our origin alone', () => {
  const port = {};
  fake.listeners.get(shellEvents.port)?.({ ports: [port], sender: 'never' });
  expect(posted).toEqual([['rocketdoc:port', 'app://rocketdoc', [port]]]);
});

it('tells which item of the menu was clicked, and nothing else', () => {
  const listener = vi.fn();
  bridge.onMenu(listener);
  fake.listeners.get(shellEvents.menu)?.({ sender: 'never' }, 'about', 'more');
  expect(listener.mock.calls).toEqual([['about']]);
});

it('hands on what main says and waits for, without the event', () => {
  const [onNotice, onWait] = [vi.fn(), vi.fn()];
  bridge.onNotice(onNotice);
  bridge.onWait(onWait);
  const wait = { sentence: 'The library is checked.', percent: 37 };
  fake.listeners.get(shellEvents.notice)?.({ sender: 'never' }, 'It is started again.', 'more');
  fake.listeners.get(shellEvents.wait)?.({ sender: 'never' }, wait, 'more');
  expect([onNotice.mock.calls, onWait.mock.calls]).toEqual([[['It is started again.']], [[wait]]]);
});

it('hands on grants without the event they came in', () => {
  const listener = vi.fn();
  bridge.onFiles(listener);
  const grants = [{ id: 'x', name: 'a.pdf', isSample: false }];
  fake.listeners.get(shellEvents.files)?.({ sender: 'never' }, grants);
  expect(listener.mock.calls).toEqual([[grants]]);
});
