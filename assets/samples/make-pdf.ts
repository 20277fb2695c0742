/**
 * Makes report.pdf from report.md and writes into facts.json on which page each answer stands. Run after every change of
 * report.md: npx tsx assets/samples/make-pdf.ts
 * The same report.md gives the same bytes: standard fonts, fixed dates, nothing compressed.
 */
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import PDFDocument from 'pdfkit';
import { defaultDocumentLimits } from '../../electron/contract/documents.ts';
import { parseFile } from '../../electron/document-host/parse-file.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const date = new Date('2024-03-01T12:00:00Z');
const margin = 56; // points
const body = { font: 'Times-Roman', size: 11 };
const headings: Record<number, { size: number; before: number; after: number }> = {
  1: { size: 25, before: 0, after: 8 },
  2: { size: 15, before: 0, after: 18 },
  3: { size: 14, before: 14, after: 6 },
};

const pdf = new PDFDocument({
  size: 'A5',
  margins: { top: margin, bottom: margin, left: margin, right: margin },
  bufferPages: true,
  compress: false,
  info: { Title: 'The Skerrin Lights and Weather Trust: annual report 2023', CreationDate: date, ModDate: date },
});
const width = pdf.page.width - 2 * margin;

function heading(level: number, text: string): void {
  const { size, before, after } = headings[level] as (typeof headings)[number];
  // A heading never stands alone at the foot of a page.
  if (pdf.y + before + size + 60 > pdf.page.height - margin) pdf.addPage();
  else if (pdf.y > margin) pdf.y += before;
  pdf.font('Times-Bold').fontSize(size).text(text, margin, pdf.y, { width });
  pdf.y += after;
}

function paragraph(text: string): void {
  pdf.font(body.font).fontSize(body.size).text(text, margin, pdf.y, { width, align: 'justify', lineGap: 2.5 });
  pdf.y += 7;
}

function table(rows: readonly (readonly string[])[]): void {
  const columns = rows[0]?.length ?? 1;
  const columnWidth = width / columns;
  if (pdf.y + rows.length * 17 > pdf.page.height - margin) pdf.addPage();
  pdf.y += 3;
  for (const [i, row] of rows.entries()) {
    const top = pdf.y;
    pdf.font(i === 0 ? 'Times-Bold' : body.font).fontSize(9.5);
    const heights = row.map((cell) => pdf.heightOfString(cell, { width: columnWidth - 8 }));
    for (const [c, cell] of row.entries()) pdf.text(cell, margin + c * columnWidth, top, { width: columnWidth - 8 });
    pdf.y = top + Math.max(...heights) + 4;
    pdf.moveTo(margin, pdf.y - 2).lineTo(margin + width, pdf.y - 2).lineWidth(i === 0 ? 0.8 : 0.3).stroke();
    pdf.y += 2;
  }
  pdf.y += 8;
}

for (const block of readFileSync(here('report.md'), 'utf8').trim().split(/\n{2,}/)) {
  const mark = /^(#{1,3}) (.*)$/s.exec(block);
  if (mark) heading((mark[1] as string).length, mark[2] as string);
  else if (block.startsWith('|')) {
    const rows = block.split('\n').map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()));
    table(rows.filter((row) => !row.every((cell) => /^-+$/.test(cell))));
  } else paragraph(block);
}

const { count } = pdf.bufferedPageRange();
for (let i = 0; i < count; i++) {
  pdf.switchToPage(i);
  pdf.page.margins.bottom = 0; // or pdfkit would start a new page for the page number
  pdf.font(body.font).fontSize(9).text(`${i + 1}`, margin, pdf.page.height - 40, { width, align: 'center' });
}

const file = createWriteStream(here('report.pdf'));
pdf.pipe(file);
pdf.end();
await once(file, 'finish');

const { text, pages } = await parseFile(here('report.pdf'), { limits: defaultDocumentLimits });
const facts = JSON.parse(readFileSync(here('facts.json'), 'utf8')) as { question: string; answer: string; page?: number }[];
let from = 0; // facts stand in the order of the text
for (const fact of facts) {
  const at = text.toLowerCase().indexOf(fact.answer, from);
  if (at < 0) throw new Error(`"${fact.answer}" is not in report.pdf after character ${from}`);
  from = at;
  fact.page = pages.findIndex(({ end }) => at < end) + 1;
}
writeFileSync(here('facts.json'), `[\n${facts.map((fact) => `  ${JSON.stringify(fact)}`).join(',\n')}\n]\n`);
console.log(`report.pdf: ${count} pages, ${text.length} characters of text, ${facts.length} facts`);
