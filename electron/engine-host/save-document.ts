/** A document's KV into a file, in parts: whoever asks meanwhile is answered between two of them. */
import { AppError } from '../contract/errors.ts';
import type { Queue } from '../hosts/queue.ts';
import type { EngineDocument } from './open-documents.ts';

/** A disk takes about a third of a second for it, a fast one a twentieth. */
const partBytes = 64 * 2 ** 20;

/** `document` throws when it is let go of meanwhile. Resolves when the file is whole under its name. */
export async function keepDocument(
  queue: Queue,
  document: () => EngineDocument,
  path: string,
  signal?: AbortSignal,
): Promise<{ bytes: number }> {
  try {
    for (;;) {
      const bytes = await queue.run(async () => {
        const { native } = document();
        const { done } = await native.savePart(path, partBytes);
        return done ? native.fileBytes : undefined;
      }, signal);
      if (bytes !== undefined) return { bytes };
    }
  } catch (error) {
    // What was written of it goes; with a document that is let go of it went already.
    await queue.run(() => document().native.endSave()).catch(() => {});
    throw signal?.aborted ? new AppError('CANCELLED', 'Stopped before it was kept.') : error;
  }
}
