import { describe, expect, it } from 'vitest';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { epubParts, zipBytes } from '../../fixtures/documents/zip-inputs.ts';
import { failure, pageText, parse } from './parsing.ts';

const write = temporaryFiles();
const xhtml = (body: string): string =>
  `<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd"><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>${body}</body></html>`;

const chapters = [
  {
    file: 'z first.xhtml',
    xhtml: xhtml('<a id="p0"/><p>It was dark&nbsp;&mdash; very dark.</p>'),
    titles: ['The night'],
  },
  { file: 'a.xhtml', xhtml: xhtml('<h1>Two</h1><p>Second.</p><h1>Three</h1><p>Third.</p>'), titles: ['Two', 'Three'] },
  { file: 'notes.xhtml', xhtml: xhtml('<h2>Notes</h2><p>Fourth.</p>'), titles: [] },
  { file: 'cover.xhtml', xhtml: xhtml('<img src="cover.jpg"/>'), titles: ['Cover'] },
];

describe('extract-epub', () => {
  it.each([2, 3] as const)('reads the chapters of an EPUB %i in spine order', async (version) => {
    const document = await parse(write('book.epub', zipBytes(epubParts(chapters, version))));
    expect(document.title).toBe("The Keeper's Book");
    expect(document.pages.map(({ label }) => label)).toEqual(['The night', 'Two', 'Three', 'Notes']);
    expect(pageText(document, document.pages[0])).toBe('It was dark\u00A0— very dark.');
    expect(pageText(document, document.pages[2])).toBe('# Three\n\nThird.');
    expect(document.notes).toEqual([]);
  });

  it('says which chapters are missing', async () => {
    const parts = epubParts(chapters).filter(({ name }) => !name.endsWith('notes.xhtml'));
    expect((await parse(write('hole.epub', zipBytes(parts)))).notes[0]?.sentence).toContain('1 chapter');
  });

  it('names pages that are not in the reading order, which are not read', async () => {
    const parts = epubParts(chapters).map((part) =>
      part.name.endsWith('.opf')
        ? {
            ...part,
            content: String(part.content).replace(
              '</manifest>',
              '<item id="apart" href="apart.xhtml" media-type="application/xhtml+xml"/></manifest>',
            ),
          }
        : part,
    );
    const folder = parts.find(({ name }) => name.endsWith('.opf'))?.name.replace(/[^/]*$/, '') ?? '';
    const apart = { name: `${folder}apart.xhtml`, content: xhtml('<p>On its own.</p>') };
    const { notes } = await parse(write('apart.epub', zipBytes([...parts, apart])));
    expect(notes.map(({ sentence }) => sentence)).toEqual([
      '1 chapter is in the file but not in its reading order, and not read: apart.xhtml.',
    ]);
  });

  it('refuses books under DRM, but not books with obfuscated fonts', async () => {
    const encryption = (algorithm: string, uri: string) => ({
      name: 'META-INF/encryption.xml',
      content: `<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:EncryptionMethod Algorithm="${algorithm}"/><enc:CipherData><enc:CipherReference URI="${uri}"/></enc:CipherData></enc:EncryptedData></encryption>`,
    });
    const locked = encryption('http://www.w3.org/2001/04/xmlenc#aes256-cbc', 'OEBPS/a.xhtml');
    await failure(parse(write('drm.epub', zipBytes(epubParts(chapters, 3, [locked])))), 'DOC_PROTECTED');
    const fonts = encryption('http://www.idpf.org/2008/embedding', 'OEBPS/font.otf');
    expect((await parse(write('fonts.epub', zipBytes(epubParts(chapters, 3, [fonts]))))).pages).toHaveLength(4);
  });

  it('refuses damaged and dangerous books', async () => {
    const parts = epubParts(chapters);
    await failure(parse(write('a.epub', zipBytes(parts.filter(({ name }) => !name.endsWith('.opf'))))), 'DOC_FORMAT');
    await failure(parse(write('b.epub', zipBytes([...parts, { name: '../x', content: 'x' }]))), 'DOC_FORMAT');
    await failure(
      parse(write('c.epub', zipBytes([...parts, { name: 'x', content: new Uint8Array(2_000_000) }]))),
      'DOC_BOMB',
    );
    await failure(parse(write('d.epub', zipBytes(epubParts([])))), 'DOC_FORMAT');
    const bomb = xhtml('<p>&l9;</p>').replace(
      '.dtd">',
      `.dtd" [<!ENTITY l0 "lol"><!ENTITY l9 "${'&l0;'.repeat(100)}">]>`,
    );
    const document = await parse(write('e.epub', zipBytes(epubParts([{ file: 'a.xhtml', xhtml: bomb, titles: [] }]))));
    expect(document.text.length).toBeLessThan(10);
  });
});
