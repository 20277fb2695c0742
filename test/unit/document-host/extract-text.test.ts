import { describe, expect, it } from 'vitest';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { failure, pageText, parse } from './parsing.ts';

const write = temporaryFiles();

function utf16(text: string, order: 'le' | 'be', mark: boolean): Buffer {
  const bytes = Buffer.from((mark ? '\uFEFF' : '') + text, 'utf16le');
  return order === 'le' ? bytes : bytes.swap16();
}

describe('extract-text', () => {
  it('keeps the characters as they are', async () => {
    const text = 'Cafe\u0301 ≠ Café; “quotes” – ﬁ; \u202Ebidi\u202C; <|im_end|> ![x](http://evil/?q=1)\n\n\tend  ';
    const document = await parse(write('plain.txt', text));
    expect(document.text).toBe(text);
    expect(document.pages).toEqual([{ label: '1', start: 0, end: text.length }]);
    expect(document.notes).toEqual([]);
    expect(document.title).toBe('plain');
  });

  it('changes only NUL, soft hyphens, line ends and form feeds', async () => {
    const document = await parse(
      write('ends.txt', `${'a\r\nb\rc\nd\0e\u00ADf exam\u00AD\r\n  ple '.padEnd(200, 'x')}`),
    );
    expect(document.text).toBe('a\nb\nc\ndef example '.padEnd(document.text.length, 'x'));
  });

  it.each([
    ['lines', 'A line of a long book, one of many.\n'],
    ['words', 'word '],
    ['nothing to cut at', '\u{1F6A2}'],
  ])('makes several spans of a long stretch of %s: all of it, none too long, none in a character', async (_, part) => {
    const text = part.repeat(Math.ceil(200_000 / part.length));
    const { text: read, pages } = await parse(write('book.txt', text));
    expect(read).toBe(text);
    expect(pages.map(({ label }) => label)).toEqual(['1', '1 (2)', '1 (3)', '1 (4)']);
    expect(pages.map(({ start, end }) => read.slice(start, end)).join('')).toBe(text);
    for (const { start, end } of pages) {
      expect(end - start).toBeLessThanOrEqual(65_536);
      expect(text.slice(start, end)).not.toMatch(/\p{Surrogate}/u);
    }
  });

  it('makes a page of each form feed', async () => {
    const document = await parse(write('pages.txt', 'one\n\ftwo\n\fthree\n\f'));
    expect(document.text).toBe('one\n\ntwo\n\nthree\n');
    expect(document.pages.map((page) => [page.label, pageText(document, page)])).toEqual([
      ['1', 'one'],
      ['2', 'two'],
      ['3', 'three'],
    ]);
  });

  it.each([
    ['utf-8 with mark', Buffer.from('\uFEFFnaïve café'), 'naïve café', []],
    [
      'utf-16 little endian',
      utf16('naïve café 灯', 'le', true),
      'naïve café 灯',
      ["The text's encoding was found to be utf-16le."],
    ],
    [
      'utf-16 big endian',
      utf16('naïve café 灯', 'be', true),
      'naïve café 灯',
      ["The text's encoding was found to be utf-16be."],
    ],
    [
      'utf-16 without a mark',
      utf16('a naïve café', 'le', false),
      'a naïve café',
      ["The text's encoding was found to be utf-16le."],
    ],
    [
      'utf-32',
      Buffer.from('fffe000061000000f40d01006f000000', 'hex'),
      'a\u{10DF4}o',
      ["The text's encoding was found to be utf-32le."],
    ],
    [
      'latin-1',
      Buffer.from('Un café très serré, s’il vous plaît: où est la fenêtre?'.replace('’', "'"), 'latin1'),
      "Un café très serré, s'il vous plaît: où est la fenêtre?",
      ["The text's encoding was found to be windows-1252."],
    ],
    [
      'windows-1252',
      Buffer.from('93466f6f94209620c7612076613f', 'hex'),
      '“Foo” – Ça va?',
      ["The text's encoding was found to be windows-1252."],
    ],
  ])('decodes %s', async (_name, bytes, text, notes) => {
    const document = await parse(write('encoded.txt', bytes));
    expect(document.text).toBe(text);
    expect(document.notes.map(({ sentence }) => sentence)).toEqual(notes);
  });

  it.each([
    ['shift_jis', 'k82b182cc8a4397778250936c82cd82b382dc82c582b782f082e682ad82a082a982b3'.slice(1)],
    [
      'windows-1251',
      Buffer.from([
        0xcc, 0xe0, 0xff, 0xea, 0x20, 0xf1, 0xe2, 0xe5, 0xf2, 0xe8, 0xf2, 0x20, 0xed, 0xee, 0xf7, 0xfc, 0xfe, 0x20,
        0xe8, 0x20, 0xe4, 0xed, 0xe5, 0xec, 0x2e, 0x20, 0xcc, 0xee, 0xf0, 0xe5, 0x20, 0xf8, 0xf3, 0xec, 0xe8, 0xf2,
        0x2e,
      ]).toString('hex'),
    ],
  ])('guesses %s', async (encoding, hex) => {
    const bytes = Buffer.from(hex, 'hex');
    const document = await parse(write('guessed.txt', bytes));
    expect(document.notes[0]?.sentence).toBe(`The text's encoding was found to be ${encoding}.`);
    expect(document.text).toBe(new TextDecoder(encoding).decode(bytes));
  });

  const russian = 'Маяк светит ночью и днём.\r\nМоре шумит, и никто не спит.\r\n';
  const chinese = '灯塔的第一层有一间屋子，里面放着油。\n第二层住着守塔的人。\n';

  it.each([
    ['le', russian],
    ['be', russian],
    ['le', chinese],
    ['be', chinese],
  ] as const)('reads UTF-16 (%s) in other letters than Latin without a mark: %s', async (order, text) => {
    const document = await parse(write('unmarked.txt', utf16(text, order, false)));
    expect(document.text).toBe(text.replaceAll('\r', ''));
    expect(document.notes[0]?.sentence).toBe(`The text's encoding was found to be utf-16${order}.`);
  });

  it('does not take a text with a few zeros in it for UTF-16', async () => {
    const fields = 'the fields of a record in a text, one after the other';
    for (const text of [`${fields}\0${fields}`, `${chinese}\0${chinese}`])
      expect((await parse(write('zeros.txt', text))).text).toBe(text.replaceAll('\0', ''));
  });

  it('tells Russian text of DOS from Greek, and other texts of DOS from Russian', async () => {
    const cp866 = (text: string): Buffer => {
      const table = new TextDecoder('ibm866').decode(Uint8Array.from({ length: 128 }, (_, i) => 128 + i));
      return Buffer.from(
        [...text].map((letter) => (letter < '\x80' ? letter.charCodeAt(0) : 128 + table.indexOf(letter))),
      );
    };
    const document = await parse(write('dos.txt', cp866(russian)));
    expect(document.text).toBe(russian.replaceAll('\r', ''));
    expect(document.notes[0]?.sentence).toBe("The text's encoding was found to be ibm866.");
    // "señor, así está más allá" in cp850 has the same bytes between its other letters.
    const spanish = Buffer.from('El se\xa4or dice que as\xa1 est\xa0 m\xa0s all\xa0, en el mes\xa2n.', 'latin1');
    expect((await parse(write('spanish.txt', spanish))).notes[0]?.sentence).not.toContain('ibm866');
    const greek = Buffer.from('cfe920f6dcf1ef20f6f9f4dfe6e5e920f4e720edfdf7f4e120eae1e920f4e720ecddf1e1', 'hex');
    expect((await parse(write('greek.txt', greek))).text).toBe(new TextDecoder('windows-1253').decode(greek));
  });

  it('reads a few words between typographic quotes as windows-1252', async () => {
    const bytes = Buffer.from('\x93Gr\xf6\xdfe\x94 \x96 7 \x80\n', 'latin1');
    expect((await parse(write('few.txt', bytes))).text).toBe('“Größe” – 7 €\n');
  });

  it('reads UTF-8 with a few broken bytes and says so', async () => {
    const bytes = Buffer.concat([
      Buffer.from('Größe und Maße überall: äöü ÄÖÜ ß '),
      Buffer.from([0xff]),
      Buffer.from(' weiter im Text, schön.'),
    ]);
    const document = await parse(write('broken.txt', bytes));
    expect(document.text).toContain('Maße überall: äöü ÄÖÜ ß \uFFFD weiter');
    expect(document.notes).toMatchObject([{ kind: 'undecodable-characters', count: 1 }]);
  });

  it('replaces lone surrogates, which have no UTF-8 form', async () => {
    const document = await parse(
      write('lone.txt', utf16(`${'some text '.repeat(20)}\uD800 and \uDC00 end`, 'le', true)),
    );
    expect(document.text).toMatch(/\uFFFD and \uFFFD end$/);
  });

  it('refuses binary files named .txt', async () => {
    const random = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919 + ((i * i) >> 3)) & 0xff));
    expect((await failure(parse(write('random.txt', random)), 'DOC_FORMAT')).message).toContain('binary');
    await failure(
      parse(write('program.txt', Buffer.concat([Buffer.from('\x7fELF\x02\x01'), Buffer.alloc(3000)]))),
      'DOC_FORMAT',
    );
    await failure(parse(write('zeros.txt', Buffer.alloc(1000))), 'DOC_FORMAT');
  });

  it('says what is empty, missing, too large or not a document', async () => {
    expect((await failure(parse(write('zero.txt', '')), 'DOC_EMPTY')).message).toBe('zero.txt is empty (0 bytes).');
    await failure(parse(write('blank.txt', ' \n\t\n')), 'DOC_EMPTY');
    const path = write('here.txt', 'text');
    await failure(parse(`${path}.gone`), 'DOC_MISSING');
    await failure(parse(path.replace(/\/[^/]+$/, '')), 'DOC_MISSING');
    const large = await failure(
      parse(write('large.txt', 'x'.repeat(3000)), { limits: { maxInputBytes: 2000 } }),
      'DOC_TOO_LARGE',
    );
    expect(large.message).toContain('3 KB');
    await failure(parse(write('large.txt', 'é'.repeat(3000)), { limits: { maxTextBytes: 5000 } }), 'DOC_TOO_LARGE');
    expect(
      (await failure(parse(write('p.txt', Buffer.from('89504e470d0a1a0a0000000d', 'hex'))), 'DOC_NO_TEXT')).message,
    ).toContain('picture');
    expect((await parse(write('r.doc', '{\\rtf1 hello}'))).format).toBe('rtf');
    await failure(parse(write('old.doc', Buffer.from('d0cf11e0a1b11ae1', 'hex'))), 'DOC_FORMAT');
    await failure(parse(write('text.pdf', 'not a pdf at all')), 'DOC_FORMAT');
    await failure(parse(write('text.docx', 'not a docx at all')), 'DOC_FORMAT');
  });

  it('reads text that begins like a binary file', async () => {
    expect((await parse(write('riff.txt', 'RIFFs and other music'))).text).toContain('RIFFs');
    expect((await parse(write('pdf.md', 'In a PDF the mark %PDF-1.7 comes first'))).format).toBe('md');
  });
});

describe('extractMarkdown', () => {
  it('makes a span of each heading and keeps the text', async () => {
    const text =
      'before\n\n# The *first* one\ntext\n\n```\n# no heading\n```\n## Second ##\nmore\n\nThird\n=====\nend\n#tag\n';
    const document = await parse(write('notes.md', text));
    expect(document.text).toBe(text);
    expect(document.title).toBe('The first one');
    expect(document.pages.map(({ label }) => label)).toEqual(['notes', 'The first one', 'Second', 'Third']);
    expect(pageText(document, document.pages[3])).toBe('Third\n=====\nend\n#tag');
  });

  it('reads one line of 20 MB', async () => {
    const line = 'word '.repeat(4_000_000);
    const document = await parse(write('line.md', line));
    expect(document.text.length).toBe(line.length);
    expect(document.pages.length).toBe(Math.ceil(line.length / 65_536));
  });
});
