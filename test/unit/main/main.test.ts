/** The whole main process on a fake Electron, with the real library and contract, and one page in place of the built window. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import type { ContractRouterClient } from '@orpc/contract';
import type { MenuItemConstructorOptions } from 'electron';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { ChatStore } from '../../../electron/app-host/library/chat-store.ts';
import { openDatabase } from '../../../electron/app-host/library/database.ts';
import { DocumentStore } from '../../../electron/app-host/library/document-store.ts';
import type { appContract } from '../../../electron/contract/app.ts';
import type { Grant } from '../../../electron/contract/app-types.ts';
import { shellChannel, shellEvents } from '../../../electron/contract/shell.ts';
import { waitFor } from '../../fixtures/wait-for.ts';
import {
  answers,
  app,
  appCalls,
  type BrowserWindow,
  type FakePort,
  forks,
  frameOf,
  invoke,
  lock,
  menus,
  paths,
  protocols,
  session,
  switches,
  windows,
} from './fake-electron.ts';

vi.mock('electron', () => import('./fake-electron.ts'));

const { modelFoldersNamed } = await import('../../../electron/main/opened-files.ts');
const home = mkdtempSync(join(tmpdir(), 'rocketdoc-main-'));
const report = join(home, 'report.txt');
const firstWindow = () => windows[0] as BrowserWindow;

/** A second connection to the library that the app has open. */
function openLibrary() {
  const database = openDatabase(join(home, '.rocketdoc', 'library.sqlite'));
  const [documents, chats] = [new DocumentStore(database), new ChatStore(database)];
  return { documents, chats, close: () => database.close() };
}

/** A menu item whose click can be called without Electron's arguments. `menu` is the menu's label, or its role where it has none. */
function menuItem(menu: string, label: string) {
  const items = menus[0]?.find((entry) => (entry.label ?? entry.role) === menu)?.submenu as
    | MenuItemConstructorOptions[]
    | undefined;
  const item = items?.find((entry) => entry.label === label);
  return item && { ...item, click: item.click as (() => void) | undefined };
}

