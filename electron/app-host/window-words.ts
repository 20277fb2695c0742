/**
 * Failures in the window's words, in one place. The engine and its host speak to the command line too and name its flags; the window
 * has settings instead, and a packed RocketDoc no npm.
 */
import { nativeFiles } from '../../native/native-files.ts';
import type { MemoryShortage } from '../contract/engine-reports.ts';
import { AppError, type ErrorCode, toAppError } from '../contract/errors.ts';
import { explainStorage } from './library/storage-errors.ts';
import { logUnforeseen } from './log.ts';

/** What a flag says, as something that a person does in the window. */
const inSettings: readonly [RegExp, string][] = [
  [/\buse --device cpu\b/gi, 'choose the CPU in the settings'],
  [/\buse --mode full\b/gi, 'choose full KV in the settings'],
  // In brackets a flag only repeats the words before it.
  [/ ?\([^()]*(?<![\w-])--[a-z][^()]*\)/g, ''],
  [/(?<![\w-])--([a-z][\w-]*)(?:[ =](?!and\b|or\b)[\w.:-]+)?/g, 'the setting $1'],
];

/** Whole sentences that say how to set up a checkout. */
const setUp =
  /(?:Delete native\/build and run:|Rebuild it with:|Run:?) (?:npm [\w:-]+(?: [\w:-]+)*|npx [\w-]+)(?: && npm [\w:-]+(?: [\w:-]+)*)*\.?/g;

export function windowWords(message: string, isPacked = nativeFiles.isPacked): string {
  const said = inSettings.reduce((text, [flag, words]) => text.replace(flag, words), message);
  return isPacked ? said.replace(setUp, 'Install RocketDoc again.') : said;
}

/** What nobody foresaw may name paths or worse: it stays on this side, in the log. */
export function failureForWindow(error: unknown): { code: ErrorCode; message: string; shortage?: MemoryShortage } {
  const known = explainStorage(error);
  const { code, message, shortage } = toAppError(known);
  if (code === 'INTERNAL') logUnforeseen('A failure inside', error);
  if (code === 'INTERNAL' && !(known instanceof AppError))
    return { code, message: 'Something failed inside. The log says what: About RocketDoc shows it.' };
  return { code, message: windowWords(message), ...(shortage && { shortage }) };
}
