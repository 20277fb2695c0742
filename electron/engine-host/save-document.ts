/** Writes a document's KV into a file in parts, so that other work of the queue runs between two of them. */
import { AppError } from '../contract/errors.ts';
import type { Queue } from '../hosts/queue.ts';
import type { EngineDocument } from './open-documents.ts';

/** A hard disk writes a part in about a third of a second, a fast disk in a twentieth. */
const partBytes = 64 * 2 ** 20;

/** `document` throws when the document was freed meanwhile. Resolves when the file is complete under its name. */
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
    // Removes the unfinished file; if the document was freed, it is removed already.
    await queue.run(() => document().native.endSave()).catch(() => {});
    throw signal?.aborted ? new AppError('CANCELLED', 'Stopped before it was kept.') : error;
  }
}
