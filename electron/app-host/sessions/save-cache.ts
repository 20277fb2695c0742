/** Writes the KV cache of a document that was read to disk, beside questions. Where it fails the app goes on without, and says why. */
import type { PageRange } from '../../contract/app-types.ts';
import { toAppError } from '../../contract/errors.ts';
import type { KvType } from '../../contract/method.ts';
import type { App } from '../app.ts';
import { fileBytes, keyOf, wishedBytes } from '../planning/saved-caches.ts';
import { failureForWindow } from '../window-words.ts';

interface ReadDocument {
  documentId: string;
  engineDocumentId: string;
  tokens: number;
  kvType: KvType;
  pages: PageRange | null;
}

/** One after the other. Resolves when it is on disk, or will not be; never rejects. */
export function keepOnDisk(app: App, read: ReadDocument): Promise<void> {
  return app.saving.queue.run(() => keepNow(app, read));
}

async function keepNow(app: App, read: ReadDocument): Promise<void> {
  const { documentId, engineDocumentId, tokens, kvType, pages } = read;
  const key = keyOf(app, kvType, pages);
  if (key === undefined) return;
  app.saving.failure = null;
  try {
    await app.kept.makeRoom(documentId, fileBytes(app, kvType, tokens), wishedBytes(app));
    const path = app.kept.pathOf(documentId, key);
    await app.supervisor.use((verbs) => verbs.keepDocument({ documentId: engineDocumentId, path }));
    app.kept.add(documentId, key);
    // It may have been removed while its last part was written.
    if (!app.documents.has(documentId)) app.kept.drop(documentId);
  } catch (error) {
    const { code } = toAppError(error);
    // It was let go of meanwhile, or its engine ended: that is said where it happened.
    const isElsewhere = code === 'CLOSED' || code === 'CANCELLED' || code.startsWith('ENGINE_');
    if (!isElsewhere) app.saving.failure = failureForWindow(error).message;
  }
  app.changes.emit('change');
}

export function clearKept(app: App): { bytes: number; documents: number } {
  const documents = app.kept.list.length;
  const bytes = app.kept.clear();
  app.changes.emit('change');
  return { bytes, documents: documents - app.kept.list.length };
}
