/**
 * What the log says of an unforeseen error: its name, message, stack and causes. Quoted parts of its message may be text of a document and
 * are left out.
 */
import { AppError } from '../contract/errors.ts';

const messageUnits = 400;

export function describedError(error: unknown): string {
  if (!(error instanceof Error)) return withoutQuotes(String(error));
  const code = (error as NodeJS.ErrnoException).code;
  const words = error instanceof AppError ? error.message : withoutQuotes(error.message);
  const head = `${error.name}${code === undefined ? '' : ` (${code})`}: ${words.slice(0, messageUnits)}`;
  // The stack begins with the message, which may quote a document: only its frames are taken.
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const cause = error.cause === undefined ? [] : [`caused by ${describedError(error.cause)}`];
  return [head, ...frames, ...cause].join('\n');
}

/** V8 quotes the source in its messages ('"The Trust..." is not valid JSON'). */
function withoutQuotes(message: string): string {
  return message.replace(/"[^"]*"|'[^']*'|`[^`]*`|“[^”]*”/g, '"…"').split('\n')[0] ?? '';
}
