/** Stores a document that was read, together with its file: both or neither. Long texts are written in pieces. */
import { setImmediate } from 'node:timers/promises';
import type { LibraryDocument } from '../../contract/app-types.ts';
import type { NewDocument } from '../library/document-insert.ts';
import type { DocumentsNeeds } from './needs.ts';
import { removeStored } from './remove-document.ts';
import type { IncomingFile } from './uploads.ts';

/** `file` is undefined for a joined document. */
export async function storeDocument(
  rooms: DocumentsNeeds,
  document: NewDocument,
  file?: IncomingFile,
): Promise<LibraryDocument> {
  const insert = rooms.documents.insert(document);
  try {
    while (insert.writePages()) await setImmediate();
    if (file) await rooms.uploads.keep(file, insert.id);
    insert.finish();
  } catch (error) {
    // If removing fails, the next start removes it.
    await removeStored(rooms, insert.id).catch(() => {});
    throw error;
  }
  return rooms.documents.get(insert.id);
}
