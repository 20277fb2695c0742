import { describe, expect, it } from 'vitest';
import { xlsxBytes } from '../../fixtures/documents/office-inputs.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { zipBytes } from '../../fixtures/documents/zip-inputs.ts';
import { failure, pageText, parse } from './parsing.ts';

const write = temporaryFiles();
const cell = (ref: string, value: string, more = ''): string => `<c r="${ref}" ${more}><v>${value}</v></c>`;

describe('extract-xlsx', () => {
  it('reads header and footer of the printed sheet once, without their codes', async () => {
    const sheet = (name: string) => ({
      name,
      xml: `<sheetData><row r="1">${cell('A1', '7')}</row></sheetData><headerFooter><oddHeader>&amp;L&amp;"Arial,Bold"&amp;12Oil &amp;&amp; wicks&amp;CDraft of May&amp;RPage &amp;P</oddHeader><oddFooter>&amp;CPage &amp;P of &amp;N</oddFooter><firstHeader>&amp;D</firstHeader></headerFooter>`,
    });
    const { text } = await parse(write('print.xlsx', xlsxBytes({ sheets: [sheet('One')] })));
    expect(text).toBe('# One\n\n| 7 |\n\n[Header: Oil & wicks Draft of May Page]\n\n[Footer: Page of]');
  });

  it('shows dates and numbers as the sheet does, text, truth and errors, and gaps between cells', async () => {
    const bytes = xlsxBytes({
      strings: ['<t>Station</t>', '<r><t>Cor</t></r><r><t>vane</t></r><rPh><t>x</t></rPh>', '<t>Lit on</t>'],
      formats: ['d. mmmm yyyy', '#,##0.00 &quot;kg&quot;', '0.0%'],
      sheets: [
        {
          name: 'Lamps &amp; oil',
          xml: `<sheetData><row r="2">${cell('A2', '0', 't="s"')}${cell('C2', '2', 't="s"')}</row>
            <row r="3">${cell('A3', '1', 't="s"')}${cell('C3', '45000', 's="1"')}${cell('D3', '1234.5', 's="2"')}${cell('E3', '0.125', 's="3"')}</row>
            <row r="4"><c r="A4" t="inlineStr"><is><t>Ruan</t></is></c>${cell('C4', '45000', 's="4"')}${cell('D4', '0.30000000000000004')}${cell('E4', '1', 't="b"')}${cell('F4', '#DIV/0!', 't="e"')}</row></sheetData>`,
        },
      ],
    });
    const document = await parse(write('a.xlsx', bytes));
    expect(document.format).toBe('xlsx');
    expect(document.text).toBe(
      '# Lamps & oil\n\n| Station |  | Lit on |\n| Corvane |  | 15. March 2023 | 1,234.50 kg | 12.5% |\n| Ruan |  | 2023-03-15 | 0.3 | TRUE | #DIV/0! |',
    );
    expect(document.notes).toMatchObject([{ kind: 'sheets', count: 1 }]);
  });

  it('repeats merged cells and the header of each part, and reads the date system of 1904', async () => {
    const rows = Array.from(
      { length: 150 },
      (_, i) => `<row r="${i + 2}">${cell(`A${i + 2}`, `${i}`)}${cell(`B${i + 2}`, '43538', 's="1"')}</row>`,
    );
    const head =
      '<row r="1"><c r="A1" t="inlineStr"><is><t>Number</t></is></c><c r="B1" t="inlineStr"><is><t>Day</t></is></c></row>';
    const merged = `<row r="152"><c r="A152" t="inlineStr"><is><t>End</t></is></c></row><row r="153"/>`;
    const bytes = xlsxBytes({
      workbook: '<workbookPr date1904="1"/>',
      formats: ['yyyy-mm-dd'],
      sheets: [
        {
          name: 'Long',
          xml: `<sheetData>${head}${rows.join('')}${merged}</sheetData><mergeCells><mergeCell ref="A152:B153"/></mergeCells>`,
        },
      ],
    });
    const document = await parse(write('b.xlsx', bytes));
    expect(document.pages.map(({ label }) => label)).toEqual(['Long: rows 1-101', 'Long: rows 102-153']);
    expect(pageText(document, document.pages[1])).toMatch(/^# Long\n\n\| Number \| Day \|\n\| 100 \| 2023-03-15 \|/);
    expect(document.text).toMatch(/\| End \| End \|\n\| End \| End \|$/);
  });

  it('tells hidden sheets and rows, comments, formulas without a value, and pictures', async () => {
    const office = 'http://schemas.openxmlformats.org';
    const bytes = xlsxBytes({
      sheets: [
        {
          name: 'Seen',
          xml: `<cols><col min="3" max="3" hidden="1"/></cols><sheetData><row r="1" hidden="1">${cell('A1', '7')}<c r="B1"><f>A1*2</f></c></row><row r="2"><c r="A2"><f>A1+1</f><v>8</v></c></row></sheetData>`,
          relations: [
            { id: 'c', kind: 'comments', target: '../comments1.xml' },
            { id: 'd', kind: 'drawing', target: '../drawings/drawing1.xml' },
          ],
        },
        { name: 'Unseen', state: 'veryHidden', xml: `<sheetData><row>${cell('A1', '9')}</row></sheetData>` },
      ],
      parts: [
        {
          name: 'xl/comments1.xml',
          content: `<comments xmlns="${office}/spreadsheetml/2006/main"><authors><author>Ada</author></authors><commentList><comment ref="A2" authorId="0"><text><r><t>check this</t></r></text></comment></commentList></comments>`,
        },
        {
          name: 'xl/drawings/drawing1.xml',
          content: `<xdr:wsDr xmlns:xdr="${office}/drawingml/2006/spreadsheetDrawing" xmlns:a="${office}/drawingml/2006/main"><xdr:twoCellAnchor><xdr:sp><xdr:txBody><a:p><a:r><a:t>Beside the table</a:t></a:r></a:p></xdr:txBody></xdr:sp></xdr:twoCellAnchor><xdr:twoCellAnchor><xdr:pic><xdr:nvPicPr><xdr:cNvPr id="1" name="p"/></xdr:nvPicPr></xdr:pic></xdr:twoCellAnchor></xdr:wsDr>`,
        },
      ],
    });
    const document = await parse(write('c.xlsx', bytes));
    expect(document.text).toContain('| 7 | =A1*2 |\n| 8 [Comment by Ada: check this] |');
    expect(document.text).toContain('Beside the table');
    expect(document.text).toContain('# Unseen\n\n| 9 |');
    expect(document.notes.map(({ kind, count }) => [kind, count])).toEqual([
      ['sheets', 2],
      ['hidden-sheets', 1],
      ['hidden-rows', 2],
      ['comments', 1],
      ['formulas-without-value', 1],
      ['pictures', 1],
    ]);
  });

  it('ends hostile workbooks in a sentence', async () => {
    await failure(
      parse(write('cut.xlsx', xlsxBytes({ sheets: [{ name: 'x', xml: '<sheetData><row>' }] }))),
      'DOC_FORMAT',
    );
    await failure(parse(write('empty.xlsx', xlsxBytes({ sheets: [{ name: 'x', xml: '' }] }))), 'DOC_EMPTY');
    const merged = xlsxBytes({
      sheets: [
        {
          name: 'x',
          xml: `<sheetData>${Array.from({ length: 300 }, (_, i) => `<row r="${i + 1}">${cell(`A${i + 1}`, `${i}`)}</row>`).join('')}</sheetData><mergeCells>${'<mergeCell ref="A1:XFD1048576"/>'.repeat(50)}</mergeCells>`,
        },
      ],
    });
    expect((await parse(write('merged.xlsx', merged))).text.length).toBeLessThan(5_000_000);
    const binary = zipBytes([{ name: 'xl/workbook.bin', content: 'x' }]);
    expect((await failure(parse(write('d.xlsb', binary)), 'DOC_FORMAT')).message).toContain('XLSX');
  });
});
