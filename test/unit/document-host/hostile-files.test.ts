/** Files made to hang a reader or fill its memory: each is soon read or refused with a sentence. */
import { describe, expect, it } from 'vitest';
import { odfBytes, xlsxBytes } from '../../fixtures/documents/office-inputs.ts';
import { handMadePdf } from '../../fixtures/documents/pdf-inputs.ts';
import { at, onePagePdf, streamObject } from '../../fixtures/documents/pdf-pages.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { docxParts, epubParts, paragraphXml, zipBytes } from '../../fixtures/documents/zip-inputs.ts';
import { failure, parse } from './parsing.ts';

const write = temporaryFiles();

const mapThatUses = (used: string): string =>
  streamObject(
    `/CIDInit /ProcSet findresource begin 12 dict begin begincmap /${used} usecmap /CMapName /X def 1 begincodespacerange <00> <FF> endcodespacerange ` +
      '1 beginbfrange <00> <FFFFFFFF> <0041> endbfrange '.repeat(1000) +
      '1 beginbfrange <20> <7E> <0020> endbfrange endcmap end end',
    '/UseCMap 6 0 R',
  );

/** A page tree in which each level has only the next one. */
function deepPageTree(levels: number): Buffer {
  const nodes = Array.from(
    { length: levels },
    (_, i) => `<</Type/Pages/Kids[${i + 3} 0 R]/Count 1${i > 0 ? `/Parent ${i + 1} 0 R` : ''}>>`,
  );
  return handMadePdf([
    '<</Type/Catalog/Pages 2 0 R>>',
    ...nodes,
    `<</Type/Page/Parent ${levels + 1} 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 ${levels + 4} 0 R>>>>/Contents ${levels + 3} 0 R>>`,
    streamObject(at(60, 700, 'At the bottom')),
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
  ]);
}

describe('PDF', () => {
  it.each([
    ['a letter map that uses itself and says a thousand times four thousand million letters', onePagePdf(at(60, 700, 'Shown text'), { font: '<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>', objects: [mapThatUses('X')] })], // biome-ignore format: one line each
    ['a drawing that draws itself', onePagePdf(`${at(60, 700, 'Shown text')}/X Do`, { resources: '/XObject<</X 6 0 R>>', objects: [streamObject('/X Do', '/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>')] })], // biome-ignore format: one line each
    ['a million brackets in the catalog', onePagePdf(at(60, 700, 'Shown text'), { catalog: `/X ${'['.repeat(1e6)}${']'.repeat(1e6)}` })], // biome-ignore format: one line each
    ['half a million states saved', onePagePdf(`${'q '.repeat(500_000)}${at(60, 700, 'Shown text')}`)],
    ['a rule for layers whose parts are itself, eight times', onePagePdf(`/OC /M BDC\n${at(60, 700, 'Shown text')}EMC`, { resources: '/Properties<</M 7 0 R>>', catalog: '/OCProperties<</OCGs[6 0 R]/D<</OFF[6 0 R]>>>>', objects: ['<</Type/OCG/Name(A)>>', '<</Type/OCMD/VE 8 0 R>>', `[/And${' 8 0 R'.repeat(8)}]`] })], // biome-ignore format: one line each
  ])('with %s is read', { timeout: 30_000 }, async (_, bytes) => {
    expect((await parse(write('hostile.pdf', bytes))).text).toContain('Shown text');
  });

  it('of pages a hundred thousand levels deep ends in a sentence', { timeout: 30_000 }, async () => {
    const { message } = await failure(parse(write('deep.pdf', deepPageTree(100_000))), 'DOC_FORMAT');
    expect(message).toMatch(/damaged/);
    expect((await parse(write('less-deep.pdf', deepPageTree(500)))).text).toContain('At the bottom');
  });
});

