/**
 * Files that are dragged out of the window. The receiver may move or change a dropped file, so each drag gets a copy of its own, which
 * stays until the next start.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { Draggable } from '../../contract/shell.ts';
import { fileIn } from '../documents/document-texts.ts';
import { exportChat } from '../sessions/export-chat.ts';
import type { WindowApiNeeds } from './needs.ts';

/** Makes the copy and returns its path, which only the main process gets: the window uses ids. */
export async function outgoingFile(rooms: WindowApiNeeds, what: Draggable): Promise<string> {
  const dir = join(rooms.uploads.outgoingDir, randomUUID());
  if (what.type === 'document') {
    const { id, name } = rooms.documents.get(what.documentId);
    const path = await fileIn(rooms.uploads.documentDir(id));
    if (path === undefined) throw new AppError('DOC_MISSING', `There is no file of ${name} in the library’s folder.`);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const copy = join(dir, basename(path));
    await copyFile(path, copy, constants.COPYFILE_FICLONE);
    return copy;
  }
  const { fileName, text } = await exportChat(rooms, what.chatId, what.format);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const copy = join(dir, fileName);
  await writeFile(copy, text, { mode: 0o600 });
  return copy;
}
