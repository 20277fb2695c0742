import { describe, expect, it } from 'vitest';
import {
  cyclicPdf,
  filledForm,
  greyPng,
  pdfBytes,
  scannedPdf,
  wrongCountPdf,
} from '../../fixtures/documents/pdf-inputs.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { failure, pageText, parse } from './parsing.ts';

const write = temporaryFiles();
const sentence = 'The lamp was lit at dusk and the keeper wrote down the hour before he climbed the stair again. ';

describe('extract-pdf', () => {
  it('gives one span per page, labelled by number', async () => {
    const bytes = await pdfBytes((pdf) => {
      pdf.text('First page.').addPage().text('Second page.').addPage().text('Third page.');
    });
    const document = await parse(write('three.pdf', bytes));
    expect(document.format).toBe('pdf');
    expect(document.title).toBe('three');
    expect(document.pages.map(({ label }) => label)).toEqual(['1', '2', '3']);
    expect(document.pages.map((page) => pageText(document, page))).toEqual([
      'First page.',
      'Second page.',
      'Third page.',
    ]);
    expect(document.notes).toEqual([]);
  });

  it('takes the title from the PDF unless it is a file name', async () => {
    const titled = (title: string) => pdfBytes((pdf) => pdf.text('Text.'), { info: { Title: title } });
    expect((await parse(write('t1.pdf', await titled('The Keeper’s Book')))).title).toBe('The Keeper’s Book');
    expect((await parse(write('t2.pdf', await titled('Microsoft Word - draft3.doc')))).title).toBe('t2');
  });

  it('puts paragraphs together and keeps them apart', async () => {
    const bytes = await pdfBytes((pdf) => {
      pdf.fontSize(18).text('A heading that is so long that it needs a second line on this page').moveDown(0.5);
      pdf.fontSize(11).text(sentence.repeat(4).trim()).moveDown(0.6).text('Another paragraph.');
    });
    const { text } = await parse(write('paragraphs.pdf', bytes));
    expect(text).toBe(
      `A heading that is so long that it needs a second line on this page\n\n${sentence.repeat(4).trim()}\n\nAnother paragraph.`,
    );
  });

  it('reads two columns one after the other', async () => {
    const left = 'Left column says that the north light is white. '.repeat(12).trim();
    const right = 'Right column says that the south light is red. '.repeat(12).trim();
    const bytes = await pdfBytes((pdf) => {
      pdf.fontSize(10).text(left, 50, 80, { width: 220 }).text(right, 320, 80, { width: 220 });
    });
    expect((await parse(write('columns.pdf', bytes))).text).toBe(`${left}\n\n${right}`);
  });

  it('keeps the rows of a table and the items of a list on lines of their own', async () => {
    const bytes = await pdfBytes((pdf) => {
      pdf.fontSize(10);
      for (const [i, row] of [
        ['Station', 'Height'],
        ['Corvane', '41'],
        ['Ruan', '12'],
      ].entries()) {
        for (const [c, cell] of row.entries()) pdf.text(cell, 50 + c * 200, 80 + i * 14, { lineBreak: false });
      }
      pdf.text('1. Wind the clock.', 50, 200).text('2. Trim the wick and clean the glass.').text('3. Light the lamp.');
    });
    const { text } = await parse(write('table.pdf', bytes));
    expect(text).toContain('Station\tHeight\nCorvane\t41\nRuan\t12');
    expect(text).toContain('1. Wind the clock.\n2. Trim the wick and clean the glass.\n3. Light the lamp.');
  });

  it('joins words that were broken at a line end, and keeps real hyphens', async () => {
    const bytes = await pdfBytes((pdf) => {
      pdf.fontSize(11);
      for (const line of [
        'The storm of the year was quite extra-',
        'ordinary, said the well-known keeper, a self-',
        'taught man who was known as self-taught and well-',
        'known on the route of the Anglo-',
        'Danish mail.',
      ]) {
        pdf.text(line);
      }
    });
    expect((await parse(write('hyphens.pdf', bytes))).text).toBe(
      'The storm of the year was quite extraordinary, said the well-known keeper, a self-taught man who was known as self-taught and well-known on the route of the Anglo-Danish mail.',
    );
  });

  it('reads letters beyond ASCII', async () => {
    const bytes = await pdfBytes((pdf) => pdf.text('Île d’Ouessant: “naïve” café, Größe 5 €, smørrebrød – ñandú'));
    expect((await parse(write('letters.pdf', bytes))).text).toBe(
      'Île d’Ouessant: “naïve” café, Größe 5 €, smørrebrød – ñandú',
    );
  });

  it('reads what is filled into a form', async () => {
    const { text } = await parse(write('form.pdf', filledForm('Name of the keeper:', 'Ruth Abernathy')));
    expect(text.split(/\n+/)).toEqual(['Name of the keeper:', 'Ruth Abernathy']);
  });

  it('asks for the password, says when it is wrong, and opens with it', async () => {
    const bytes = await pdfBytes((pdf) => pdf.text('Secret text.'), {
      userPassword: 'opensesame',
      ownerPassword: 'x',
      pdfVersion: '1.7',
    });
    const path = write('locked.pdf', bytes);
    expect((await failure(parse(path), 'DOC_ENCRYPTED')).message).toBe(
      'locked.pdf is protected by a password. Enter it to open the file.',
    );
    expect((await failure(parse(path, { password: 'wrong' }), 'DOC_ENCRYPTED')).message).toContain('not right');
    expect((await parse(path, { password: 'opensesame' })).text).toBe('Secret text.');
  });

  it('opens a file that only its owner locked', async () => {
    const bytes = await pdfBytes((pdf) => pdf.text('Free to read.'), { ownerPassword: 'owner' });
    expect((await parse(write('owner.pdf', bytes))).text).toBe('Free to read.');
  });

  it('says which pages of a scan have no text', async () => {
    expect((await failure(parse(write('scan.pdf', await scannedPdf(12))), 'DOC_NO_TEXT')).message).toContain(
      '12 pages (1-12)',
    );
    const mixed = await pdfBytes((pdf) => {
      pdf.text('Typed.');
      for (let i = 0; i < 3; i++) pdf.addPage().image(greyPng(), 50, 50);
      pdf.addPage().text('Typed again.').addPage().image(greyPng(), 50, 50);
    });
    const document = await parse(write('mixed.pdf', mixed));
    expect(document.notes).toEqual([
      { kind: 'pages-without-text', count: 4, sentence: 'Pages 2-4, 6 have no text (blank or scanned).' },
    ]);
    expect(document.pages).toHaveLength(6);
    expect(pageText(document, document.pages[4])).toBe('Typed again.');
    expect(pageText(document, document.pages[2])).toBe('');
  });

  it('refuses broken files with a sentence', async () => {
    const whole = await pdfBytes((pdf) => pdf.text(sentence.repeat(100)));
    await failure(parse(write('cut.pdf', whole.subarray(0, 700))), 'DOC_FORMAT');
    await failure(parse(write('head.pdf', '%PDF-1.7\n')), 'DOC_FORMAT');
    await failure(parse(write('cyclic.pdf', cyclicPdf)), 'DOC_FORMAT');
    await failure(parse(write('boasting.pdf', wrongCountPdf)), 'DOC_FORMAT');
  });

  it('refuses more pages and more text than allowed', async () => {
    const path = write(
      'long.pdf',
      await pdfBytes((pdf) => pdf.text(sentence).addPage().text(sentence).addPage().text(sentence)),
    );
    expect((await failure(parse(path, { limits: { maxPages: 2 } }), 'DOC_TOO_LARGE')).message).toContain('3 pages');
    await failure(parse(path, { limits: { maxTextBytes: 150 } }), 'DOC_TOO_LARGE');
  });
});
