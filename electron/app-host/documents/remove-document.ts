/** A document leaves memory, or the library with everything that hangs on it. */
import type { DocumentsNeeds } from './needs.ts';

/** Its KV cache is freed; text and chats stay. */
export async function releaseDocument(rooms: DocumentsNeeds, documentId: string): Promise<void> {
  rooms.jobs.cancelOf(documentId);
  if (rooms.supervisor.state.state === 'ready')
    await rooms.supervisor.use((verbs) => rooms.session().forgetDocument(verbs, documentId));
  rooms.changes.emit('change');
}

/** Its file, text, chats and KV cache, in memory and on disk. */
export async function removeDocument(rooms: DocumentsNeeds, documentId: string): Promise<void> {
  rooms.documents.get(documentId);
  await releaseDocument(rooms, documentId);
  rooms.documents.remove(documentId);
  rooms.kept.drop(documentId);
  await rooms.uploads.removeDocument(documentId);
  rooms.changes.emit('change');
}
