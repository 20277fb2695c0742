import { describe, expect, it } from 'vitest';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { pageText, parse } from './parsing.ts';

const write = temporaryFiles();

describe('extract-html', () => {
  it('keeps text and structure, and nothing else', async () => {
    const document = await parse(
      write(
        'page.html',
        `<!doctype html><html><head><title>The lights</title><style>p{}</style></head><body>
        <script>alert(1)</script><h1>Lights</h1><p>Some <b>bold</b> and <a href="http://evil/?q=1">linked</a> text_with_marks * 1. x</p>
        <img src="http://evil/x.png" alt="a tower" onerror="alert(2)"><img src="file:///etc/passwd">
        <h2>Table</h2><table><tr><th>Name</th><th>Height</th></tr><tr><td>Corvane</td><td><p>41</p></td></tr></table>
        <ul><li>one</li><li>two</li></ul><p hidden>unseen</p><!-- comment --></body></html>`,
      ),
    );
    expect(document.title).toBe('The lights');
    expect(document.pages.map(({ label }) => label)).toEqual(['Lights', 'Table']);
    expect(pageText(document, document.pages[0])).toBe(
      '# Lights\n\nSome bold and linked text_with_marks * 1. x\n\n[a tower]',
    );
    expect(document.text).toContain('| Name | Height |\n| Corvane | 41 |');
    expect(document.text).toMatch(/-\s+one\n-\s+two/);
    expect(document.text).not.toMatch(/alert|evil|passwd|comment|unseen|p\{\}/);
  });

  it('unfolds tables that only lay out the page', async () => {
    const document = await parse(
      write(
        'layout.html',
        '<html><body><table><tr><td><h1>Left</h1><p>One.</p></td><td><p>Two.</p></td></tr></table></body></html>',
      ),
    );
    expect(document.text).toBe('# Left\n\nOne.\n\nTwo.');
  });

  it('uses the encoding that the page names', async () => {
    const html = '<html><head><meta charset="iso-8859-2"></head><body><p>Żółć</p></body></html>';
    const bytes = Buffer.from(html.replace('Żółć', '\xaf\xf3\xb3\xe6'), 'latin1');
    const document = await parse(write('polish.html', bytes));
    expect(document.text).toBe('Żółć');
    expect(document.notes).toMatchObject([{ kind: 'encoding', sentence: expect.stringContaining('iso-8859-2') }]);
  });

  it('reads a web page that is named .pdf, and says so', async () => {
    const document = await parse(write('invoice.pdf', '<!DOCTYPE html><html><body><p>Please log in</p></body></html>'));
    expect(document.format).toBe('html');
    expect(document.notes).toEqual([
      {
        kind: 'other-format',
        count: 1,
        sentence: 'The file is named .pdf but is a web page; it was read as such.',
      },
    ]);
  });

  it('survives deep nesting and unclosed tags', async () => {
    const deep = '<div>'.repeat(3000);
    await parse(write('deep.html', `<html><body>${deep}inside</body></html>`)).then(
      (document) => expect(document.text).toContain('inside'),
      (error: { code?: string }) => expect(error.code).toBe('DOC_FORMAT'),
    );
    expect((await parse(write('open.html', '<html><p>one<p>two<table><td>three'))).text).toContain('three');
  });
});
