/**
 * Forbids what no page may do: leave the app, open a window, attach a webview, ask for a device, fetch from elsewhere. RocketDoc opens no
 * address by itself; it shows one and lets a person copy it.
 */
import { type App, app, type Session, type WebContents } from 'electron';
import { safeName } from '../app-host/documents/safe-name.ts';
import { appOrigin, isAppUrl } from './origin.ts';

const allowedPermissions = new Set(['clipboard-sanitized-write', 'fullscreen', 'notifications']);

/** To be called before the app is ready: keeps Chromium from looking up names and fetching anything by itself. */
export function quietChromium({ commandLine }: Pick<App, 'commandLine'>): void {
  commandLine.appendSwitch('host-resolver-rules', 'MAP * ~NOTFOUND');
  for (const name of ['disable-background-networking', 'disable-component-update', 'disable-domain-reliability'])
    commandLine.appendSwitch(name);
}

export function restrictSession(session: Session): void {
  session.setPermissionRequestHandler((contents, permission, callback) =>
    callback(allowedPermissions.has(permission) && isAppUrl(contents.getURL())),
  );
  session.setPermissionCheckHandler(
    (_, permission, origin) => allowedPermissions.has(permission) && origin.replace(/\/$/, '') === appOrigin,
  );
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_, callback) => callback(null));
  session.webRequest.onBeforeRequest(({ url }, callback) => callback({ cancel: !mayFetch(url) }));
  session.setSpellCheckerEnabled(false); // it would fetch dictionaries
  // Exports are files that the window makes itself; the person chooses where each goes.
  session.on('will-download', (event, item) => {
    if (!item.getURL().startsWith(`blob:${appOrigin}/`)) return event.preventDefault();
    item.setSaveDialogOptions({
      title: 'Save',
      defaultPath: safeName(item.getFilename()),
      properties: ['createDirectory', 'showOverwriteConfirmation'],
    });
  });
}

function mayFetch(url: string): boolean {
  if (isAppUrl(url) || url.startsWith(`blob:${appOrigin}/`) || url.startsWith('data:')) return true;
  return !app.isPackaged && url.startsWith('devtools://');
}

/** To be called for every web contents that is created. */
export function restrictContents(contents: WebContents): void {
  contents.on('will-navigate', (event) => event.preventDefault());
  contents.on('will-frame-navigate', (event) => event.preventDefault());
  contents.on('will-redirect', (event) => event.preventDefault());
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  contents.setWebRTCIPHandlingPolicy('disable_non_proxied_udp');
}
