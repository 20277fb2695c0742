/** Writes the KV cache of a document that was read to disk, beside questions. Where it fails the app goes on without, and says why. */
import type { PageRange } from '../../contract/app-types.ts';
import { toAppError } from '../../contract/errors.ts';
import type { KvType } from '../../contract/method.ts';
import { fileBytes, keyOf, wishedBytes } from '../planning/saved-caches.ts';
import { failureForWindow } from '../window-words.ts';
import type { SessionsNeeds } from './needs.ts';

interface ReadDocument {
  documentId: string;
  engineDocumentId: string;
  tokens: number;
  kvType: KvType;
  pages: PageRange | null;
}

/** One after the other. Resolves when it is on disk, or will not be; never rejects. */
export function keepOnDisk(rooms: SessionsNeeds, read: ReadDocument): Promise<void> {
  return rooms.saving.queue.run(() => keepNow(rooms, read));
}

async function keepNow(rooms: SessionsNeeds, read: ReadDocument): Promise<void> {
  const { documentId, engineDocumentId, tokens, kvType, pages } = read;
  const key = keyOf(rooms, kvType, pages);
  if (key === undefined) return;
  rooms.saving.failure = null;
  try {
    await rooms.kept.makeRoom(documentId, fileBytes(rooms, kvType, tokens), wishedBytes(rooms));
    const path = rooms.kept.pathOf(documentId, key);
    await rooms.supervisor.use((verbs) => verbs.keepDocument({ documentId: engineDocumentId, path }));
    rooms.kept.add(documentId, key);
    // It may have been removed while its last part was written.
    if (!rooms.documents.has(documentId)) rooms.kept.drop(documentId);
  } catch (error) {
    const { code } = toAppError(error);
    // It was let go of meanwhile, or its engine ended: that is said where it happened.
    const isElsewhere = code === 'CLOSED' || code === 'CANCELLED' || code.startsWith('ENGINE_');
    if (!isElsewhere) rooms.saving.failure = failureForWindow(error).message;
  }
  rooms.changes.emit('change');
}

export function clearKept(rooms: SessionsNeeds): { bytes: number; documents: number } {
  const documents = rooms.kept.list.length;
  const bytes = rooms.kept.clear();
  rooms.changes.emit('change');
  return { bytes, documents: documents - rooms.kept.list.length };
}
