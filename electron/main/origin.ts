/** The window's own address, and whether a frame is the window itself. */
import type { WebFrameMain } from 'electron';

export const appScheme = 'app';
export const appOrigin = `${appScheme}://rocketdoc`;

/** The top frame of our origin: no frame in it, no page that took its place, nothing that is gone. */
export function isAppFrame(frame: WebFrameMain | null): frame is WebFrameMain {
  if (frame === null || frame.isDestroyed() || frame.detached) return false;
  return frame.parent === null && frame.origin === appOrigin && isAppUrl(frame.url);
}

/** By text: a parser that reads an address otherwise than Chromium does would be a hole. */
export function isAppUrl(url: string): boolean {
  return url.startsWith(`${appOrigin}/`);
}
