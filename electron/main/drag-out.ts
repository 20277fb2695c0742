/**
 * Starts a drag of the system with a file of the library: the window names it by id, the path comes from the app host and does not reach
 * the window.
 */
import { nativeImage, type WebContents } from 'electron';

/** Size of the icon beside the pointer, in pixels. */
const iconSize = 48;

/** The window may be closed by now, and Electron throws for an empty icon. */
export function startDragOut(contents: WebContents, file: string, iconFile: string): void {
  const icon = nativeImage.createFromPath(iconFile).resize({ width: iconSize });
  if (!contents.isDestroyed() && !icon.isEmpty()) contents.startDrag({ file, icon });
}
