/** Guesses the encoding of bytes that have no mark, with chardet and what chardet does not know: UTF-16 without a mark and cp866. Pure. */
import { isUtf8 } from 'node:buffer';
import { analyse } from 'chardet';

const guessBytes = 128 * 1024;
const leastZeros = 0.01; // of the characters
const leastLetters = 8; // by which cp866 is told from others

/** TextDecoder's name of the encoding; undefined: it does not know it. */
export function knownLabel(label: string | undefined): string | undefined {
  if (!label) return undefined;
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

/**
 * Text in Latin letters as UTF-16 has a zero in nearly every second byte, always on the same side. Text in others has zeros where it has
 * spaces and line ends.
 */
export function unmarkedUtf16(bytes: Uint8Array): string | undefined {
  const n = Math.min(bytes.length, guessBytes) & ~1;
  let even = 0; // zero bytes at even offsets
  let odd = 0;
  for (let i = 0; i < n; i += 2) {
    if (bytes[i] === 0) even++;
    if (bytes[i + 1] === 0) odd++;
  }
  const pairs = n / 2;
  if (pairs >= 2 && odd > 0.4 * pairs && even < 0.02 * pairs) return 'utf-16le';
  if (pairs >= 2 && even > 0.4 * pairs && odd < 0.02 * pairs) return 'utf-16be';
  if (Math.max(odd, even) < leastZeros * pairs) return undefined;
  // Some letters end with a zero too, such as the Chinese number one, but in the other order few bytes are letters.
  const orders = odd > even ? (['utf-16le', 'utf-16be'] as const) : (['utf-16be', 'utf-16le'] as const);
  return orders.find((encoding) => isTextOf(bytes.subarray(0, n), encoding));
}

/** Whether the bytes are a text in UTF-16, and are not those of a text in letters of one byte with a few zeros in it. */
function isTextOf(bytes: Uint8Array, encoding: 'utf-16le' | 'utf-16be'): boolean {
  const strange = bytes.filter((byte) => byte > 0x7e || (byte > 0 && byte < 0x20 && !(byte >= 9 && byte <= 13)));
  if (strange.length < 0.1 * bytes.length || isUtf8WithZeros(bytes)) return false;
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: true });
    return !/[^\P{C}\t\n\v\f\r\p{Cf}]/u.test(text);
  } catch {
    return false;
  }
}

/** Chinese in UTF-8 with zeros in between, in contrast to Cyrillic in UTF-16, whose bytes are valid UTF-8 with control characters. */
function isUtf8WithZeros(bytes: Uint8Array): boolean {
  return isUtf8(bytes.filter((byte) => byte > 0)) && !bytes.some((byte) => byte > 0 && byte < 9);
}

/** UTF-8 with a few broken bytes (a cut log, a patched file): most bytes above 127 form valid sequences. */
export function mostlyUtf8(bytes: Uint8Array): boolean {
  const text = new TextDecoder('utf-8').decode(firstNonAscii(bytes));
  let broken = 0;
  let valid = 0;
  for (const char of text) {
    if (char === '\uFFFD') broken++;
    else if (char > '\u007F') valid++;
  }
  return valid > 10 * broken;
}

function firstNonAscii(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (at < bytes.length && (bytes[at] as number) < 0x80) at++;
  const start = Math.max(0, at - 64);
  return bytes.subarray(start, start + guessBytes);
}

const otherLatin = /^(iso-8859-(2|9)|windows-125[0478])$/; // WHATWG reads ISO-8859-1 as windows-1252, -9 as -1254

export function guessEncoding(bytes: Uint8Array): string {
  if (isCp866(bytes)) return 'ibm866';
  const guesses = analyse(firstNonAscii(bytes)).flatMap(({ name, confidence }) => {
    const label = confidence > 0 ? knownLabel(name) : undefined;
    return label && !label.startsWith('utf-') ? [{ label, confidence }] : [];
  });
  const best = guesses[0];
  if (!best) return 'windows-1252';
  // Short texts score alike in all Latin sets, of which windows-1252 is by far the likeliest.
  const western = guesses.find(({ label }) => label === 'windows-1252');
  return western && otherLatin.test(best.label) && western.confidence >= best.confidence / 2
    ? western.label
    : best.label;
}

/**
 * Russian text of DOS, which chardet does not know. In its table most small letters are at A0 to AF, where other sets have signs; most other
 * texts would give frames or single letters between others.
 */
function isCp866(bytes: Uint8Array): boolean {
  const sample = firstNonAscii(bytes);
  const high = sample.filter((byte) => byte > 0x7f);
  if (high.length < leastLetters) return false;
  const share = (from: number, to: number): number =>
    high.filter((byte) => byte >= from && byte <= to).length / high.length;
  const letters = share(0x80, 0xaf) + share(0xe0, 0xf1);
  const inWords = new TextDecoder('ibm866').decode(sample).match(/\p{Script=Cyrillic}{2,}/gu) ?? [];
  return (
    letters > 0.97 && share(0xa0, 0xaf) > 0.4 && inWords.reduce((sum, word) => sum + word.length, 0) > 0.9 * high.length
  );
}
