import type { Session, WebContents } from 'electron';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { isAppFrame, isAppUrl } from '../../../electron/main/origin.ts';
import { restrictContents, restrictSession } from '../../../electron/main/page-permissions.ts';
import { app, FakeContents, FakeSession, foreignFrames, frameOf } from './fake-electron.ts';

vi.mock('electron', () => import('./fake-electron.ts'));

const elsewhere = [
  'http://example.com/',
  'https://example.com/',
  'HTTPS://EXAMPLE.COM/',
  ' https://example.com/',
  'https://user:pass@example.com/',
  'https://xn--80ak6aa92e.com/',
  'https://еxample.com/',
  `https://example.com/${'a'.repeat(10_000)}`,
  'http://127.0.0.1:8080/',
  'http://localhost/',
  'http://[::1]/',
  'ws://127.0.0.1/',
  'wss://example.com/',
  'file:///etc/passwd',
  'FILE:///etc/passwd',
  'file://host/share',
  '\\\\host\\share\\x.exe',
  'smb://host/share',
  'ms-msdt:/id',
  'ms-officecmd:x',
  'search-ms:query=x',
  'vscode://file/x',
  'ssh://host',
  'ftp://host/x',
  'mailto:a@example.com',
  'tel:123',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'vbscript:x',
  'about:blank',
  'about:srcdoc',
  'chrome://settings',
  'chrome-extension://x/y',
  'view-source:app://rocketdoc/',
  'filesystem:app://rocketdoc/x',
  'blob:https://example.com/1',
  'blob:null/1',
  'app://rocketdoc',
  'app://rocketdoc.evil.example/',
  'app://evil/',
  'app://rocketdoc:80/',
  'app://user@rocketdoc/',
  'app:/rocketdoc/',
  'app:rocketdoc/',
  'APP://rocketdoc/',
  'app2://rocketdoc/',
  '//example.com/',
  '/',
  '',
];

let session: FakeSession;
let contents: FakeContents;
beforeEach(() => {
  session = new FakeSession();
  contents = new FakeContents();
  restrictSession(session as unknown as Session);
  restrictContents(contents as unknown as WebContents);
});

it('knows its own address', () => {
  expect(elsewhere.filter(isAppUrl)).toEqual([]);
  expect(isAppUrl('app://rocketdoc/')).toBe(true);
  expect(isAppFrame(frameOf())).toBe(true);
  for (const [who, frame] of Object.entries(foreignFrames))
    expect({ who, is: isAppFrame(frame) }).toEqual({ who, is: false });
});

it.each(['will-navigate', 'will-frame-navigate', 'will-redirect', 'will-attach-webview'])(
  '%s is never allowed',
  (event) => {
    for (const url of [...elsewhere, 'app://rocketdoc/other.html']) {
      const preventDefault = vi.fn();
      contents.emit(event, { preventDefault, url }, url);
      expect(preventDefault).toHaveBeenCalled();
    }
  },
);

it('opens no second window, for no address', () => {
  for (const url of [...elsewhere, 'app://rocketdoc/'])
    expect(contents.openHandler?.({ url } as never)).toEqual({ action: 'deny' });
  expect(contents.rtc).toBe('disable_non_proxied_udp');
});

describe('permissions', () => {
  const all = [
    'ar',
    'automatic-fullscreen',
    'background-fetch',
    'background-sync',
    'captured-surface-control',
    'clipboard-read',
    'clipboard-sanitized-write',
    'deprecated-sync-clipboard-read',
    'display-capture',
    'fileSystem',
    'fullscreen',
    'geolocation',
    'hid',
    'idle-detection',
    'keyboardLock',
    'local-fonts',
    'local-network',
    'media',
    'mediaKeySystem',
    'midi',
    'midiSysex',
    'nfc',
    'notifications',
    'openExternal',
    'payment-handler',
    'persistent-storage',
    'pointerLock',
    'screen-wake-lock',
    'sensors',
    'serial',
    'speaker-selection',
    'storage-access',
    'top-level-storage-access',
    'usb',
    'vr',
    'web-printing',
    'window-management',
    'unknown',
  ] as const;
  const allowed = ['clipboard-sanitized-write', 'fullscreen', 'notifications'];

  it('only three, and only for the window', () => {
    const request = session.told.request as NonNullable<Parameters<Session['setPermissionRequestHandler']>[0]>;
    const check = session.told.check as NonNullable<Parameters<Session['setPermissionCheckHandler']>[0]>;
    const asks = (url: string) => (permission: (typeof all)[number]) => {
      const callback = vi.fn();
      request({ getURL: () => url } as WebContents, permission, callback, {} as never);
      return callback.mock.calls[0]?.[0] === true;
    };
    expect(all.filter(asks('app://rocketdoc/'))).toEqual(allowed);
    expect(all.filter(asks('https://example.com/'))).toEqual([]);
    expect(all.filter((name) => check(null, name, 'app://rocketdoc', {} as never))).toEqual(allowed);
    expect(all.filter((name) => check(null, name, 'app://rocketdoc/', {} as never))).toEqual(allowed);
    expect(all.filter((name) => check(null, name, 'https://example.com', {} as never))).toEqual([]);
  });

  it('no device and no screen', () => {
    expect((session.told.device as () => boolean)()).toBe(false);
    const callback = vi.fn();
    (session.told.display as (request: unknown, callback: (streams: unknown) => void) => void)({}, callback);
    expect(callback).toHaveBeenCalledWith(null);
    expect(session.told.spelling).toBe(false);
  });
});

describe('requests', () => {
  const isCancelled = (url: string) => {
    const callback = vi.fn();
    (session.told.fetch as (details: { url: string }, callback: (answer: { cancel: boolean }) => void) => void)(
      { url },
      callback,
    );
    return callback.mock.calls[0]?.[0].cancel as boolean;
  };

  it('go nowhere but to the window itself', () => {
    expect(elsewhere.filter((url) => !isCancelled(url))).toEqual([]);
    expect(['app://rocketdoc/a.js', 'data:image/png;base64,AA', 'blob:app://rocketdoc/1'].filter(isCancelled)).toEqual(
      [],
    );
  });

  it('developer tools load in development alone', () => {
    expect(isCancelled('devtools://devtools/x.js')).toBe(false);
    app.isPackaged = true;
    expect(isCancelled('devtools://devtools/x.js')).toBe(true);
    app.isPackaged = false;
  });
});

describe('downloads', () => {
  const download = (url: string, name: string) => {
    const preventDefault = vi.fn();
    const setSaveDialogOptions = vi.fn();
    session.emit(
      'will-download',
      { preventDefault },
      { getURL: () => url, getFilename: () => name, setSaveDialogOptions },
    );
    return { isRefused: preventDefault.mock.calls.length > 0, options: setSaveDialogOptions.mock.calls[0]?.[0] };
  };

  it('only of files that the window made, and the person chooses the place', () => {
    for (const url of [...elsewhere, 'app://rocketdoc/index.html', 'data:text/plain,x'])
      expect({ url, ...download(url, 'x') }).toEqual({ url, isRefused: true, options: undefined });
    const { isRefused, options } = download('blob:app://rocketdoc/1', '../../.bashrc/Chat 1.md');
    expect(isRefused).toBe(false);
    expect(options).toMatchObject({ defaultPath: 'Chat 1.md' });
  });
});
