/** A document leaves memory, or the library with everything that hangs on it. */
import type { App } from '../app.ts';

/** Its KV cache is freed; text and chats stay. */
export async function releaseDocument(app: App, documentId: string): Promise<void> {
  app.jobs.cancelOf(documentId);
  if (app.supervisor.state.state === 'ready')
    await app.supervisor.use((verbs) => app.session().forgetDocument(verbs, documentId));
  app.changes.emit('change');
}

/** Its file, text, chats and KV cache, in memory and on disk. */
export async function removeDocument(app: App, documentId: string): Promise<void> {
  app.documents.get(documentId);
  await releaseDocument(app, documentId);
  app.documents.remove(documentId);
  app.kept.drop(documentId);
  await app.uploads.removeDocument(documentId);
  app.changes.emit('change');
}