/** Each is refused with its own sentence, and no password is asked for. */
describe('what no password opens here', () => {
  const inUtf16 = Buffer.from('EncryptedPackage', 'utf16le');
  const encrypted = onePagePdf(at(60, 700, 'INSIDE')).toString('latin1');
  it.each([
    ['new.docx', Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(2000), inUtf16]), /protected by a password/], // biome-ignore format: one line each
    ['packed.docx', zipBytes(docxParts(paragraphXml('x')).map((part) => ({ ...part, flags: 1 }))), /encrypted archive/],
    ['strange.pdf', Buffer.from(encrypted.replace('/Root 1 0 R', '/Root 1 0 R/Encrypt<</Filter/Unknown/V 9>>'), 'latin1'), /encrypted in a way/], // biome-ignore format: one line each
  ])('%s', async (name, bytes, sentence) => {
    expect((await failure(parse(write(name, bytes)), 'DOC_PROTECTED')).message).toMatch(sentence);
  });
});

describe('archives that unpack to a thousand times their size are not opened', () => {
  const much = 'A'.repeat(40_000_000);
  it.each([
    ['docx', () => zipBytes(docxParts(paragraphXml(much)))],
    [
      'epub',
      () =>
        zipBytes(epubParts([{ file: 'a.xhtml', titles: ['A'], xhtml: `<html><body><p>${much}</p></body></html>` }])),
    ],
    ['xlsx', () => xlsxBytes({ sheets: [{ name: 'S', xml: `<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>${much}</t></is></c></row></sheetData>` }] })], // biome-ignore format: one line each
    ['odt', () => odfBytes({ kind: 'text', body: `<text:p>${much}</text:p>` })],
  ] as const)('%s', { timeout: 30_000 }, async (kind, bytes) => {
    const { message } = await failure(parse(write(`bomb.${kind}`, bytes())), 'DOC_BOMB');
    expect(message).toMatch(/unpacks to 38.1 MB/);
  });
});

describe('what repeats without measure', () => {
  it('is written out as far as a person would read it, and counted', { timeout: 30_000 }, async () => {
    const body =
      '<table:table table:name="S"><table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384" office:value-type="string"><text:p>rep</text:p></table:table-cell></table:table-row></table:table>';
    const { text, notes } = await parse(write('repeats.ods', odfBytes({ kind: 'spreadsheet', body })));
    expect(text.length).toBeLessThan(10_000_000);
    expect(notes.map(({ sentence }) => sentence)).toContainEqual(expect.stringMatching(/^1,048,\d+ rows that repeat/));
  });
});

describe('deep nesting', () => {
  const nested = (open: string, inside: string, close: string, n: number): string =>
    open.repeat(n) + inside + close.repeat(n);

  it.each([
    ['deep.html', nested('<div>', 'INSIDE', '</div>', 20_000)],
    ['deep-tables.html', nested('<table><tr><td>', 'INSIDE', '</td></tr></table>', 5000)],
    ['deep.xml', nested('<a>', 'INSIDE', '</a>', 1e6)],
    ['deep.json', nested('[', '"INSIDE"', ']', 1e6)],
    [
      'deep.md',
      `${'> '.repeat(100_000)}INSIDE\n\n${'- '.repeat(50_000)}x\n${'['.repeat(100_000)}a${']'.repeat(100_000)}`,
    ],
    ['deep.csv', `${'"'.repeat(1e6)}\nINSIDE`],
  ])('of %s is read', { timeout: 60_000 }, async (name, content) => {
    expect((await parse(write(name, Buffer.from(content)))).text).toContain('INSIDE');
  });

  it.each([
    ['deep.rtf', `{\\rtf1 ${nested('{', 'INSIDE', '}', 1e6)}}`],
    ['deep.ipynb', `{"cells":${nested('[', '', ']', 1e6)},"nbformat":4}`],
    ['deep.fodt', `<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:mimetype="application/vnd.oasis.opendocument.text"><office:body><office:text>${nested('<text:section>', '<text:p>INSIDE</text:p>', '</text:section>', 100_000)}</office:text></office:body></office:document>`], // biome-ignore format: one line each
    ['deep.eml', `${Array.from({ length: 20_000 }, (_, i) => `Content-Type: multipart/mixed; boundary="b${i}"\r\n\r\n--b${i}\r\n`).join('')}Content-Type: text/plain\r\n\r\nINSIDE\r\n`], // biome-ignore format: one line each
  ])('of %s ends in a sentence', { timeout: 60_000 }, async (name, content) => {
    await failure(parse(write(name, Buffer.from(content))), 'DOC_FORMAT');
  });
});
