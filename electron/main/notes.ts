/** Main's entries for the log, which the app host writes: they are kept until an app host runs. */
import type { Note } from '../contract/app-host.ts';
import { AppError, type ErrorCode, toAppError, unforeseenSentence } from '../contract/errors.ts';
import { describedError } from '../hosts/described-error.ts';

/** Most entries that are kept; older ones are dropped. */
const maxKept = 100;

let kept: Note[] = [];
let deliver: ((note: Note) => void) | undefined;

/** undefined: the app host ended. */
export function deliverNotes(to: ((note: Note) => void) | undefined): void {
  deliver = to;
  if (to) for (const note of kept.splice(0)) to(note);
}

export function addNote(note: Note): void {
  if (deliver) deliver(note);
  else kept = [...kept, note].slice(-maxKept);
}

function noteUnforeseen(where: string, error: unknown): void {
  addNote({ level: 'error', text: `${where}: ${describedError(error)}` });
}

/**
 * A command's failure as the window gets it: an unforeseen error is noted for the log and replaced by a general sentence. Refusals of the
 * app host are sentences for people already.
 */
export function shellFailure(error: unknown): { code: ErrorCode; message: string } {
  const { code, message } = toAppError(error);
  if (error instanceof AppError) return { code, message };
  noteUnforeseen('A command of the window', error);
  return { code: 'INTERNAL', message: unforeseenSentence };
}

/** Notes unhandled rejections for the log, and work goes on; uncaught exceptions are noted before they end main. */
export function watchMain(): void {
  process.on('unhandledRejection', (error) => noteUnforeseen('Nobody waited for a failed promise in main', error));
  process.on('uncaughtExceptionMonitor', (error) => noteUnforeseen('Main threw', error));
}
