/** What main has for the log, which the app host writes: kept until there is one. */
import type { Note } from '../contract/app-host.ts';
import { AppError, type ErrorCode, toAppError, unforeseenSentence } from '../contract/errors.ts';
import { describedError } from '../hosts/described-error.ts';

/** More than that says nothing new. */
const maxKept = 100;

let kept: Note[] = [];
let deliver: ((note: Note) => void) | undefined;

/** undefined: it ended. */
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

/** Of a command, for the window: what nobody foresaw stays on this side. What the app host refused has its words already. */
export function shellFailure(error: unknown): { code: ErrorCode; message: string } {
  const { code, message } = toAppError(error);
  if (error instanceof AppError) return { code, message };
  noteUnforeseen('A command of the window', error);
  return { code: 'INTERNAL', message: unforeseenSentence };
}

/** A rejection that nobody handles is noted and work goes on. */
export function watchMain(): void {
  process.on('unhandledRejection', (error) => noteUnforeseen('Nobody waited for a failed promise in main', error));
  process.on('uncaughtExceptionMonitor', (error) => noteUnforeseen('Main threw', error));
}
