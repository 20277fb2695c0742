/** Entry of the thread that prepares the library's file (open-library.ts). */
import { parentPort, workerData } from 'node:worker_threads';
import { type LibraryProgress, type PreparedLibrary, prepareLibrary } from './prepare-library.ts';
import { explainStorage } from './storage-errors.ts';

export type ThreadAnswer =
  | LibraryProgress
  | { prepared: PreparedLibrary }
  | { failure: { code: unknown; message: string; stack: string | undefined } };

const { file, steps } = workerData as { file: string; steps: readonly string[] };

const send = (message: ThreadAnswer) => parentPort?.postMessage(message);

function answer(): ThreadAnswer {
  try {
    return { prepared: prepareLibrary(file, steps, send) };
  } catch (error) {
    // SQLite's error codes do not cross to another thread, so errors are put in words here.
    const { code, message, stack } = explainStorage(error) as Error & { code?: unknown };
    return { failure: { code, message, stack } };
  }
}

send(answer());
