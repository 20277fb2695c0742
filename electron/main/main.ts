/** Entry of the desktop app: connects one instance lock, one app host and one window. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { app, type BrowserWindow, dialog, MessageChannelMain, protocol, session } from 'electron';
import { toAppError } from '../contract/errors.ts';
import { type StartWait, shellEvents } from '../contract/shell.ts';
import { AppHostProcess, OpenElsewhere } from './app-host-process.ts';
import { registerAppScheme, serveAppProtocol } from './app-protocol.ts';
import { openAppWindow } from './app-window.ts';
import { handleCommands } from './command-handlers.ts';
import { startDragOut } from './drag-out.ts';
import { dropLoaderVariables } from './loader-variables.ts';
import { setMenu } from './menu.ts';
import { watchMain } from './notes.ts';
import {
  chooseDocuments,
  chooseModelFile,
  filesNamed,
  modelFoldersNamed,
  OpenedFiles,
  type SecondStart,
  secondStartSchema,
} from './opened-files.ts';
import { quietChromium, restrictContents, restrictSession } from './page-permissions.ts';
import { WindowConnection } from './window-connection.ts';

/** The build's folder, with main, preload and renderer in it. */
const out = join(app.getAppPath(), 'out');
const built = (name: string) => join(out, 'main', `${name}.js`);
const icon = join(app.getAppPath(), 'assets', 'icons', 'icon.png');
const closeMs = 5000;

let window: BrowserWindow | undefined;
/** What a window without a port shows. */
let waitedFor: StartWait | undefined;

watchMain();
if (app.isPackaged) dropLoaderVariables(process.env);
app.enableSandbox();
quietChromium(app);
registerAppScheme();
app.on('web-contents-created', (_, contents) => restrictContents(contents));
app.on('open-file', (event, path) => {
  event.preventDefault();
  files.open([path]);
});

/** Not on Windows, which gives a GUI program no standard input. */
const agentProgram =
  app.isPackaged && process.platform !== 'win32' ? (process.env.APPIMAGE ?? app.getPath('exe')) : null;
const named = filesNamed(process.argv.slice(app.isPackaged ? 1 : 2), process.cwd());
const appHost = new AppHostProcess(
  { appHost: built('app-host'), engineHost: built('engine-host'), documentHost: built('document-host') },
  {
    isPackaged: app.isPackaged,
    agentProgram,
    handOver: named,
    modelFolders: modelFoldersNamed(process.argv, process.cwd()),
  },
  {
    onShow: showAgain,
    onWait(wait) {
      waitedFor = wait;
      if (!window) open();
      sendWait();
    },
    onRestart: (sentence) => window?.webContents.send(shellEvents.notice, sentence),
    onLost: (error) => end('RocketDoc has to end', error),
  },
);
const connection = new WindowConnection();
const files = new OpenedFiles((path) => appHost.grant(path));

if (agentProgram !== null && process.argv.includes('--mcp')) void serveAgent(agentProgram);
else if (app.requestSingleInstanceLock({ files: named } satisfies SecondStart)) {
  files.open(named);
  app.on('second-instance', (_event, _argv, _cwd, data) => {
    const start = secondStartSchema.safeParse(data);
    showAgain(start.success ? start.data.files : []);
  });
  app
    .whenReady()
    .then(run)
    .catch((error) => {
      if (error instanceof OpenElsewhere) return app.exit(0);
      if (toAppError(error).code === 'CLOSED') return; // the person quits while it is opened
      end('RocketDoc cannot start', error);
    });
} else app.quit();

/** Serves one agent over stdio, as a process beside the RocketDoc with the window. */
async function serveAgent(program: string): Promise<void> {
  app.dock?.hide();
  const { servePackagedTools } = await import(pathToFileURL(built('packaged-mcp')).href);
  await servePackagedTools(program);
}

function end(title: string, error: unknown): void {
  dialog.showErrorBox(title, toAppError(error).message);
  app.exit(1);
}

/** Called when somebody started RocketDoc again, the desktop app or `serve`. */
function showAgain(paths: readonly string[]): void {
  files.open(paths);
  if (window?.isMinimized()) window.restore();
  window?.focus();
}

function sendWait(): void {
  if (waitedFor !== undefined) window?.webContents.send(shellEvents.wait, waitedFor);
}

function open(): void {
  window = openAppWindow({ preload: join(out, 'preload', 'preload.cjs'), icon });
  connection.follow(window.webContents);
  window.on('closed', () => {
    window = undefined;
    connection.end();
    files.connect(undefined);
  });
}

async function run(): Promise<void> {
  restrictSession(session.defaultSession);
  closeBeforeQuit();
  serveAppProtocol(protocol, join(out, 'renderer'), appHost);
  handleCommands({
    async connect(_, frame) {
      sendWait(); // it may have come before this page listened
      const { port1, port2 } = new MessageChannelMain();
      connection.replace(frame, await appHost.connectWindow(port1), port2);
      waitedFor = undefined;
      files.connect((grants) => window?.webContents.send(shellEvents.files, grants));
    },
    grantFile: (path) => appHost.grant(path),
    async chooseModel() {
      const path = window && (await chooseModelFile(window));
      return path === undefined ? null : appHost.grant(path);
    },
    async dragOut(what) {
      const file = await appHost.outgoingFile(what);
      if (window) startDragOut(window.webContents, file, icon);
    },
  });
  setMenu({
    openDocuments() {
      // macOS has a menu without a window; what is picked waits until the new one listens.
      if (!window) open();
      if (window) void chooseDocuments(window).then((paths) => files.open(paths));
    },
    command: (command) => window?.webContents.send(shellEvents.menu, command),
  });
  app.on('window-all-closed', () => process.platform === 'darwin' || app.quit());
  await appHost.start();
  if (!window) open(); // a window is open already if opening the library took long
  app.on('activate', () => window ?? open()); // macOS keeps the app when its window is closed
}

/** Closes the library and ends the engine before the process quits, within five seconds. */
function closeBeforeQuit(): void {
  let state: 'open' | 'closing' | 'closed' = 'open';
  app.on('will-quit', (event) => {
    if (state === 'closed') return;
    event.preventDefault();
    if (state === 'closing') return;
    state = 'closing';
    void appHost.close(closeMs).then(() => {
      state = 'closed';
      app.quit();
    });
  });
}
