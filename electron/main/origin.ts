/** The window's own address, and whether a frame is the window itself. */
import type { WebFrameMain } from 'electron';

export const appScheme = 'app';
export const appOrigin = `${appScheme}://rocketdoc`;

/** Only the top frame with our origin: not a frame in it, not another page in its place, not a destroyed frame. */
export function isAppFrame(frame: WebFrameMain | null): frame is WebFrameMain {
  if (frame === null || frame.isDestroyed() || frame.detached) return false;
  return frame.parent === null && frame.origin === appOrigin && isAppUrl(frame.url);
}

/** Compares text: a parser that reads an address differently than Chromium does would be a security hole. */
export function isAppUrl(url: string): boolean {
  return url.startsWith(`${appOrigin}/`);
}
