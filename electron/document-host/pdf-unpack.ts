/**
 * Unpacks the objects of a PDF from its object streams without PDFium, which takes much longer. Only for plain files: one revision, not
 * encrypted, and no filter but Flate. Pure.
 */
import { inflateSync } from 'node:zlib';

const mostBytes = 64 * 1024 * 1024; // of the file
const mostUnpacked = 32 * 1024 * 1024; // bytes
const mostStreams = 10_000;
const mostInStream = 100_000; // objects; writers put a few hundred into one
const mostInHeader = 24; // bytes of an object's number and offset
const dictionaryBytes = 2000; // of an object stream; a longer dictionary is not read here

/**
 * The file with its packed objects after it, each as an object of its own; undefined: it is not a plain file. Objects that the file does not
 * use any more are among them.
 */
export function unpackedBytes(file: Buffer): Buffer | undefined {
  if (file.length > mostBytes) return undefined;
  // Each revision of a file ends with this word.
  if (file.includes('/Encrypt') || file.indexOf('startxref') !== file.lastIndexOf('startxref')) return undefined;
  const parts: Buffer[] = [file];
  let left = mostUnpacked;
  let streams = 0;
  for (let at = file.indexOf('/ObjStm'); at >= 0; at = file.indexOf('/ObjStm', at + 1)) {
    const objects = ++streams > mostStreams ? undefined : packedObjects(file, at, left);
    if (!objects) return undefined;
    left -= objects.length;
    parts.push(objects);
  }
  return Buffer.concat(parts);
}

function packedObjects(file: Buffer, at: number, most: number): Buffer | undefined {
  const from = file.lastIndexOf(' obj', at);
  const to = file.indexOf('stream', at);
  if (most <= 0 || from < 0 || to < 0 || to - from > dictionaryBytes) return undefined;
  const dictionary = file.toString('latin1', from, to);
  const number = (key: string): number => Number(new RegExp(`/${key} (\\d+)(?! \\d+ R)\\b`).exec(dictionary)?.[1]);
  const [n, first, length] = [number('N'), number('First'), number('Length')];
  const isPlain =
    /\/Filter\s*(\/FlateDecode|\[\s*\/FlateDecode\s*\])/.test(dictionary) && !dictionary.includes('/DecodeParms');
  if (!isPlain || !(n <= mostInStream && first <= mostInHeader * n && length >= 0)) return undefined;
  const start = to + 'stream'.length + (file[to + 6] === 0x0d ? 2 : 1);
  let bytes: Buffer;
  try {
    bytes = inflateSync(file.subarray(start, start + length), { maxOutputLength: most });
  } catch {
    return undefined;
  }
  const header = bytes.toString('latin1', 0, first).trim().split(/\s+/).map(Number);
  const numbers = header.filter((_, i) => i % 2 === 0);
  const offsets = header.filter((_, i) => i % 2 === 1);
  if (header.length !== 2 * n || header.some(Number.isNaN)) return undefined;
  if (offsets.some((offset, i) => offset < (offsets[i - 1] ?? 0))) return undefined;
  const bodies = bytes.toString('latin1', first);
  const objects = numbers.map((each, i) => `\n${each} 0 obj\n${bodies.slice(offsets[i], offsets[i + 1])}\nendobj\n`);
  return Buffer.from(objects.join(''), 'latin1');
}
