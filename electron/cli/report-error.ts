/**
 * How a command ends. 0: done. 1: a check found something wrong. 2: an error with a code and a sentence. 130: stopped by the
 * person. Never a stack trace; ROCKETDOC_DEBUG=1 shows where an unexpected error came from.
 */
import { parse } from 'node:path';
import type { SmallerPlan } from '../contract/engine-reports.ts';
import { AppError, toAppError } from '../contract/errors.ts';
import { bytesText } from '../contract/number-words.ts';
import { commandWords } from './advice-words.ts';
import { type Arguments, type Command, type Flags, helpText, parseArguments } from './arguments.ts';

/** `flags`: those that the command knows, by which a smaller plan can be asked for. */
export function errorSentence(error: unknown, flags: Flags = {}): string {
  const { code, shortage } = toAppError(error);
  if (code === 'CANCELLED') return 'Stopped.';
  const fitting = (shortage?.proposals ?? []).flatMap(({ changes, needed }) => {
    const typed = changesAsFlags(changes);
    return typed.every(([flag]) => flag in flags)
      ? [`  ${typed.map(([flag, value]) => `--${flag} ${value}`).join(' ')}  (${bytesText(needed)})`]
      : [];
  });
  return [`Error ${code}: ${commandWords(error)}`, ...(fitting.length > 0 ? ['What fits:', ...fitting] : [])].join(
    '\n',
  );
}

function changesAsFlags({ mode, tokenBudget, kvType, documentHome }: SmallerPlan['changes']): [string, string][] {
  const flags = { mode, budget: tokenBudget?.toString(), 'kv-type': kvType, home: documentHome };
  return Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [[flag, value]]));
}

export function exitCodeOf(error: unknown): number {
  return toAppError(error).code === 'CANCELLED' ? 130 : 2;
}

/** The work of a command; `signal` fires at Ctrl+C. Returns the exit code, 0 when it returns nothing. */
export type CommandWork = (args: Arguments, signal: AbortSignal) => Promise<number | undefined>;

export async function runCommand(command: Command, work: CommandWork): Promise<void> {
  const stop = new AbortController();
  let interrupts = 0;
  process.on('SIGINT', () => {
    // A second Ctrl+C does not wait for anything to end in good order.
    if (++interrupts > 1) process.exit(130);
    stop.abort(new AppError('CANCELLED', 'Stopped.'));
  });
  // `| head` closes the pipe: nobody reads on, so there is nothing more to do.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2));
  try {
    const args = parseArguments(command, process.argv.slice(2));
    if (!args) process.stdout.write(helpText(command));
    else process.exitCode = (await work(args, stop.signal)) ?? 0;
  } catch (error) {
    process.stderr.write(`${errorSentence(error, command.flags)}\n`);
    if (process.env.ROCKETDOC_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = exitCodeOf(error);
  }
  // Not process.exit: it would cut off what is still being written to a pipe.
  process.removeAllListeners('SIGINT');
}

/** True for the command that node was started with; an imported one must not run. */
export function isStarted(command: string): boolean {
  return parse(process.argv[1] ?? '').name === command;
}
