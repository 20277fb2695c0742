/** The system's drag with a file of the library: the window names it by id, the path is made here and stays here. */
import { nativeImage, type WebContents } from 'electron';
import type { App } from '../app-host/app.ts';
import { outgoingFile } from '../app-host/window-api/outgoing-file.ts';
import type { Draggable } from '../contract/shell.ts';

/** Of the icon beside the pointer, in pixels. */
const iconSize = 48;

export async function startDragOut(app: App, contents: WebContents, what: Draggable, iconFile: string): Promise<void> {
  const file = await outgoingFile(app, what);
  const icon = nativeImage.createFromPath(iconFile).resize({ width: iconSize });
  // The window may be gone by now; an image that cannot be read would be an exception of Electron's.
  if (!contents.isDestroyed() && !icon.isEmpty()) contents.startDrag({ file, icon });
}
