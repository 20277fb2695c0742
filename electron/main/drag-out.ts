/** The system's drag with a file of the library: the window names it by id, the path comes from the app host and stays here. */
import { nativeImage, type WebContents } from 'electron';

/** Of the icon beside the pointer, in pixels. */
const iconSize = 48;

/** The window may be gone by now; an image that cannot be read would be an exception of Electron's. */
export function startDragOut(contents: WebContents, file: string, iconFile: string): void {
  const icon = nativeImage.createFromPath(iconFile).resize({ width: iconSize });
  if (!contents.isDestroyed() && !icon.isEmpty()) contents.startDrag({ file, icon });
}
