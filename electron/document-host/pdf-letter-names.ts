/**
 * The letters that the names of glyphs in a /Differences array stand for, and the codes in a file whose names tell more than the
 * code does. Pure.
 */
import { inflateSync } from 'node:zlib';
import type { PdfValue } from './pdf-dict.ts';

const digits = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

export function* namedLetters(differences: readonly PdfValue[]): Generator<[code: number, letters: string]> {
  let code = 0;
  for (const item of differences) {
    if (typeof item !== 'string') continue;
    if (/^\d+$/.test(item)) code = Number(item);
    else if (item.startsWith('/')) {
      const letters = lettersOfName(item.slice(1));
      if (letters !== undefined) yield [code, letters];
      code++;
    }
  }
}

/** By the rules of Adobe's list: a variant follows after a point, parts are joined by underscores. */
function lettersOfName(name: string): string | undefined {
  const plain = name.replace(/\..*$/s, '');
  if (plain === '' || plain.length > 40) return undefined;
  const parts = plain.split('_').map(letterOfPart);
  return parts.includes(undefined) ? undefined : parts.join('');
}

function letterOfPart(part: string): string | undefined {
  if (/^[A-Za-z]$/.test(part)) return part;
  const unicode = /^uni([\dA-F]{4})$/.exec(part)?.[1];
  if (unicode !== undefined && !/^D[89A-F]|^(00[01]|FFF)/.test(unicode))
    return String.fromCharCode(Number.parseInt(unicode, 16));
  if (part === 'longs') return 's';
  const digit = digits.indexOf(part);
  return digit < 0 ? undefined : `${digit}`;
}

const mostBytes = 64 * 1024 * 1024; // of the file
const mostUnpacked = 32 * 1024 * 1024; // bytes of all object streams
const mostDictionary = 2000; // bytes of an object stream's dictionary
const mostNames = 20_000; // bytes of a /Differences array: 256 names

/**
 * The codes of the glyphs whose names in the file stand for letters other than the one with that code. undefined: the file cannot be
 * searched, because it is encrypted, or packed in an unusual way.
 */
export function tellingCodes(file: Buffer): Set<number> | undefined {
  const codes = new Set<number>();
  if (file.length > mostBytes || file.includes('/Encrypt') || !addTellingCodes(file, codes)) return undefined;
  let left = mostUnpacked;
  for (let at = file.indexOf('/ObjStm'); at >= 0; at = file.indexOf('/ObjStm', at + 1)) {
    const objects = unpacked(file, at, left);
    if (!objects || !addTellingCodes(objects, codes)) return undefined;
    left -= objects.length;
  }
  return codes;
}

/** The objects in the object stream whose dictionary contains the byte `at`. */
function unpacked(file: Buffer, at: number, most: number): Buffer | undefined {
  const from = file.lastIndexOf('obj', at);
  const to = file.indexOf('stream', at);
  const end = file.indexOf('endstream', to);
  if (most <= 0 || from < 0 || to < 0 || end < 0 || to - from > mostDictionary) return undefined;
  const dictionary = file.toString('latin1', from, to);
  const isPlain = /\/Filter\s*(\/FlateDecode|\[\s*\/FlateDecode\s*\])/.test(dictionary);
  if (!isPlain || dictionary.includes('/DecodeParms')) return undefined;
  try {
    return inflateSync(file.subarray(to + (file[to + 6] === 0x0d ? 8 : 7), end), { maxOutputLength: most });
  } catch {
    return undefined;
  }
}

/** false: a /Differences array is an object of its own, or written in an unusual way, which is not read here. */
function addTellingCodes(bytes: Buffer, codes: Set<number>): boolean {
  const key = '/Differences';
  for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + key.length)) {
    const end = bytes.indexOf(']', at);
    if (end < 0 || end - at > mostNames) return false;
    const array = bytes.toString('latin1', at + key.length, end);
    if (!/^\s*\[/.test(array) || /[%#]/.test(array)) return false;
    for (const [code, letters] of namedLetters(array.match(/\/[^\s/[]*|\d+/g) ?? []))
      if (letters !== String.fromCharCode(code)) codes.add(code);
  }
  return true;
}
