/**
 * Puts failures in the window's words. Advice differs from the command line's: a window has settings, and a packed RocketDoc has no npm.
 */
import { nativeFiles } from '../../native/native-files.ts';
import type { MemoryShortage } from '../contract/engine-reports.ts';
import { type Advice, AppError, type ErrorCode, toAppError, unforeseenSentence } from '../contract/errors.ts';
import { explainStorage } from './library/storage-errors.ts';
import { logUnforeseen } from './log.ts';

type SetUpAdvice = Exclude<Advice, keyof typeof inWindow>;

const inWindow = {
  'choose-model-with-longer-context': 'Or choose a model with a longer context.',
  'recognise-text': 'Text recognition (OCR) can read it.',
  'use-cpu': 'Choose the CPU in the settings.',
  'choose-other-device': 'Choose another device in the settings.',
  'keep-more': 'Allow more in the settings, or keep its KV in q8_0.',
} as const;

/** In a clone, whose owner can use a command line. */
const inCheckout: Record<SetUpAdvice, string> = {
  'install-packages': 'Run: npm ci',
  'build-native': 'Run: npm run build:native',
  'install-and-build': 'Run: npm ci && npm run build:native',
  'rebuild-native': 'Delete native/build and run: npm run build:native',
  'build-lab': 'Run: node electron/setup/ready.mjs lab',
};

export function adviceInWindow(advice: Advice, isPacked = nativeFiles.isPacked): string {
  if (advice in inWindow) return inWindow[advice as keyof typeof inWindow];
  return isPacked ? 'Install RocketDoc again.' : inCheckout[advice as SetUpAdvice];
}

/** An unforeseen error may name paths or worse: it is logged, and the window gets a general sentence. */
export function failureForWindow(error: unknown): { code: ErrorCode; message: string; shortage?: MemoryShortage } {
  const known = explainStorage(error);
  const { code, message, shortage, advice } = toAppError(known);
  if (code === 'INTERNAL') logUnforeseen('A failure inside', error);
  if (code === 'INTERNAL' && !(known instanceof AppError)) return { code, message: unforeseenSentence };
  const sentence = advice === undefined ? message : `${message} ${adviceInWindow(advice)}`;
  return { code, message: sentence, ...(shortage && { shortage }) };
}
