/**
 * Writes the KV cache of a document that was read to disk, while questions can be asked. If it fails, the window shows why, and nothing
 * else is affected.
 */
import type { ReadAs } from '../../contract/app-types.ts';
import { toAppError } from '../../contract/errors.ts';
import { fileBytes, keptLimitBytes, keyOf, otherEfforts } from '../planning/saved-caches.ts';
import { failureForWindow } from '../window-words.ts';
import type { SessionsNeeds } from './needs.ts';

interface ReadDocument {
  documentId: string;
  engineDocumentId: string;
  tokens: number;
  readAs: ReadAs;
}

/** Writes one after the other. Resolves when it is on disk or has failed; never rejects. */
export function keepOnDisk(rooms: SessionsNeeds, read: ReadDocument): Promise<void> {
  return rooms.saving.queue.run(() => keepNow(rooms, read));
}

async function keepNow(rooms: SessionsNeeds, read: ReadDocument): Promise<void> {
  const { documentId, engineDocumentId, tokens, readAs } = read;
  const key = keyOf(rooms, readAs);
  if (key === undefined) return;
  rooms.saving.failure = null;
  try {
    const bytes = fileBytes(rooms, readAs.kvType, tokens);
    await rooms.kept.makeRoom(documentId, bytes, keptLimitBytes(rooms), otherEfforts(rooms, readAs));
    const path = rooms.kept.pathOf(documentId, key);
    await rooms.supervisor.use((verbs) => verbs.keepDocument({ documentId: engineDocumentId, path }));
    rooms.kept.add(documentId, key);
    // The document may have been removed while the last part was written.
    if (!rooms.documents.has(documentId)) rooms.kept.drop(documentId);
  } catch (error) {
    const { code } = toAppError(error);
    // The document was freed meanwhile, or its engine ended: other places report that.
    const isElsewhere = code === 'CLOSED' || code === 'CANCELLED' || code.startsWith('ENGINE_');
    if (!isElsewhere) rooms.saving.failure = failureForWindow(error).message;
  }
  rooms.changes.emit('change');
}

export function clearKept(rooms: SessionsNeeds): { bytes: number; documents: number } {
  const documents = () => new Set(rooms.kept.list.map(({ documentId }) => documentId)).size;
  const before = documents();
  const bytes = rooms.kept.clear();
  rooms.changes.emit('change');
  return { bytes, documents: before - documents() };
}
