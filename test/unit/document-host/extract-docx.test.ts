import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Document, HeadingLevel, Packer, Paragraph, Table, TableCell, TableRow, TextRun } from 'docx';
import { describe, expect, it } from 'vitest';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { docxParts, linkedPictureXml, paragraphXml, zipBytes } from '../../fixtures/documents/zip-inputs.ts';
import { failure, pageText, parse } from './parsing.ts';

const write = temporaryFiles();

describe('extract-docx', () => {
  it('keeps headings, paragraphs, lists and tables', async () => {
    const cell = (text: string): TableCell => new TableCell({ children: [new Paragraph(text)] });
    const bytes = await Packer.toBuffer(
      new Document({
        title: 'The keeper’s handbook',
        sections: [
          {
            children: [
              new Paragraph({ text: 'Duties', heading: HeadingLevel.HEADING_1 }),
              new Paragraph({
                children: [
                  new TextRun('Light the '),
                  new TextRun({ text: 'lamp', bold: true }),
                  new TextRun(' at dusk.'),
                ],
              }),
              new Paragraph({ text: 'Hours', heading: HeadingLevel.HEADING_2 }),
              new Table({
                rows: [
                  new TableRow({ children: [cell('Name'), cell('Hour')] }),
                  new TableRow({ children: [cell('Ruth'), cell('9 & 10')] }),
                ],
              }),
            ],
          },
        ],
      }),
    );
    const document = await parse(write('handbook.docx', bytes));
    expect(document.format).toBe('docx');
    expect(document.title).toBe('The keeper’s handbook');
    expect(document.pages.map(({ label }) => label)).toEqual(['Duties', 'Hours']);
    expect(pageText(document, document.pages[0])).toBe('# Duties\n\nLight the lamp at dusk.');
    expect(document.text).toContain('| Name | Hour |\n| Ruth | 9 & 10 |');
  });

  it('reads nothing that the document points to', async () => {
    let hits = 0;
    const server = createServer((_request, response) => {
      hits++;
      response.end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const secret = write('secret.txt', 'the-secret');
    const targets = {
      r1: 'file:///etc/passwd',
      r2: `file://${secret}`,
      r3: `http://127.0.0.1:${port}/x.png`,
      r4: '../../../../etc/passwd',
    };
    const body = paragraphXml('Before.') + Object.keys(targets).map(linkedPictureXml).join('') + paragraphXml('After.');
    const document = await parse(write('links.docx', zipBytes(docxParts(body, targets))));
    expect(document.text).toBe(
      'Before.\n\n[a lighthouse]\n\n[a lighthouse]\n\n[a lighthouse]\n\n[a lighthouse]\n\nAfter.',
    );
    expect(hits).toBe(0);
    server.close();
  });

  it('takes out document type declarations, entity bombs and all', async () => {
    const levels = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
    const prolog = `<!DOCTYPE lolz [<!ENTITY l0 "lol"><!ENTITY x SYSTEM "file:///etc/passwd">${levels}]>`;
    const document = await parse(
      write('bomb.docx', zipBytes(docxParts(paragraphXml('A&l9;B&x;C &amp; &#233;'), {}, prolog))),
    );
    expect(document.text).toBe('ABC & é');
  });

  it('refuses bombs, escapes, damage and other archives', async () => {
    const parts = docxParts(paragraphXml('text'));
    await failure(
      parse(write('a.docx', zipBytes([...parts, { name: 'word/media/x', content: new Uint8Array(3_000_000) }]))),
      'DOC_BOMB',
    );
    await failure(parse(write('b.docx', zipBytes([...parts, { name: '../../x', content: 'x' }]))), 'DOC_FORMAT');
    await failure(parse(write('c.docx', zipBytes(docxParts('<w:p><w:r>')))), 'DOC_FORMAT');
    await failure(parse(write('d.docx', zipBytes(docxParts('')))), 'DOC_EMPTY');
    await failure(parse(write('e.docx', zipBytes(parts).subarray(0, 600))), 'DOC_FORMAT');
    expect(
      (await failure(parse(write('f.xlsx', zipBytes([{ name: 'xl/workbook.bin', content: '<x/>' }]))), 'DOC_FORMAT'))
        .message,
    ).toContain('Excel');
    expect(
      (await failure(parse(write('g.zip', zipBytes([{ name: 'a.txt', content: 'x' }]))), 'DOC_FORMAT')).message,
    ).toContain('archive');
  });

  it('leaves archives inside the archive alone', async () => {
    const inner = zipBytes([{ name: 'huge', content: new Uint8Array(900_000) }]);
    const document = await parse(
      write(
        'nested.docx',
        zipBytes([...docxParts(paragraphXml('Outer text.')), { name: 'word/inner.zip', content: inner }]),
      ),
    );
    expect(document.text).toBe('Outer text.');
  });
});
