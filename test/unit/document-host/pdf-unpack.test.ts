/** Objects packed in a PDF's object streams are unpacked without PDFium, and only where the file is a plain one. */
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DictReader } from '../../../electron/document-host/pdf-dict.ts';
import { unpackedBytes } from '../../../electron/document-host/pdf-unpack.ts';

const objects = ['<</Type/Font/BaseFont/Quill/Encoding 8 0 R>>', '<</Differences[27/f_i 28/f_l]>>'];

interface Stream {
  header?: string;
  entries?: string; // of its dictionary
  packed?: Buffer;
  n?: number;
}

/** A file with a plain object, and the objects 7 and 8 in an object stream. */
function file({ header, entries = '', packed, n = 2 }: Stream = {}, end = 'startxref\n0\n%%EOF\n'): Buffer {
  const head = header ?? `7 0 8 ${objects[0]?.length} `;
  const bytes = packed ?? deflateSync(Buffer.from(head + objects.join('')));
  return Buffer.concat([
    Buffer.from('%PDF-1.5\n1 0 obj<</Type/Catalog>>endobj\n'),
    Buffer.from(
      `6 0 obj<</Type /ObjStm /N ${n} /First ${head.length} /Filter /FlateDecode ${entries} /Length ${bytes.length}>>\nstream\r\n`,
    ),
    bytes,
    Buffer.from(`\nendstream endobj\n${end}`),
  ]);
}

describe('the packed objects of a file', () => {
  it('are found by their numbers and their types', () => {
    const reader = new DictReader(unpackedBytes(file()) as Buffer);
    const [font] = reader.dictionaries('/Font');
    expect(font?.get('/BaseFont')).toBe('/Quill');
    expect(reader.entry(reader.entry(font, 'Encoding'), 'Differences')).toEqual(['27', '/f_i', '28', '/f_l']);
    expect(reader.get('1 0 R')).toEqual(new Map([['/Type', '/Catalog']]));
  });

  it.each<[why: string, bytes: Buffer]>([
    ['is encrypted', file({}, 'trailer<</Encrypt 9 0 R>>\nstartxref\n0\n%%EOF\n')],
    ['has two revisions', file({}, 'startxref\n0\n%%EOF\n8 0 obj<<>>endobj\nstartxref\n0\n%%EOF\n')],
    ['is damaged', file({ packed: Buffer.from('no deflated bytes') })],
    ['packs rows of bytes', file({ entries: '/DecodeParms<</Predictor 12>>' })],
    ['says it has more objects than it has', file({ n: 3 })],
    ['has objects that overlap', file({ header: '7 40 8 0 ' })],
    ['says it has millions of objects', file({ n: 5_000_000 })],
    ['unpacks to too much', file({ packed: deflateSync(Buffer.alloc(40 * 1024 * 1024, 0x20)) })],
    ['is cut off', file().subarray(0, 120)],
  ])('are left to PDFium where the file %s', (_why, bytes) => {
    expect(unpackedBytes(bytes)).toBeUndefined();
  });
});