beforeAll(async () => {
  vi.stubEnv('HOME', home); // the library lies in ~/.rocketdoc
  vi.stubEnv('USERPROFILE', home);
  paths.app = join(home, 'app');
  paths.userData = join(home, 'profile');
  mkdirSync(join(paths.app, 'out', 'renderer'), { recursive: true });
  mkdirSync(paths.userData);
  writeFileSync(join(paths.app, 'out', 'renderer', 'index.html'), '<!doctype html><title>window</title>');
  writeFileSync(report, 'The Trust was founded in 1887.');
  process.argv = [process.argv[0] ?? '', paths.app, report, '--flag', join(home, 'not-there.pdf')];
  await import('../../../electron/main/main.ts');
  await waitFor(() => expect(windows).toHaveLength(1));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

it('is sandboxed, quiet and the only one before anything is ready', () => {
  expect(appCalls.indexOf('enableSandbox')).toBeLessThan(appCalls.indexOf('whenReady'));
  expect(switches.get('host-resolver-rules')).toBe('MAP * ~NOTFOUND');
  expect(lock.data).toEqual({ files: [report] });
});

it('opens one window without rights', () => {
  const { options, calls, webContents } = firstWindow();
  expect(options.webPreferences).toEqual({
    preload: join(paths.app, 'out', 'preload', 'preload.cjs'),
    contextIsolation: true,
    sandbox: true,
    webSecurity: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webviewTag: false,
    navigateOnDragDrop: false,
    spellcheck: false,
    safeDialogs: true,
    devTools: true,
  });
  expect(calls).toEqual(['load app://rocketdoc/']);
  firstWindow().emit('ready-to-show');
  expect(calls).toContain('show');
  expect(webContents.openHandler).toBeDefined();
  expect(Object.keys(session.defaultSession.told).sort()).toEqual([
    'check',
    'device',
    'display',
    'fetch',
    'request',
    'spelling',
  ]);
});

it('serves the window over its own scheme', async () => {
  const response = await protocols.get('app')?.(new Request('app://rocketdoc/'));
  expect(await response?.text()).toContain('<title>window</title>');
});

it('runs the app host and the engine as utility processes', () => {
  // Main starts the hosts that the app host asks for, in that order.
  expect(forks[0]?.file).toBe(join(paths.app, 'out', 'main', 'app-host.js'));
  expect(forks[1]?.file).toBe(join(paths.app, 'out', 'main', 'engine-host.js'));
});

it('hands the window a port, serves the contract over it, then delivers the files named at the start', async () => {
  let port: FakePort | undefined;
  const frame = frameOf({
    postMessage: (channel: string, _: unknown, ports: FakePort[]) => {
      expect(channel).toBe(shellEvents.port);
      port = ports[0];
    },
  });
  expect(await invoke(shellChannel('connect'), frame)).toEqual({ value: undefined });
  if (!port) throw new Error('no port came');
  const client = createORPCClient<ContractRouterClient<typeof appContract>>(new RPCLink({ port }));
  port.start();
  expect(await client.library.grants()).toEqual([{ id: 'sample', name: 'report.pdf', isSample: true }]);
  await waitFor(() => expect(firstWindow().webContents.sent).toHaveLength(1));
  const [channel, grants] = firstWindow().webContents.sent[0] ?? [];
  expect(channel).toBe(shellEvents.files);
  expect(grants).toEqual([{ id: expect.any(String), name: 'report.txt', isSample: false }]);
  expect(JSON.stringify(grants)).not.toContain(home);
  const [grant] = grants as Grant[];
  // The grant opens that file; the document host is a utility process too.
  const events = await client.library.addGranted({ grantId: grant?.id ?? '' });
  void events.next().catch(() => {});
  await waitFor(() => expect(forks.at(-1)?.file).toBe(join(paths.app, 'out', 'main', 'document-host.js')));
  const reader = forks.at(-1)?.process;
  await waitFor(() => expect(reader?.received).toHaveLength(1));
  expect(reader?.received).toMatchObject([{ type: 'parse', path: expect.stringContaining('report.txt') }]);
});

it('gives an id for a dropped file and keeps its path', async () => {
  const answer = await invoke(shellChannel('grantFile'), frameOf(), report);
  expect(answer).toEqual({
    value: { id: expect.stringMatching(/^[0-9a-f-]{36}$/), name: 'report.txt', isSample: false },
  });
});

it('lets a model file be picked in the system’s dialog: an id, and no path', async () => {
  const choose = () => invoke(shellChannel('chooseModel'), frameOf(), undefined);
  expect(await choose()).toEqual({ value: null }); // cancelled
  answers.open = [join(home, 'models', 'mine.gguf')];
  const answer = await choose();
  expect(answer).toEqual({
    value: { id: expect.stringMatching(/^[0-9a-f-]{36}$/), name: 'mine.gguf', isSample: false },
  });
  expect(JSON.stringify(answer)).not.toContain(home);
  answers.open = [];
});

it('names the folders of models as they were typed', () => {
  const words = ['--models', 'a', 'b.pdf', '--models=/c', '--models=', '--models'];
  expect(modelFoldersNamed(words, home)).toEqual([join(home, 'a'), resolve('/c')]);
});

it('drags a copy of a document out, and a chat as a file made for it; paths stay on this side', async () => {
  const app = openLibrary();
  const words = 'The Trust was founded in 1887.';
  const parsed = {
    title: 'a',
    format: 'txt' as const,
    notes: [],
    text: words,
    pages: [{ label: '1', start: 0, end: words.length }],
  };
  const document = app.documents.add({ parsed, fileName: 'a.txt', fileBytes: 30, sha256: 'x', tokens: undefined });
  const dir = join(home, '.rocketdoc', 'files', document.id);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'a.txt'), words);
  const chat = app.chats.create(document.id, 'A/chat: "1"');
  app.chats.beginTurn(chat.id, { question: 'When?', parentId: null, choice: {} });
  app.close();
  const { drags } = firstWindow().webContents;
  const drag = (input: unknown) => invoke(shellChannel('dragOut'), frameOf(), input);
  expect(await drag({ type: 'document', documentId: document.id })).toEqual({ value: undefined });
  expect(await drag({ type: 'chat', chatId: chat.id, format: 'markdown' })).toEqual({ value: undefined });
  const [file, text] = drags.map((item) => item.file);
  expect(readFileSync(file ?? '', 'utf8')).toBe(words);
  expect(file).not.toContain(document.id); // a copy is dragged, because the target may move the file
  expect(basename(text ?? '')).toMatch(/^[^/\\:"]+\.md$/);
  expect(readFileSync(text ?? '', 'utf8')).toContain('> When?');
  expect(drags[0]?.icon).toMatchObject({ file: expect.stringContaining('icon.png') });
  const gone = await drag({ type: 'document', documentId: '0b1e7a52-3c4d-4e5f-8a9b-0c1d2e3f4a5b' });
  expect(gone).toMatchObject({ failure: { code: 'DOC_MISSING' } });
  rmSync(dir, { recursive: true });
  const lost = await drag({ type: 'document', documentId: document.id });
  expect(JSON.stringify(lost)).toContain('There is no file of a.txt');
  expect(JSON.stringify(lost)).not.toContain(home);
  expect(drags).toHaveLength(2);
});

it('lets the window show its About card when the menu asks', () => {
  const { sent } = firstWindow().webContents;
  menuItem('help', 'About RocketDoc')?.click?.();
  expect(sent.at(-1)).toEqual([shellEvents.menu, 'about']);
});

it('a second start brings the window to the front with its files; anything else in its message is ignored', async () => {
  const { calls, webContents } = firstWindow();
  const before = webContents.sent.length;
  for (const data of [undefined, null, { files: 7 }, { files: [''] }, 'x'])
    app.emit('second-instance', {}, [], home, data);
  expect(webContents.sent).toHaveLength(before);
  app.emit('second-instance', {}, [], home, { files: [report] });
  await waitFor(() => expect(webContents.sent).toHaveLength(before + 1));
  expect(calls).toEqual(expect.arrayContaining(['restore', 'focus']));
});

it('opens what is picked in the dialog and what the system asks to open', async () => {
  const { sent } = firstWindow().webContents;
  const before = sent.length;
  const item = menuItem('File', 'Open document…');
  item?.click?.(); // cancelled
  answers.open = [report];
  item?.click?.();
  await waitFor(() => expect(sent).toHaveLength(before + 1));
  const preventDefault = vi.fn();
  app.emit('open-file', { preventDefault }, report);
  expect(preventDefault).toHaveBeenCalled();
  await waitFor(() => expect(sent).toHaveLength(before + 2));
});

it('tells the window which of its commands was clicked', () => {
  const library = menuItem('View', 'Library');
  library?.click?.();
  expect(library?.registerAccelerator).toBe(false);
  expect(firstWindow().webContents.sent.at(-1)).toEqual([shellEvents.menu, 'library']);
});

it('loads a page that died again, three times, then asks', () => {
  const { webContents } = firstWindow();
  for (let i = 0; i < 3; i++) webContents.emit('render-process-gone', {}, { reason: 'crashed' });
  expect(webContents.reloads).toBe(3);
  answers.box = 1;
  webContents.emit('render-process-gone', {}, { reason: 'oom' });
  expect(webContents.reloads).toBe(3);
  expect(appCalls.filter((call) => call === 'quit')).toHaveLength(1);
});

it('without a window, as macOS has it, opening a document opens one, which gets the files when it listens', async () => {
  firstWindow().emit('closed');
  answers.open = [report];
  menuItem('File', 'Open document…')?.click?.();
  expect(windows).toHaveLength(2);
  await invoke(shellChannel('connect'), frameOf({ postMessage: () => {} }));
  await waitFor(() =>
    expect(windows[1]?.webContents.sent).toContainEqual([
      shellEvents.files,
      [expect.objectContaining({ name: 'report.txt' })],
    ]),
  );
});

it('closes the library and ends the engine before it goes', async () => {
  const preventDefault = vi.fn();
  app.emit('will-quit', { preventDefault });
  app.emit('will-quit', { preventDefault });
  expect(preventDefault).toHaveBeenCalledTimes(2);
  const engine = forks[1]?.process;
  await waitFor(() => expect(engine?.received).toContainEqual({ beat: 'end' }));
  engine?.exit(0);
  await waitFor(() => expect(appCalls.filter((call) => call === 'quit')).toHaveLength(2));
  app.emit('will-quit', { preventDefault });
  expect(preventDefault).toHaveBeenCalledTimes(2);
});
