/**
 * How a command ends, with these exit codes. 0: done. 1: a check found something wrong. 2: an error with a code and a sentence. 130:
 * stopped by the person. A stack trace is only printed with ROCKETDOC_DEBUG=1.
 */
import { parse } from 'node:path';
import type { SmallerPlan } from '../contract/engine-reports.ts';
import { AppError, toAppError } from '../contract/errors.ts';
import { bytesText } from '../contract/number-words.ts';
import { commandWords } from './advice-words.ts';
import { type Arguments, type Command, type Flags, helpText, parseArguments } from './arguments.ts';

/** `flags`: the command's flags; with some of them a plan that needs less memory can be chosen. */
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

/** The work of a command; `signal` fires at Ctrl+C. It returns the exit code, or undefined for 0. */
export type CommandWork = (args: Arguments, signal: AbortSignal) => Promise<number | undefined>;

export async function runCommand(command: Command, work: CommandWork): Promise<void> {
  const stop = new AbortController();
  let interrupts = 0;
  process.on('SIGINT', () => {
    // A second Ctrl+C ends the process at once.
    if (++interrupts > 1) process.exit(130);
    stop.abort(new AppError('CANCELLED', 'Stopped.'));
  });
  // A reader such as `head` closes the pipe early: nobody reads on, so the command ends.
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
  // process.exit is not called, because it would cut off output that is still being written to a pipe.
  process.removeAllListeners('SIGINT');
}

/** Whether node was started with this command; a command that is only imported must not run. */
export function isStarted(command: string): boolean {
  return parse(process.argv[1] ?? '').name === command;
}
