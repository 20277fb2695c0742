/** A file becomes a document of the library: parsed by the document host, counted with the model's vocabulary, stored. */
import type { AddEvent } from '../contract/app-types.ts';
import { AppError } from '../contract/errors.ts';
import { parseDocument } from '../document-host/document-client.ts';
import type { App } from './app.ts';
import type { TokenCounts } from './token-counter.ts';
import type { IncomingFile } from './uploads.ts';

export async function* addUpload(app: App, id: string, password: string | undefined, signal: AbortSignal | undefined) {
  // A wrong or missing password keeps the upload, so that the next try does not send it again.
  yield* add(app, app.uploads.get(id), password, signal, (error) => error.code === 'DOC_ENCRYPTED');
}

export async function* addGranted(app: App, id: string, password: string | undefined, signal: AbortSignal | undefined) {
  yield* add(app, await app.uploads.copy(app.grants.pathOf(id)), password, signal, () => false);
}

async function* add(
  app: App,
  file: IncomingFile,
  password: string | undefined,
  signal: AbortSignal | undefined,
  keepFor: (error: AppError) => boolean,
): AsyncGenerator<AddEvent, void, void> {
  try {
    const known = app.documents.findByHash(file.sha256);
    if (known) {
      yield { type: 'done', document: known, wasThere: true };
      await app.uploads.discard(file);
      return;
    }
    const parsed = yield* parsing(app, file, password, signal);
    if (parsed.text.trim() === '') throw new AppError('DOC_EMPTY', `${file.name} has no text in it.`);
    yield { type: 'counting' };
    const tokens = await countIfPossible(app, parsed);
    const { name: fileName, bytes: fileBytes, sha256 } = file;
    const document = app.documents.add({ parsed, fileName, fileBytes, sha256, tokens });
    await app.uploads.keep(file, document.id);
    yield { type: 'done', document, wasThere: false };
  } catch (error) {
    if (!(error instanceof AppError && keepFor(error))) await app.uploads.discard(file);
    throw error;
  }
}

/** parseDocument's callback as a stream; several reports between two looks count as the last one. */
async function* parsing(app: App, file: IncomingFile, password: string | undefined, signal: AbortSignal | undefined) {
  let latest: AddEvent | undefined;
  let wake = () => {};
  const parsed = parseDocument(file.path, {
    password,
    signal,
    startHost: app.startDocumentHost,
    onProgress({ done, total }) {
      latest = { type: 'parsing', done, total };
      wake();
    },
  });
  const over = parsed.then(
    () => true,
    () => true,
  );
  for (;;) {
    const woken = new Promise<false>((resolve) => {
      wake = () => resolve(false);
    });
    const ended = await Promise.race([over, woken]);
    if (latest) yield latest;
    latest = undefined;
    if (ended) return parsed;
  }
}

/** A missing model is the engine's error to show; the document can be added all the same. */
export async function countIfPossible(
  app: App,
  parsed: Parameters<App['counter']['count']>[0],
): Promise<TokenCounts | undefined> {
  try {
    return await app.counter.count(parsed);
  } catch {
    return undefined;
  }
}
