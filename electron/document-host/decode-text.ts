/**
 * Decodes bytes: by the byte order mark, else by UTF-16's pattern of zero bytes, else as valid UTF-8, else by a guess. Notes which
 * encoding was used, and refuses binary files.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { AppError } from '../contract/errors.ts';
import { are, plural, were } from '../contract/number-words.ts';
import { guessEncoding, knownLabel, mostlyUtf8, unmarkedUtf16 } from './guess-encoding.ts';
import type { ImportNotes } from './import-notes.ts';

const maxMixedLines = 2_000_000;

/** `declared`: the encoding that the document names (HTML meta); it is used if the bytes do not show another one. */
export function decodeText(bytes: Uint8Array, name: string, notes: ImportNotes, declared?: string): string {
  const { encoding, markBytes } = encodingOf(bytes, declared);
  const content = bytes.subarray(markBytes);
  if (encoding === undefined) {
    const mixed = mixedLines(content);
    if (mixed) {
      const sentence = `The text mixes encodings: ${plural(mixed.lines, 'line')} ${were(mixed.lines)} read as ${mixed.encoding}, the others as utf-8.`;
      notes.add({ kind: 'encoding', count: 1, sentence });
      return checked(mixed.text, 'utf-8', name, notes);
    }
  }
  let label = encoding ?? (mostlyUtf8(content) ? 'utf-8' : guessEncoding(content));
  let text = decode(content, label);
  if (encoding === undefined && label !== 'windows-1252' && looksBinary(text)) {
    // A guess from a few words between typographic quotes is often wrong.
    const western = decode(content, 'windows-1252');
    if (!looksBinary(western)) [label, text] = ['windows-1252', western];
  }
  return checked(text, label, name, notes);
}

/** Decodes a part that names its encoding (XML, XHTML), without a note. */
export function decodePart(bytes: Uint8Array): string {
  const { encoding, markBytes } = encodingOf(bytes, declaredEncoding(bytes));
  const content = bytes.subarray(markBytes);
  return decode(content, encoding ?? (mostlyUtf8(content) ? 'utf-8' : guessEncoding(content)));
}

/** The encoding that HTML 4 and 5, XHTML or XML name in their first 4 KB, in ASCII. */
export function declaredEncoding(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(4096, bytes.length)).toString('latin1');
  return /<\?xml[^>]{0,200}encoding\s*=\s*["']([\w:.-]+)|<meta[^>]{0,200}charset\s*=\s*["']?([\w:.-]+)/i
    .exec(head)
    ?.slice(1)
    .find(Boolean);
}

/** The encoding that the bytes show, else the declared one. */
function encodingOf(bytes: Uint8Array, declared?: string): { encoding: string | undefined; markBytes: number } {
  const mark = byteOrderMark(bytes);
  if (mark) return { encoding: mark.encoding, markBytes: mark.length };
  const label = knownLabel(declared);
  const isEscaped = label?.startsWith('iso-2022'); // all of its bytes are ASCII
  const encoding = unmarkedUtf16(bytes) ?? (isEscaped ? label : isUtf8(bytes) ? 'utf-8' : label);
  return { encoding: encoding === 'utf-8' && !isUtf8(bytes) ? undefined : encoding, markBytes: 0 };
}

/** For files joined from several ones: some lines are UTF-8, the others in one older encoding. */
function mixedLines(bytes: Uint8Array): { text: string; encoding: string; lines: number } | undefined {
  const other: Uint8Array[] = []; // lines that are not UTF-8
  const lines: { bytes: Uint8Array; isUtf8: boolean }[] = [];
  let valid = 0; // lines that are UTF-8 and not merely ASCII
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(10, at);
    const line = bytes.subarray(at, newline < 0 ? bytes.length : newline + 1);
    at += line.length;
    const isValid = isUtf8(line);
    lines.push({ bytes: line, isUtf8: isValid });
    if (!isValid) other.push(line);
    else if (!isAscii(line)) valid++;
    if (lines.length > maxMixedLines) return undefined;
  }
  // A line in another encoding is hardly ever valid UTF-8 by chance.
  if (valid < 2 || other.length > 3 * valid) return undefined;
  const joined = Buffer.concat(other);
  if (mostlyUtf8(joined)) return undefined; // a few broken bytes
  const encoding = guessEncoding(joined);
  const text = lines.map((line) => decode(line.bytes, line.isUtf8 ? 'utf-8' : encoding)).join('');
  return { text, encoding, lines: other.length };
}

