import { describe, expect, it } from 'vitest';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { pageText, parse } from './parsing.ts';

const write = temporaryFiles();

describe('extract-csv', () => {
  it('reads quoted cells, line breaks inside them, and semicolons with decimal commas', async () => {
    const quoted = await parse(write('a.csv', 'Name,Remark\r\n"Lark, Ada","Said ""yes""\nand left"\r\nRuan,\r\n'));
    expect(quoted.format).toBe('csv');
    expect(quoted.text).toBe('| Name | Remark |\n| Lark, Ada | Said "yes" and left |\n| Ruan |');
    const german = await parse(write('b.csv', 'Ort;Preis\nKöln;1.234,56\nBonn;7,00\n'));
    expect(german.text).toBe('| Ort | Preis |\n| Köln | 1.234,56 |\n| Bonn | 7,00 |');
    const named = await parse(write('c.csv', 'sep=|\nA|B\nx,y|z\n'));
    expect(named.text).toBe('| A | B |\n| x,y | z |');
    const tabs = await parse(write('d.tsv', 'A, B\tC\n1\t2\n'));
    expect(tabs.text).toBe('| A, B | C |\n| 1 | 2 |');
  });

  it('repeats the header in each part and names the rows', async () => {
    const rows = Array.from({ length: 250 }, (_, i) => `Station ${i},${i * 3}`);
    const document = await parse(write('long.csv', ['Station,Height', ...rows].join('\n')));
    expect(document.pages.map(({ label }) => label)).toEqual(['rows 1-101', 'rows 102-201', 'rows 202-251']);
    for (const page of document.pages) expect(pageText(document, page)).toMatch(/^\| Station \| Height \|\n/);
    expect(pageText(document, document.pages[1])).toContain('| Station 199 | 597 |');
    expect(document.text.match(/Station \d+ /g)).toHaveLength(250);
  });

  it('repeats no row of numbers, and takes a title above the table for none', async () => {
    const numbers = Array.from({ length: 120 }, (_, i) => `${i},${-i}.5`).join('\n');
    expect((await parse(write('numbers.csv', numbers))).text.match(/^\| 0 \|/gm)).toHaveLength(1);
    const titled = `Heights of the stations\n\nStation,Height\n${Array.from({ length: 150 }, (_, i) => `S${i},${i}`).join('\n')}`;
    const document = await parse(write('titled.csv', titled));
    expect(pageText(document, document.pages[1])).toMatch(/^\| Station \| Height \|/);
  });

  it('counts quotation marks that go wrong, and keeps the text of such rows', async () => {
    const document = await parse(write('bad.csv', 'A,B\n"open,1\nx,2\n'));
    expect(document.text).toContain('open');
    expect(document.notes.map(({ kind }) => kind)).toEqual(['malformed-rows']);
  });
});
