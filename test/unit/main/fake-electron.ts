/**
 * The parts of Electron's main-process modules that RocketDoc uses; calls are recorded instead of done. Every member is checked against
 * electron.d.ts: a call that Electron does not have, or has with other parameters, does not compile.
 */
import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import type {
  App,
  BrowserWindowConstructorOptions,
  Dialog,
  IpcMain,
  IpcMainInvokeEvent,
  Item,
  MenuItemConstructorOptions,
  NativeImage,
  Protocol,
  Screen,
  Session,
  UtilityProcess,
  WebContents,
  WebFrameMain,
} from 'electron';
import { serveMain } from '../../../electron/app-host/serve-main.ts';
import type { MainConnection } from '../../../electron/hosts/parent-port.ts';

/** Some members of a type, each checked against it. */
const part = <T>(members: Partial<T>): T => members as T;

/** One end of a MessageChannelMain. Messages are structured clones, arrive in order, and are held back until start(). */
export class FakePort extends EventEmitter {
  other: FakePort | undefined;
  isOpen = true;
  #queue: unknown[] | undefined = [];

  postMessage(message: unknown): void {
    const data: unknown = structuredClone(message);
    setImmediate(() => this.isOpen && this.other?.receive(data));
  }
  receive(data: unknown): void {
    if (this.#queue) this.#queue.push(data);
    else if (this.isOpen) this.emit('message', { data });
  }
  start(): void {
    const queue = this.#queue ?? [];
    this.#queue = undefined;
    for (const data of queue) this.emit('message', { data });
  }
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.emit('close');
    this.other?.close();
  }
}

export class MessageChannelMain {
  port1 = new FakePort();
  port2 = new FakePort();
  constructor() {
    this.port1.other = this.port2;
    this.port2.other = this.port1;
  }
}

/** The frame of the window itself; tests change one property at a time. */
export function frameOf(changes: Partial<Record<keyof WebFrameMain, unknown>> = {}): WebFrameMain {
  return {
    origin: 'app://rocketdoc',
    url: 'app://rocketdoc/',
    parent: null,
    detached: false,
    isDestroyed: () => false,
    postMessage: () => {},
    ...changes,
  } as WebFrameMain;
}

/** Frames that are not the window's, each for another reason. */
export const foreignFrames: Record<string, WebFrameMain | null> = {
  'no frame': null,
  'a frame in the window': frameOf({ parent: frameOf() }),
  'another origin': frameOf({ origin: 'https://evil.example', url: 'https://evil.example/' }),
  'an opaque origin': frameOf({ origin: 'null', url: 'about:blank' }),
  'a name that begins like ours': frameOf({
    origin: 'app://rocketdoc.evil.example',
    url: 'app://rocketdoc.evil.example/',
  }),
  'a blob of ours': frameOf({ url: 'blob:app://rocketdoc/0b1e' }),
  'a file': frameOf({ origin: 'file://', url: 'file:///etc/passwd' }),
  'a frame that was swapped out': frameOf({ detached: true }),
  'a frame that is gone': frameOf({ isDestroyed: () => true }),
};

type Handler = (event: IpcMainInvokeEvent, ...args: unknown[]) => unknown;
export const handlers = new Map<string, Handler>();
export const ipcMain = part<IpcMain>({ handle: (channel, listener) => void handlers.set(channel, listener) });

/** Calls a handler as the preload does. */
export const invoke = async (channel: string, senderFrame: WebFrameMain | null, ...args: unknown[]) =>
  handlers.get(channel)?.({ senderFrame } as IpcMainInvokeEvent, ...args);

export const switches = new Map<string, string | undefined>();
export const appCalls: string[] = [];
export const paths = { app: '', userData: '' };
export const lock = { isFree: true, data: undefined as unknown };
export const app = Object.assign(
  new EventEmitter(),
  { isPackaged: false },
  part<Omit<App, keyof EventEmitter | 'isPackaged'>>({
    name: 'RocketDoc',
    getAppPath: () => paths.app,
    getPath: () => paths.userData,
    enableSandbox: () => void appCalls.push('enableSandbox'),
    whenReady: async () => void appCalls.push('whenReady'),
    requestSingleInstanceLock: (data) => {
      lock.data = data;
      return lock.isFree;
    },
    quit: () => void appCalls.push('quit'),
    exit: (code) => void appCalls.push(`exit ${code}`),
    commandLine: part<App['commandLine']>({ appendSwitch: (name, value) => void switches.set(name, value) }),
  }),
);

export const schemes: unknown[] = [];
export const protocols = new Map<string, (request: Request) => Response | Promise<Response>>();
export const protocol = part<Protocol>({
  registerSchemesAsPrivileged: (custom) => void schemes.push(...custom),
  handle: (scheme, handler) => void protocols.set(scheme, handler),
});

