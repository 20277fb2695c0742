import { describe, expect, it } from 'vitest';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { failure, parse } from './parsing.ts';

const write = temporaryFiles();

describe('extract-ipynb', () => {
  it('reads cells and outputs in order, and counts pictures', async () => {
    const notebook = {
      nbformat: 4,
      metadata: { language_info: { name: 'python' } },
      cells: [
        { cell_type: 'markdown', source: ['# Heights\n', 'Of the *stations*.'] },
        {
          cell_type: 'code',
          source: 'print(41)',
          outputs: [
            { output_type: 'stream', name: 'stdout', text: ['41\n'] },
            { output_type: 'execute_result', data: { 'text/plain': ['42'] } },
            { output_type: 'display_data', data: { 'image/png': 'AAAA', 'text/plain': '<Figure size 640x480>' } },
            { output_type: 'error', ename: 'ValueError', evalue: '\u001b[31mbad\u001b[0m', traceback: [] },
          ],
        },
        { cell_type: 'markdown', source: '## Next\nText.' },
      ],
    };
    const document = await parse(write('a.ipynb', JSON.stringify(notebook)));
    expect(document.format).toBe('ipynb');
    expect(document.title).toBe('Heights');
    expect(document.text).toBe(
      '# Heights\nOf the *stations*.\n\n```python\nprint(41)\n```\n\n```output\n41\n```\n\n```output\n42\n```\n\n```output\nValueError: bad\n```\n\n## Next\nText.',
    );
    expect(document.pages.map(({ label }) => label)).toEqual(['Heights', 'Next']);
    expect(document.notes).toMatchObject([{ kind: 'pictures', count: 1 }]);
  });

  it('reads a data frame as a table, and fences around code that has fences', async () => {
    const html = '<table><tr><th></th><th>a</th></tr><tr><td>0</td><td>7</td></tr></table>';
    const cells = [
      { cell_type: 'code', source: '"```"\n```', outputs: [] },
      { cell_type: 'code', source: 'df', outputs: [{ output_type: 'execute_result', data: { 'text/html': html } }] },
    ];
    const { text } = await parse(write('b.ipynb', JSON.stringify({ cells })));
    expect(text).toContain('````\n"```"\n```\n````');
    expect(text).toMatch(/\| 0 \| 7 \|/);
  });

  it('reads tracebacks and JSON, and names outputs that have no text', async () => {
    const output = (data: unknown): unknown => ({ output_type: 'display_data', data });
    const outputs = [
      {
        output_type: 'error',
        ename: 'KeyError',
        evalue: "'b'",
        traceback: ['\u001b[31m--> 1 d["b"]\u001b[0m', "KeyError: 'b'"],
      },
      output({ 'application/vnd.raw.v1+json': { apples: 2 } }),
      output({ 'text/html': '<p>Seven <b>lamps</b></p>', 'text/plain': '<IPython.core.display.HTML object>' }),
      output({ 'application/x-model': 'AAAA' }),
      { output_type: 7, text: 'x' },
      'no output',
    ];
    const document = await parse(
      write('g.ipynb', JSON.stringify({ cells: [{ cell_type: 'code', source: 'f()', outputs }] })),
    );
    expect(document.text).toContain('--> 1 d["b"]\nKeyError: \'b\'');
    expect(document.text).toContain('{"apples":2}');
    expect(document.text).toContain('Seven lamps');
    expect(document.notes).toMatchObject([
      { kind: 'parts-not-read', count: 2, names: ['application/x-model', 'damaged'] },
    ]);
  });

  it('reads notebooks of version 3, and says what is damaged', async () => {
    const old = {
      worksheets: [
        {
          cells: [
            { cell_type: 'heading', level: 2, source: 'Old' },
            { cell_type: 'code', input: 'x = 1', outputs: [{ output_type: 'pyout', text: ['1'] }] },
            {
              cell_type: 'code',
              input: '',
              outputs: [{ output_type: 'display_data', html: ['<p>Two</p>'], png: 'AA' }],
            },
          ],
        },
      ],
    };
    expect((await parse(write('c.ipynb', JSON.stringify(old)))).text).toBe(
      '## Old\n\n```\nx = 1\n```\n\n```output\n1\n```\n\n```output\nTwo\n```',
    );
    await failure(parse(write('d.ipynb', '{"cells": 1}')), 'DOC_FORMAT');
    await failure(parse(write('e.ipynb', `${'['.repeat(200_000)}`)), 'DOC_FORMAT');
  });
});
