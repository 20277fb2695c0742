/**
 * The documents that evidence is measured on, made as PDF files from test/model/texts/evidence: one in two columns, one of numbered
 * sections with a list, one with tables, and two with all of these, written after the finder was. Each has facts, and questions that
 * it does not answer.
 */
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import PDFDocument from 'pdfkit';

const folder = fileURLToPath(new URL('./texts/evidence/', import.meta.url));
const margin = 50; // points
const gap = 20;

export interface EvidenceFact {
  question: string;
  /** An answer that contains this is right. */
  expected: string;
  /** How the sentence or table row with the fact begins or goes on. */
  sentence: string;
}

export interface EvidenceText {
  name: string;
  columns: 1 | 2;
  facts: EvidenceFact[];
  unanswerable: string[];
}

const linesOf = (file: string) =>
  readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '');

export const evidenceTexts: EvidenceText[] = (
  [
    ['railway', 2],
    ['heatpump', 1],
    ['council', 1],
    ['glassworks', 1],
    ['expedition', 1],
  ] as const
).map(([name, columns]) => ({
  name,
  columns,
  facts: linesOf(`${name}.facts`).map((line) => {
    const [question = '', expected = '', sentence = ''] = line.split('|');
    return { question, expected, sentence };
  }),
  unanswerable: linesOf(`${name}.unanswerable`),
}));

/** Writes the PDF into `dir`; returns its path. */
export async function makeEvidencePdf({ name, columns }: EvidenceText, dir: string): Promise<string> {
  const pdf = new PDFDocument({
    size: 'A5',
    margins: { top: margin, bottom: margin, left: margin, right: margin },
    bufferPages: true,
    info: { Title: name, CreationDate: new Date('2024-03-01T12:00:00Z'), ModDate: new Date('2024-03-01T12:00:00Z') },
  });
  const width = (pdf.page.width - 2 * margin - (columns - 1) * gap) / columns;
  const bottom = pdf.page.height - margin;
  let column = 0;
  let top = margin;
  const left = () => margin + column * (width + gap);
  const next = () => {
    column++;
    if (column >= columns) {
      pdf.addPage();
      column = 0;
      top = margin;
    }
    pdf.y = top;
  };
  const write = (text: string, font: string, size: number) => {
    // Line by line: a paragraph goes on in the next column.
    pdf.font(font).fontSize(size);
    for (const line of wrapped(text, (part) => pdf.widthOfString(part), width)) {
      if (pdf.y + size * 1.3 > bottom) next();
      pdf.text(line, left(), pdf.y, { lineBreak: false });
      pdf.y += size * 1.3;
    }
  };
  for (const block of readFileSync(join(folder, `${name}.md`), 'utf8')
    .trim()
    .split(/\n{2,}/)) {
    const heading = /^(#{1,3}) (.*)$/s.exec(block);
    if (heading) {
      const level = (heading[1] as string).length;
      if (pdf.y + 60 > bottom) next();
      write(heading[2] as string, 'Times-Bold', [0, 20, 16, 14][level] as number);
      pdf.y += 6;
      if (level < 3) top = columns > 1 ? pdf.y : margin;
    } else if (block.startsWith('|')) {
      const rows = block.split('\n').map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
      const shown = rows.filter((row) => !row.every((cell) => /^-+$/.test(cell)));
      if (pdf.y + shown.length * 16 > bottom) next();
      for (const [i, row] of shown.entries()) {
        pdf.font(i === 0 ? 'Times-Bold' : 'Times-Roman').fontSize(9);
        const y = pdf.y;
        for (const [c, cell] of row.entries())
          pdf.text(cell, left() + (c * width) / row.length, y, { lineBreak: false });
        pdf.y = y + 16;
        pdf
          .moveTo(left(), pdf.y - 4)
          .lineTo(left() + width, pdf.y - 4)
          .lineWidth(0.4)
          .stroke();
      }
      pdf.y += 8;
    } else {
      for (const line of block.startsWith('- ') ? block.split('\n') : [block])
        write(line, 'Times-Roman', columns > 1 ? 11 : 14);
      pdf.y += 7;
    }
  }
  const { count } = pdf.bufferedPageRange();
  for (let i = 0; i < count; i++) {
    pdf.switchToPage(i);
    pdf.page.margins.bottom = 0;
    pdf
      .font('Times-Roman')
      .fontSize(8)
      .text(`${i + 1}`, margin, pdf.page.height - 32, { lineBreak: false });
  }
  const path = join(dir, `${name}.pdf`);
  const file = createWriteStream(path);
  pdf.pipe(file);
  pdf.end();
  await once(file, 'finish');
  return path;
}

function* wrapped(text: string, widthOf: (part: string) => number, width: number): Generator<string, void, void> {
  let line = '';
  for (const word of text.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && widthOf(longer) > width) {
      yield line;
      line = word;
    } else line = longer;
  }
  if (line !== '') yield line;
}