/** A session that records its calls by name. */
export class FakeSession extends EventEmitter {
  told: Record<string, unknown> = {};
  readonly #tell =
    (name: string) =>
    (...args: unknown[]) => {
      this.told[name] = args[0];
    };
  setPermissionRequestHandler = this.#tell('request') as Session['setPermissionRequestHandler'];
  setPermissionCheckHandler = this.#tell('check') as Session['setPermissionCheckHandler'];
  setDevicePermissionHandler = this.#tell('device') as Session['setDevicePermissionHandler'];
  setDisplayMediaRequestHandler = this.#tell('display') as Session['setDisplayMediaRequestHandler'];
  setSpellCheckerEnabled = this.#tell('spelling') as Session['setSpellCheckerEnabled'];
  webRequest = { onBeforeRequest: this.#tell('fetch') } as Session['webRequest'];
}
export const session = { defaultSession: new FakeSession() };

export class FakeContents extends EventEmitter {
  openHandler: Parameters<WebContents['setWindowOpenHandler']>[0] | undefined;
  sent: [string, unknown][] = [];
  drags: Item[] = [];
  isDestroyed = () => false;
  startDrag: WebContents['startDrag'] = (item) => void this.drags.push(item);
  reloads = 0;
  rtc = '';
  setWindowOpenHandler: WebContents['setWindowOpenHandler'] = (handler) => {
    this.openHandler = handler;
  };
  setWebRTCIPHandlingPolicy: WebContents['setWebRTCIPHandlingPolicy'] = (policy) => {
    this.rtc = policy;
  };
  send: WebContents['send'] = (channel, ...args) => void this.sent.push([channel, args[0]]);
  reload: WebContents['reload'] = () => {
    this.reloads++;
  };
}

export const windows: BrowserWindow[] = [];
export class BrowserWindow extends EventEmitter {
  webContents = new FakeContents();
  calls: string[] = [];
  bounds = { x: 40, y: 30, width: 1000, height: 700 };
  isMax = false;
  constructor(readonly options: BrowserWindowConstructorOptions) {
    super();
    windows.push(this);
    app.emit('web-contents-created', {}, this.webContents);
  }
  loadURL = async (url: string) => void this.calls.push(`load ${url}`);
  show = () => void this.calls.push('show');
  focus = () => void this.calls.push('focus');
  restore = () => void this.calls.push('restore');
  maximize = () => void this.calls.push('maximize');
  isMinimized = () => true;
  isMaximized = () => this.isMax;
  isDestroyed = () => false;
  getNormalBounds = () => this.bounds;
}

export const answers = { open: [] as string[], box: 0, errors: [] as string[] };
export const dialog = part<Dialog>({
  showOpenDialog: async () => ({ canceled: answers.open.length === 0, filePaths: answers.open }),
  showMessageBoxSync: () => answers.box,
  showErrorBox: (_, content) => void answers.errors.push(content),
});

export const menus: MenuItemConstructorOptions[][] = [];
export const Menu = {
  buildFromTemplate: (template: MenuItemConstructorOptions[]) => template,
  setApplicationMenu: (template: MenuItemConstructorOptions[]) => void menus.push(template),
};

/** An image that only has the path of its file. */
class FakeImage {
  constructor(readonly file: string) {}
  resize: NativeImage['resize'] = () => this as unknown as NativeImage;
  isEmpty: NativeImage['isEmpty'] = () => false;
}
export const nativeImage = { createFromPath: (file: string) => new FakeImage(file) };

export const nativeTheme = { shouldUseDarkColors: false };
export const screen = part<Screen>({
  getAllDisplays: () =>
    [{ workArea: { x: 0, y: 0, width: 1920, height: 1040 } }] as ReturnType<Screen['getAllDisplays']>,
});

/** A utility process that sends only what a test makes it send, over its port where it was given one. */
export class FakeUtility extends EventEmitter {
  pid: number | undefined;
  stdout = new Readable({ read() {} });
  stderr = new Readable({ read() {} });
  received: unknown[] = [];
  kills = 0;
  #line: FakePort | undefined;

  postMessage: UtilityProcess['postMessage'] = (message, transfer = []) => {
    const [port] = transfer as unknown as FakePort[];
    if (!port) return void this.received.push(message);
    this.#line = port;
    port.on('message', ({ data }) => this.received.push(data));
    port.start();
  };
  /** Sends a message to the other end of its port. */
  send(message: unknown): void {
    this.#line?.postMessage(message);
  }
  kill: UtilityProcess['kill'] = () => ++this.kills > 0;
  exit(code: number): void {
    this.pid = undefined;
    this.emit('exit', code);
    setImmediate(() => this.#line?.close()); // later, so that messages sent before still arrive
    this.stdout.push(null);
    this.stderr.push(null);
  }
}

/** The real app host within the test's process, behind fake ports: messages are cloned and arrive in a later turn, as between processes. */
export class FakeAppHost extends FakeUtility {
  readonly #line = new EventEmitter();

  constructor() {
    super();
    const line: MainConnection = {
      post: (message) => {
        const data: unknown = structuredClone(message);
        setImmediate(() => this.emit('message', data));
      },
      onMessage: (listener) => void this.#line.on('message', listener),
      onPort: (listener) => void this.#line.on('port', listener),
      onGone: (listener) => void this.#line.on('gone', listener),
    };
    setImmediate(() => {
      this.pid = process.pid;
      this.emit('spawn');
      serveMain(line, () => this.exit(0));
    });
  }
  override postMessage: UtilityProcess['postMessage'] = (message, transfer = []) => {
    const data: unknown = structuredClone(message);
    const [port] = transfer as unknown as FakePort[];
    setImmediate(() => {
      if (port) this.#line.emit('port', (data as { port: string }).port, port);
      else this.#line.emit('message', data);
    });
  };
}

export const forks: { file: string; options: unknown; process: FakeUtility }[] = [];
export const utilityProcess = {
  fork(file: string, _args?: string[], options?: unknown): UtilityProcess {
    const process = file.endsWith('app-host.js') ? new FakeAppHost() : new FakeUtility();
    forks.push({ file, options, process });
    return process as unknown as UtilityProcess;
  },
};
