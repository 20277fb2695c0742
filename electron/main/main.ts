/** Entry of the desktop app: one instance, one app host, one window. Wiring only. */
import { join } from 'node:path';
import { app, type BrowserWindow, dialog, MessageChannelMain, protocol, session } from 'electron';
import type { App } from '../app-host/app.ts';
import { watchProcess } from '../app-host/log.ts';
import { OpenAlready } from '../app-host/single-instance.ts';
import { toAppError } from '../contract/errors.ts';
import { shellEvents } from '../contract/shell.ts';
import { startEngine } from '../engine-host/engine-client.ts';
import { registerAppScheme, serveAppProtocol } from './app-protocol.ts';
import { openAppWindow } from './app-window.ts';
import { gateCommands } from './command-gate.ts';
import { startDragOut } from './drag-out.ts';
import { setMenu } from './menu.ts';
import {
  chooseDocuments,
  chooseModelFile,
  filesNamed,
  modelFoldersNamed,
  OpenedFiles,
  type SecondStart,
  secondStartSchema,
} from './opened-files.ts';
import { checkPackedFiles, dropLoaderVariables } from './packed-files.ts';
import { rpcPorts } from './rpc-port.ts';
import { utilityDocumentHosts, utilityEngineHost } from './utility-hosts.ts';
import { gateContents, gateSession, quietChromium } from './web-gates.ts';

/** Built beside each other: out/main, out/preload, out/renderer. */
const out = join(app.getAppPath(), 'out');
const hosts = { engineHost: join(out, 'main', 'engine-host.js'), documentHost: join(out, 'main', 'document-host.js') };
const icon = join(app.getAppPath(), 'assets', 'icons', 'icon.png');
const closeMs = 5000;

const files = new OpenedFiles();
let window: BrowserWindow | undefined;

watchProcess();
if (app.isPackaged) dropLoaderVariables(process.env);
app.enableSandbox();
quietChromium(app);
registerAppScheme();
app.on('web-contents-created', (_, contents) => gateContents(contents));
app.on('open-file', (event, path) => {
  event.preventDefault();
  files.open([path]);
});

const named = filesNamed(process.argv.slice(app.isPackaged ? 1 : 2), process.cwd());
if (app.requestSingleInstanceLock({ files: named } satisfies SecondStart)) {
  files.open(named);
  app.on('second-instance', (_event, _argv, _cwd, data) => {
    const start = secondStartSchema.safeParse(data);
    showAgain(start.success ? start.data.files : []);
  });
  app
    .whenReady()
    .then(run)
    .catch((error) => {
      if (error instanceof OpenAlready) return app.exit(0);
      dialog.showErrorBox('RocketDoc cannot start', toAppError(error).message);
      app.exit(1);
    });
} else app.quit();

/** Somebody started RocketDoc again, this one or the one for browsers. */
function showAgain(paths: readonly string[]): void {
  files.open(paths);
  if (window?.isMinimized()) window.restore();
  window?.focus();
}

async function run(): Promise<void> {
  gateSession(session.defaultSession);
  checkPackedFiles(app.isPackaged);
  // Not before: it loads SQLite.
  const { defaultDataDir, startUp } = await import('../app-host/start-up.ts');
  const { inviteProgram, servePrograms } = await import('../api/programs.ts');
  const workspace = await startUp({
    dataDir: defaultDataDir,
    handOver: named,
    onSecondStart: (paths) => showAgain(paths),
    onProgram: inviteProgram,
    modelFolders: modelFoldersNamed(process.argv, process.cwd()),
    startEngine: () => startEngine({ startHost: () => utilityEngineHost(hosts) }),
    startDocumentHost: utilityDocumentHosts(hosts),
  });
  closeBeforeQuit(workspace);
  void servePrograms(workspace);
  serveAppProtocol(protocol, join(out, 'renderer'), workspace.uploads);
  const serve = rpcPorts(workspace);
  gateCommands({
    connect(_, frame) {
      const { port1, port2 } = new MessageChannelMain();
      serve(port1, frame);
      frame.postMessage(shellEvents.port, null, [port2]);
      files.connect(workspace.grants, (grants) => window?.webContents.send(shellEvents.files, grants));
    },
    grantFile: (path) => workspace.grants.give(path),
    async chooseModel() {
      const path = window && (await chooseModelFile(window));
      return path === undefined ? null : workspace.grants.give(path);
    },
    dragOut: async (what) => window && startDragOut(workspace, window.webContents, what, icon),
  });
  const open = () => {
    window = openAppWindow({ preload: join(out, 'preload', 'preload.cjs'), icon });
    window.on('closed', () => {
      window = undefined;
      files.connect(workspace.grants, undefined);
    });
  };
  setMenu({
    openDocuments() {
      // macOS has a menu without a window; what is picked waits until the new one listens.
      if (!window) open();
      if (window) void chooseDocuments(window).then((paths) => files.open(paths));
    },
    about: () => window?.webContents.send(shellEvents.about),
    window: () => window,
  });
  open();
  app.on('activate', () => window ?? open()); // macOS keeps the app when its window is closed
  app.on('window-all-closed', () => process.platform === 'darwin' || app.quit());
}

/** The library is closed and the engine ended before the process goes, within five seconds. */
function closeBeforeQuit(workspace: App): void {
  let state: 'open' | 'closing' | 'closed' = 'open';
  app.on('will-quit', (event) => {
    if (state === 'closed') return;
    event.preventDefault();
    if (state === 'closing') return;
    state = 'closing';
    const late = new Promise<void>((resolve) => setTimeout(resolve, closeMs));
    void Promise.race([workspace.close().catch(() => {}), late]).then(() => {
      state = 'closed';
      app.quit();
    });
  });
}
