/** Puts errors and advice in the words of the command line. */
import { type Advice, toAppError } from '../contract/errors.ts';

const words: Record<Advice, string> = {
  'choose-model-with-longer-context': 'Or choose a model with a longer context (--model).',
  'recognise-text': 'Recognise its text with --ocr.',
  'use-cpu': 'Use the CPU: --device cpu.',
  'choose-other-device': 'Choose another one with --device.',
  'keep-more': 'Allow more in the settings of the window, or keep its KV in q8_0.',
  'install-packages': 'Run: npm ci',
  'build-native': 'Run: npm run build:native',
  'install-and-build': 'Run: npm ci && npm run build:native',
  'rebuild-native': 'Delete native/build and run: npm run build:native',
  'build-lab': 'Run: node electron/setup/ready.mjs lab',
};

/** The error's sentence, and what can be done about it. */
export function commandWords(error: unknown): string {
  const { message, advice } = toAppError(error);
  return advice === undefined ? message : `${message} ${words[advice]}`;
}
