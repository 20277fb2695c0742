/** Reads dictionaries of a PDF whose objects are not packed: the part of the syntax that is needed here. */

/** A reference is "12 0 R", a name is "/Off", a string is its bytes. */
export type PdfValue = string | Buffer | PdfValue[] | Map<string, PdfValue>;

const mostDepth = 20;
const mostItems = 100_000;
const mostObjects = 1_000_000;

const longestToken = 256; // bytes
const [slash, less, greater] = [0x2f, 0x3c, 0x3e];
const endsToken = new Uint8Array(256); // by byte: 1 for white space and delimiters
for (const byte of Buffer.from('\t\n\v\f\r \u00A0<>[](){}/%', 'latin1')) endsToken[byte] = 1;

interface Objects {
  starts: number[]; // where each begins, in the file's order
  byNumber: Map<number, number>; // the first of each number
}

export class DictReader {
  readonly #bytes: Buffer;
  #at = 0;
  #found: Objects | undefined;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The value after the last `key` in the file. */
  find(key: string): PdfValue | undefined {
    const at = this.#bytes.lastIndexOf(key, undefined, 'latin1');
    return at < 0 ? undefined : this.#read(at + key.length);
  }

  /** Resolves a reference; any other value is returned as it is. */
  get(value: PdfValue | undefined): PdfValue | undefined {
    const number = typeof value === 'string' ? /^(\d+) \d+ R$/.exec(value)?.[1] : undefined;
    if (number === undefined) return value;
    const start = this.#objects().byNumber.get(Number(number));
    return start === undefined ? undefined : this.#read(start);
  }

  /** The dictionaries that are objects of their own and contain this name. */
  dictionaries(name: string): Map<string, PdfValue>[] {
    const found: Map<string, PdfValue>[] = [];
    const { starts } = this.#objects();
    let next = 0; // index in `starts`: an object is read once, even if it contains the name several times
    for (let at = this.#bytes.indexOf(name, 0, 'latin1'); at >= 0 && found.length < mostItems; ) {
      let start: number | undefined;
      for (; (starts[next] ?? Number.POSITIVE_INFINITY) <= at; next++) start = starts[next];
      const value = start === undefined ? undefined : this.#read(start);
      if (value instanceof Map && [...value.values()].includes(name)) found.push(value);
      at = this.#bytes.indexOf(name, at + name.length, 'latin1');
    }
    return found;
  }

  entry(dictionary: PdfValue | undefined, key: string): PdfValue | undefined {
    return dictionary instanceof Map ? this.get(dictionary.get(`/${key}`)) : undefined;
  }

  /** The items of an array; references are not resolved. */
  items(array: PdfValue | undefined): PdfValue[] {
    return Array.isArray(array) ? array : [];
  }

  /** The positions of all objects, searched once, because a file may have as many references as objects. */
  #objects(): Objects {
    if (this.#found) return this.#found;
    const bytes = this.#bytes;
    const found: Objects = { starts: [], byNumber: new Map() };
    const word = ' obj';
    for (let at = bytes.indexOf(word, 0, 'latin1'); at >= 0 && found.starts.length < mostObjects; ) {
      const start = at + word.length;
      const number = /(?:^|[\n\r ])(\d+) 0$/.exec(bytes.toString('latin1', Math.max(0, at - 20), at))?.[1];
      found.starts.push(start);
      if (number !== undefined && !found.byNumber.has(Number(number))) found.byNumber.set(Number(number), start);
      at = bytes.indexOf(word, start, 'latin1');
    }
    this.#found = found;
    return found;
  }

  #read(at: number): PdfValue | undefined {
    this.#at = at;
    return this.#value(0);
  }

  #value(depth: number): PdfValue | undefined {
    const token = this.#token();
    if (token === undefined || depth > mostDepth) return undefined;
    if (token === '<<') {
      const entries = new Map<string, PdfValue>();
      for (let key = this.#token(); key?.startsWith('/') && entries.size < mostItems; key = this.#token()) {
        const value = this.#value(depth + 1);
        if (value === undefined) break;
        entries.set(key, value);
      }
      return entries;
    }
    if (token === '[') {
      const items: PdfValue[] = [];
      while (items.length < mostItems) {
        const value = this.#value(depth + 1);
        if (value === undefined || value === ']') break;
        items.push(value);
      }
      return items;
    }
    if (token === '(') return this.#literal();
    if (token === '<') return this.#hex();
    if (!/^\d+$/.test(token)) return token;
    const after = this.#at;
    const generation = this.#token();
    if (generation !== undefined && /^\d+$/.test(generation) && this.#token() === 'R')
      return `${token} ${generation} R`;
    this.#at = after;
    return token;
  }

  #token(): string | undefined {
    const bytes = this.#bytes;
    while (this.#at < bytes.length && (bytes[this.#at] as number) <= 0x20) this.#at++;
    if (this.#at >= bytes.length) return undefined;
    const start = this.#at++;
    const first = bytes[start] as number;
    if (first === slash || endsToken[first] === 0) {
      const end = Math.min(bytes.length, start + longestToken);
      while (this.#at < end && endsToken[bytes[this.#at] as number] === 0) this.#at++;
    } else if ((first === less || first === greater) && bytes[this.#at] === first) this.#at++;
    return bytes.toString('latin1', start, this.#at);
  }

  #literal(): Buffer {
    const out: number[] = [];
    const escapes: Record<string, number> = { n: 10, r: 13, t: 9, b: 8, f: 12 };
    for (let depth = 1; this.#at < this.#bytes.length && out.length < 10_000; ) {
      const byte = this.#bytes[this.#at++] as number;
      if (byte === 0x5c) {
        const octal = /^[0-7]{1,3}/.exec(this.#bytes.toString('latin1', this.#at, this.#at + 3))?.[0];
        if (octal) {
          out.push(Number.parseInt(octal, 8) & 0xff);
          this.#at += octal.length;
        } else {
          const next = this.#bytes[this.#at++] as number;
          out.push(escapes[String.fromCharCode(next)] ?? next);
        }
        continue;
      }
      if (byte === 0x28) depth++;
      if (byte === 0x29 && --depth === 0) break;
      out.push(byte);
    }
    return Buffer.from(out);
  }

  #hex(): Buffer {
    const end = this.#bytes.indexOf(0x3e, this.#at);
    const digits =
      end < 0 ? '' : this.#bytes.toString('latin1', this.#at, Math.min(end, this.#at + 10_000)).replace(/\s/g, '');
    this.#at = end < 0 ? this.#bytes.length : end + 1;
    return Buffer.from(digits.length % 2 === 0 ? digits : `${digits}0`, 'hex');
  }
}

/** A name unchanged; a string decoded as a PDF text string: UTF-16 or UTF-8 with its byte order mark, else one byte for each letter. */
export function textOf(value: PdfValue | undefined): string {
  if (typeof value === 'string') return value;
  if (!Buffer.isBuffer(value)) return '';
  if (value[0] === 0xfe && value[1] === 0xff) {
    return Buffer.from(value.subarray(2, value.length & ~1))
      .swap16()
      .toString('utf16le');
  }
  if (value[0] === 0xef && value[1] === 0xbb && value[2] === 0xbf) return value.toString('utf8', 3);
  return value.toString('latin1');
}
