/**
 * Command-line arguments: each command has a table of flags, from which --help is written too; values are checked against the contract's
 * ranges, and every mistake gets a sentence.
 */
import { parseArgs } from 'node:util';
import type { ZodError } from 'zod';
import { AppError } from '../contract/errors.ts';

export interface Flag {
  /** Shown after the flag, e.g. `<n>`; a flag without it takes no value. */
  value?: string;
  help: string;
  /** May be given several times. */
  multiple?: boolean;
}

export type Flags = Record<string, Flag>;

export interface Command {
  /** The command as it is typed, e.g. `npm run -s ask --`. */
  run: string;
  usage: string;
  about: string;
  flags: Flags;
}

/** The parsed arguments. For a missing flag the getters return undefined. */
export class Arguments {
  readonly positionals: string[];
  readonly #values: Record<string, string | boolean | (string | boolean)[] | undefined>;

  constructor(positionals: string[], values: Record<string, string | boolean | (string | boolean)[] | undefined>) {
    this.positionals = positionals;
    this.#values = values;
  }

  has(flag: string): boolean {
    return this.#values[flag] !== undefined;
  }

  text(flag: string): string | undefined {
    const value = this.#values[flag];
    return typeof value === 'string' ? value : undefined;
  }

  texts(flag: string): string[] {
    const value = this.#values[flag];
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }

  number(flag: string): number | undefined {
    const text = this.text(flag);
    return text === undefined ? undefined : toNumber(flag, text);
  }

  integer(flag: string): number | undefined {
    const text = this.text(flag);
    return text === undefined ? undefined : toInteger(flag, text);
  }

  /** A whole number in a range. */
  integerWithin(flag: string, least: number, most: number): number | undefined {
    const value = this.integer(flag);
    if (value !== undefined && (value < least || value > most))
      throw usageError(`--${flag} must be between ${least} and ${most}, not ${value}.`);
    return value;
  }

  /** `256,512`: comma-separated whole numbers, none negative. */
  integers(flag: string): number[] | undefined {
    return this.list(flag)?.map((item) => {
      const value = toInteger(flag, item);
      if (value < 0) throw usageError(`--${flag} cannot have ${value} in it.`);
      return value;
    });
  }

  list(flag: string): string[] | undefined {
    const text = this.text(flag);
    if (text === undefined) return undefined;
    const items = text.split(',').map((item) => item.trim());
    if (items.some((item) => item === ''))
      throw usageError(`--${flag} needs values separated by commas, not "${text}".`);
    return items;
  }

  oneOf<T extends string>(flag: string, choices: readonly T[]): T | undefined {
    const text = this.text(flag);
    return text === undefined ? undefined : toChoice(flag, text, choices);
  }

  listOf<T extends string>(flag: string, choices: readonly T[]): T[] | undefined {
    return this.list(flag)?.map((item) => toChoice(flag, item, choices));
  }
}

export function usageError(message: string): AppError {
  return new AppError('INVALID_ARGUMENT', message);
}

function toNumber(flag: string, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw usageError(`--${flag} needs a number, not "${text}".`);
  return value;
}

function toInteger(flag: string, text: string): number {
  const value = toNumber(flag, text);
  if (!Number.isSafeInteger(value)) throw usageError(`--${flag} needs a whole number, not "${text}".`);
  return value;
}

function toChoice<T extends string>(flag: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((known) => known === text);
  if (choice === undefined) throw usageError(`--${flag} knows ${choices.join(', ')}, not "${text}".`);
  return choice;
}

/** undefined: --help was asked for. */
export function parseArguments(command: Command, argv: readonly string[]): Arguments | undefined {
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, flag]) => [
      name,
      { type: flag.value === undefined ? ('boolean' as const) : ('string' as const), multiple: flag.multiple ?? false },
    ]),
  );
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({
      args: [...argv],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    throw usageError(wrongFlag(error instanceof Error ? error.message : String(error), command));
  }
  if (parsed.values.help) return undefined;
  return new Arguments(parsed.positionals, parsed.values);
}

/** node:util's message, shortened to the mistake. */
function wrongFlag(message: string, command: Command): string {
  const unknown = /Unknown option '([^']+)'/.exec(message)?.[1];
  const first = message.split('\n')[0]?.split('. To specify')[0] ?? message;
  const what = unknown ? `There is no option ${unknown}` : first.replace(/\.$/, '');
  return `${what}. For all options: ${command.run} --help`;
}

export function helpText(command: Command): string {
  const all: Flags = { ...command.flags, help: { help: 'show this' } };
  const rows = Object.entries(all).map(([name, flag]) => [
    `  --${name}${flag.value === undefined ? '' : ` ${flag.value}`}`,
    flag.help + (flag.multiple ? ' (may be repeated)' : ''),
  ]);
  const width = Math.max(...rows.map(([left]) => left?.length ?? 0)) + 2;
  const table = rows.map(([left, right]) => `${left?.padEnd(width)}${right}`).join('\n');
  return `${command.about}\n\nUsage: ${command.run} ${command.usage}\n\n${table}\n`;
}

/** A schema's error in the words of the command line. `flags`: the flag of each field. */
export function schemaSentence(error: ZodError, flags: Record<string, string>): AppError {
  const issue = error.issues[0];
  const field = String(issue?.path[0] ?? '');
  const reason = (issue?.message ?? 'is not valid').replace(/^Too (small|big): expected (number|int) to be/, 'must be');
  return usageError(`--${flags[field] ?? field}: ${reason}.`);
}
