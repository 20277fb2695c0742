/** Excel workbooks: each sheet as a table, with values as the sheet shows them. */
import type { ParsedDocument } from '../contract/documents.ts';
import { DocxPackage } from './docx-package.ts';
import type { ExtractContext } from './extract-context.ts';
import { SheetNotes } from './sheet-notes.ts';
import { writeSheet } from './sheet-text.ts';
import { TextBuilder } from './text-builder.ts';
import { readSheet } from './xlsx-sheet.ts';
import { readSharedStrings, SheetFormats } from './xlsx-values.ts';
import { childNamed, childrenNamed } from './xml-tree.ts';
import type { GuardedZip } from './zip-guard.ts';

export function extractXlsx(context: ExtractContext, zip: GuardedZip): ParsedDocument {
  const { source, limits, notes } = context;
  const files = new DocxPackage(zip);
  const main = files.has('xl/workbook.xml') ? 'xl/workbook.xml' : files.mainPart;
  const workbook = files.xml(main);
  const is1904 = /^(1|true)$/.test(childNamed(workbook, 'workbookPr')?.attributes.date1904 ?? '');
  const formats = new SheetFormats(files, main, is1904);
  const strings = readSharedStrings(files, main);
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  const found = new SheetNotes();
  const sheets = childrenNamed(childNamed(workbook, 'sheets'), 'sheet');
  for (const [i, { attributes }] of sheets.entries()) {
    context.onProgress(i, sheets.length);
    const { name = `Sheet ${i + 1}`, state } = attributes;
    const part = files.relations(main).get(attributes['r:id'] ?? '')?.part;
    if (state === 'hidden' || state === 'veryHidden') found.hiddenSheets.push(name);
    if (part === undefined || !files.has(part)) {
      found.missingSheets.push(name);
      continue;
    }
    writeSheet(builder, name, (table) => readSheet({ files, part, strings, formats, found }, table));
  }
  found.addTo(notes, sheets.length);
  return builder.finish(source.stem, 'xlsx', notes);
}