function byteOrderMark(bytes: Uint8Array): { encoding: string; length: number } | undefined {
  const [a, b, c, d] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return { encoding: 'utf-8', length: 3 };
  if (a === 0xff && b === 0xfe && c === 0 && d === 0 && bytes.length % 4 === 0)
    return { encoding: 'utf-32le', length: 4 };
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return { encoding: 'utf-32be', length: 4 };
  if (a === 0xff && b === 0xfe) return { encoding: 'utf-16le', length: 2 };
  if (a === 0xfe && b === 0xff) return { encoding: 'utf-16be', length: 2 };
  return undefined;
}

function decode(bytes: Uint8Array, encoding: string): string {
  if (encoding === 'windows-1252') return decodeWindows1252(bytes);
  if (encoding.startsWith('utf-32')) return decodeUtf32(bytes, encoding === 'utf-32le');
  return new TextDecoder(encoding).decode(bytes);
}

// Bytes 80 to 9F in windows-1252; the five undefined ones stay control characters, as in the WHATWG table.
const c1Letters = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008DŽ\u008F\u0090‘’“”•–—˜™š›œ\u009DžŸ';

/** Some versions of Node decode windows-1252 as ISO-8859-1, which turns quotes and dashes into control characters. */
function decodeWindows1252(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('latin1')
    .replace(/[\u0080-\u009F]/g, (char) => c1Letters.charAt(char.charCodeAt(0) - 0x80));
}

function checked(text: string, encoding: string, name: string, notes: ImportNotes): string {
  if (looksBinary(text)) {
    throw new AppError(
      'DOC_FORMAT',
      `${name} is a binary file, not text. Open it in its own program and save it as PDF or text.`,
    );
  }
  if (encoding !== 'utf-8')
    notes.add({ kind: 'encoding', count: 1, sentence: `The text's encoding was found to be ${encoding}.` });
  noteUndecodable(text, encoding, notes);
  return text;
}

/** `encoding`: the encoding with which the text was decoded. */
export function noteUndecodable(text: string, encoding: string, notes: ImportNotes): void {
  const broken = countOf(text, '\uFFFD');
  if (broken === 0) return;
  const sentence = `${plural(broken, 'character')} could not be read as ${encoding} and ${are(broken)} shown as \uFFFD.`;
  notes.add({ kind: 'undecodable-characters', count: broken, sentence });
}

function countOf(text: string, char: string): number {
  let n = 0;
  for (let at = text.indexOf(char); at >= 0; at = text.indexOf(char, at + 1)) n++;
  return n;
}

/** Whether more than 1 in 50 characters at the beginning, the middle or the end are ones that no text contains. */
function looksBinary(text: string): boolean {
  const window = 32 * 1024;
  const middle = Math.max(0, (text.length - window) >> 1);
  const samples = [text.slice(0, window), text.slice(middle, middle + window), text.slice(-window)];
  return samples.some((sample) => {
    let odd = 0;
    for (let i = 0; i < sample.length; i++) {
      const c = sample.charCodeAt(i);
      // C0 except bell to carriage return and escape (terminal logs, manuals); DEL and C1; undecodable bytes; non-characters.
      if ((c < 0x20 && !(c >= 7 && c <= 13) && c !== 27) || (c >= 0x7f && c < 0xa0) || c === 0xfffd || c >= 0xfffe)
        odd++;
    }
    return odd > sample.length / 50;
  });
}

function decodeUtf32(bytes: Uint8Array, littleEndian: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: string[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const codes: number[] = [];
    for (; at + 4 <= bytes.length && codes.length < 8192; at += 4) {
      const code = view.getUint32(at, littleEndian);
      codes.push(code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? 0xfffd : code);
    }
    parts.push(String.fromCodePoint(...codes));
  }
  return parts.join('');
}
