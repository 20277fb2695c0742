import { describe, expect, it } from 'vitest';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { type EpubChapter, epubParts, type ZipInput, zipBytes } from '../../fixtures/documents/zip-inputs.ts';
import { failure, pageText, parse } from './parsing.ts';

const write = temporaryFiles();
const xhtml = (body: string, encoding = 'utf-8', head = ''): string =>
  `<?xml version="1.0" encoding="${encoding}"?><html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>t</title>${head}</head><body>${body}</body></html>`;
const chapter = (file: string, body: string): EpubChapter => ({ file, xhtml: xhtml(body), titles: [] });
const replaced = (parts: ZipInput[], file: string, change: Partial<ZipInput>): ZipInput[] =>
  parts.map((part) => (part.name === `OEBPS/${file}` ? { ...part, ...change } : part));

describe('chapters of an EPUB', () => {
  it('show notes that a reader pops up, and name a chapter that the list of files does not have', async () => {
    const parts = epubParts([
      chapter(
        'a.xhtml',
        '<p>One<a epub:type="noteref" href="#n">1</a>.</p><aside id="n" epub:type="footnote" hidden="hidden"><p>By law.</p></aside><p hidden="hidden">gone</p>',
      ),
    ]);
    const opf = parts.find(({ name }) => name.endsWith('.opf')) as ZipInput;
    opf.content = `${opf.content}`.replace('</spine>', '<itemref idref="appendix"/></spine>');
    const { text, notes } = await parse(write('popup.epub', zipBytes(parts)));
    expect(text).toBe('One[1].\n\nBy law.');
    expect(notes).toMatchObject([
      { kind: 'missing-chapters', names: ['appendix'] },
      { kind: 'hidden-text', count: 1 },
    ]);
  });

  it('are read in the encoding that each names', async () => {
    const parts = epubParts([
      chapter('a.xhtml', ''),
      chapter('b.xhtml', ''),
      chapter('c.xhtml', ''),
      chapter('d.xhtml', '<p>Größe 4</p>'),
    ]);
    const wide = Buffer.from(`\uFEFF${xhtml('<p>Größe 3</p>', 'utf-16')}`, 'utf16le');
    const book = replaced(
      replaced(
        replaced(parts, 'a.xhtml', { content: Buffer.from(xhtml('<p>Größe 1</p>', 'iso-8859-1'), 'latin1') }),
        'b.xhtml',
        {
          content: Buffer.from(
            '<html><head><meta charset="windows-1251"/></head><body><p>\xcc\xee\xf0\xe5 2</p></body></html>',
            'latin1',
          ),
        },
      ),
      'c.xhtml',
      { content: wide },
    );
    const { text, notes } = await parse(write('encodings.epub', zipBytes(book)));
    expect(text.split('\n\n')).toEqual(['Größe 1', 'Море 2', 'Größe 3', 'Größe 4']);
    expect(notes).toEqual([]);
  });

  it('cost no more than themselves when they are damaged or missing, and are named', async () => {
    const parts = epubParts([
      chapter('a.xhtml', '<p>One.</p>'),
      chapter('b.xhtml', '<p>Two.</p>'),
      chapter('c.xhtml', '<p>Three.</p>'),
      chapter('d.xhtml', `${'<div>'.repeat(20_000)}Deep.`),
    ]);
    const book = replaced(parts, 'b.xhtml', { declaredCrc: 1 }).filter(({ name }) => !name.endsWith('c.xhtml'));
    const { text, notes } = await parse(write('damaged.epub', zipBytes(book)));
    expect(text).toBe('One.\n\nDeep.');
    expect(notes).toMatchObject([
      { kind: 'missing-chapters', count: 1, names: ['c.xhtml'], sentence: expect.stringContaining('c.xhtml') },
      { kind: 'chapters-unreadable', count: 1, names: ['b.xhtml'], sentence: expect.stringContaining('b.xhtml') },
    ]);
    const all = parts.map((part) => (part.name.endsWith('.xhtml') ? { ...part, declaredCrc: 1 } : part));
    await failure(parse(write('all.epub', zipBytes(all))), 'DOC_FORMAT');
  });

  it.each([
    ['escaped in the archive too', 'a%20b.xhtml', 'OEBPS/a%20b.xhtml'],
    ['escaped in the list only', 'a%20b.xhtml', 'OEBPS/a b.xhtml'],
    ['composed and decomposed', 'caf%C3%A9.xhtml', 'OEBPS/cafe\u0301.xhtml'],
    ['decomposed and composed', 'cafe\u0301.xhtml', 'OEBPS/café.xhtml'],
    ['of another case', 'Text/Chapter.XHTML', 'OEBPS/text/chapter.xhtml'],
    ['with a plus and a percent', 'a+b 100%.xhtml', 'OEBPS/a+b 100%.xhtml'],
    ['from the root', '/OEBPS/root.xhtml', 'OEBPS/root.xhtml'],
  ])('are found when their name is %s', async (_name, href, name) => {
    const parts = epubParts([chapter('HREF', '<p>Found.</p>')]).map((part) => ({
      ...part,
      name: part.name === 'OEBPS/HREF' ? name : part.name,
      content: typeof part.content === 'string' ? part.content.replace('href="HREF"', `href="${href}"`) : part.content,
    }));
    expect((await parse(write('names.epub', zipBytes(parts)))).text).toBe('Found.');
  });

  it('keep notes, readings, spans and what is hidden apart, as pages do', async () => {
    const { text, notes, pages } = await parse(
      write(
        'marks.epub',
        zipBytes(
          epubParts(
            [
              {
                file: 'a.xhtml',
                xhtml: xhtml(
                  `<h1>One</h1><p>Rose 5<a epub:type="noteref" href="#n1">3</a> percent; <ruby>漢<rt>かん</rt></ruby>; x<sup>2</sup>.</p><p class="no">Unseen.</p>
                 <table><tr><td rowspan="2">North</td><td>4</td></tr><tr><td>6</td></tr></table><aside epub:type="footnote" id="n1"><p>Audited.</p></aside><img src="m.png"/>`,
                  'utf-8',
                  '<link rel="stylesheet" href="../style/book.css"/>',
                ),
                titles: ['First'],
              },
            ],
            3,
            [{ name: 'style/book.css', content: '.no{display:none}' }],
          ),
        ),
      ),
    );
    expect(text).toBe('# One\n\nRose 5[3] percent; 漢(かん); x².\n\n| North | 4 |\n| North | 6 |\n\nAudited.');
    expect(pages.map(({ label }) => label)).toEqual(['First']);
    expect(notes.map(({ kind, count }) => [kind, count])).toEqual([
      ['hidden-text', 1],
      ['pictures', 1],
    ]);
  });

  it('are called by a nested table of contents', async () => {
    const nav = `<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body><nav epub:type="toc"><ol><li><span>Part I</span><ol><li><a href="a.xhtml">First\n chapter</a><ol><li><a href="b.xhtml#x">Second</a></li></ol></li></ol></li></ol></nav><nav epub:type="landmarks"><a href="c.xhtml">Start</a></nav></body></html>`;
    const parts = replaced(
      epubParts([chapter('a.xhtml', '<p>1</p>'), chapter('b.xhtml', '<p>2</p>'), chapter('c.xhtml', '<h2>Own</h2>')]),
      'nav.xhtml',
      { content: nav },
    );
    const document = await parse(write('nested.epub', zipBytes(parts)));
    expect(document.pages.map((page) => [page.label, pageText(document, page)])).toEqual([
      ['First chapter', '1'],
      ['Second', '2'],
      ['Own', '## Own'],
    ]);
  });

  it('are found in a package whose elements have a prefix', async () => {
    const parts = epubParts([chapter('a.xhtml', '<p>Text.</p>')]).map((part) =>
      part.name.endsWith('.opf') && typeof part.content === 'string'
        ? {
            ...part,
            content: part.content.replace(/<(\/?)(package|metadata|manifest|item|spine|itemref)\b/g, '<$1opf:$2'),
          }
        : part,
    );
    expect((await parse(write('prefix.epub', zipBytes(parts)))).text).toBe('Text.');
  });
});
