/** Frees a document from memory, or removes it from the library with everything that belongs to it. */
import { setImmediate } from 'node:timers/promises';
import type { DocumentStore } from '../library/document-store.ts';
import type { DocumentsNeeds } from './needs.ts';

/** Frees its KV cache; text and chats stay. */
export async function releaseDocument(rooms: DocumentsNeeds, documentId: string): Promise<void> {
  rooms.jobs.cancelOf(documentId);
  if (rooms.supervisor.state.state === 'ready')
    await rooms.supervisor.use((verbs) => rooms.session().forgetDocument(verbs, documentId));
  rooms.changes.emit('change');
}

/** Removes its file, text, chats and KV cache, in memory and on disk. */
export async function removeDocument(rooms: DocumentsNeeds, documentId: string): Promise<void> {
  rooms.documents.get(documentId);
  await releaseDocument(rooms, documentId);
  rooms.kept.drop(documentId);
  await removeStored(rooms, documentId);
  rooms.changes.emit('change');
}

/**
 * Removes file and rows. The document's row is deleted last: after a crash it shows what is unfinished, and the next start completes it.
 */
export async function removeStored(
  rooms: Pick<DocumentsNeeds, 'uploads'> & { documents: Pick<DocumentStore, 'removal'> },
  documentId: string,
): Promise<void> {
  const removal = rooms.documents.removal(documentId);
  await rooms.uploads.removeDocument(documentId);
  while (removal.removeRows()) await setImmediate();
}
