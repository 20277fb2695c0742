/** Removes from plain text what is not text: a terminal's escape sequences, pictures and files written as base64. */
import { stripVTControlCharacters } from 'node:util';
import { bytesText, plural, were } from '../contract/number-words.ts';
import type { ImportNotes } from './import-notes.ts';

export function withoutNonText(text: string, notes: ImportNotes): string {
  return withoutBase64(withoutEscapes(text), notes);
}

/** Removes escape sequences, and the backspaces with which manuals print a letter twice to make it bold. */
function withoutEscapes(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  const plain = /[\x1b\x9b]/.test(text) ? stripVTControlCharacters(text) : text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: likewise
  return plain.includes('\b') ? plain.replace(/[^\n]\x08/g, '') : plain;
}

// A word with this many characters is no word. Several lines of equal length are how mail programs and certificates write base64.
const longWord = /(?:data:[\w.+/-]{1,100};base64,)?[A-Za-z0-9+/_-]{600,}={0,2}/g;
const equalLines = /^(?:[A-Za-z0-9+/]{60,76}\r?\n){12,}[A-Za-z0-9+/]{0,76}={0,2}$/gm;

function withoutBase64(text: string, notes: ImportNotes): string {
  let count = 0;
  let bytes = 0;
  const leaveOut = (found: string): string => {
    if (!isBase64(found)) return found;
    count++;
    const size = Math.floor(found.length * 0.75);
    bytes += size;
    return `[${bytesText(size)} of encoded data]`;
  };
  const plain = text.replace(longWord, leaveOut).replace(equalLines, leaveOut);
  if (count > 0) {
    const sentence = `${plural(count, 'stretch', 'stretches')} of data written as letters (base64, ${bytesText(bytes)}) ${were(count)} left out.`;
    notes.add({ kind: 'encoded-data', count, sentence });
  }
  return plain;
}

/** Whether capitals and small letters are mixed as in base64: a gene, a hexadecimal number or a line of dashes is not base64. */
function isBase64(found: string): boolean {
  if (found.startsWith('data:')) return true;
  const sample = found.slice(0, 4000);
  const share = (pattern: RegExp): number => (sample.match(pattern)?.length ?? 0) / sample.length;
  return share(/[A-Z]/g) > 0.1 && share(/[a-z]/g) > 0.1 && share(/[-_]/g) < 0.1 && new Set(sample).size > 3;
}
