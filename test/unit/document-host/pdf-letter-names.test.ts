/** Whether a PDF's glyph names tell more than the glyphs' codes is found without PDFium; where it cannot be found, the answer is yes. */
import { randomInt } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { isDigit, isLetter, isMark, isToTheLeft, kindOfCode } from '../../../electron/document-host/pdf-characters.ts';
import { namedLetters, tellingCodes } from '../../../electron/document-host/pdf-letter-names.ts';

/** A file with an encoding as an object of its own and one in an object stream. */
function file(plain: string, packed: string, { entries = '', bytes = deflateSync(Buffer.from(packed)) } = {}): Buffer {
  return Buffer.concat([
    Buffer.from(`%PDF-1.5\n1 0 obj<</Type/Catalog>>endobj\n5 0 obj${plain}endobj\n`),
    Buffer.from(
      `6 0 obj<</Type /ObjStm /N 1 /First 4 /Filter /FlateDecode ${entries} /Length ${bytes.length}>>\nstream\r\n`,
    ),
    bytes,
    Buffer.from('\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n'),
  ]);
}

const usual = '<</Differences[39/quotesingle 48/zero/one 65/A/B 96/grave/.notdef]>>';

describe('names of glyphs', () => {
  it('tell nothing where each letter has its own code and no name has parts', () => {
    expect(tellingCodes(file(usual, `7 0 ${usual}`))).toEqual(new Set());
  });

  it.each(['f_i', 'T_h', 'a.sc', 'uni01C4', 'seven.taboldstyle', 'B'])('tell more with /%s', (name) => {
    const code = randomInt(1, 31);
    const telling = `<</Differences [ ${code} /${name} ]>>`;
    expect(tellingCodes(file(telling, usual))).toEqual(new Set([code]));
    expect(tellingCodes(file(usual, telling))).toEqual(new Set([code]));
    expect([...namedLetters([`${code}`, `/${name}`])]).toHaveLength(1);
  });

  it.each<[why: string, bytes: Buffer]>([
    ['is encrypted', Buffer.concat([file(usual, usual), Buffer.from('trailer<</Encrypt 9 0 R>>')])],
    ['has a damaged stream', file(usual, '', { bytes: Buffer.from('no deflated bytes') })],
    ['packs rows of bytes', file(usual, usual, { entries: '/DecodeParms<</Predictor 12>>' })],
    ['unpacks to too much', file(usual, '', { bytes: deflateSync(Buffer.alloc(40 * 1024 * 1024, 0x20)) })],
    ['has its names elsewhere', file('<</Differences 12 0 R>>', usual)],
    ['has names written as numbers', file('<</Differences[1/f#5Fi]>>', usual)],
    ['is cut off', file(usual, usual).subarray(0, 200)],
  ])('may tell more where the file %s', (_why, bytes) => {
    expect(tellingCodes(bytes)).toBeUndefined();
  });
});

it('a character has the same kind as by the regular expressions, when it is asked again too', () => {
  for (let i = 0; i < 3000; i++) {
    const code = randomInt(1, i % 10 === 0 ? 0x20000 : 0x3000);
    const character = String.fromCodePoint(code);
    for (let again = 0; again < 2; again++) {
      const kind = kindOfCode(code);
      expect([isLetter, isMark, isDigit, isToTheLeft].map((flag) => (kind & flag) !== 0)).toEqual([
        /\p{L}/u.test(character),
        /\p{M}/u.test(character),
        /\p{Nd}/u.test(character),
        /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u.test(character),
      ]);
    }
  }
});
