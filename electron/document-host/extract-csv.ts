/** Reads CSV and TSV with Papa Parse: rows as a table, with the header repeated in each part. */
import Papa from 'papaparse';
import type { ParsedDocument } from '../contract/documents.ts';
import { plural } from '../contract/number-words.ts';
import { decodeText } from './decode-text.ts';
import type { ExtractContext } from './extract-context.ts';
import { rowsLabel, TableParts } from './table-parts.ts';
import { TextBuilder } from './text-builder.ts';

/** Decimal commas occur in as many rows as semicolons between numbers, so a comma is guessed last. */
function delimiterOf(text: string, extension: string): string {
  if (/^(tsv|tab)$/.test(extension)) return '\t';
  const head = text.slice(0, 100_000);
  const { meta } = Papa.parse(head, { preview: 50, skipEmptyLines: true, delimitersToGuess: ['\t', ';', '|'] });
  return meta.delimiter;
}

export function extractCsv({ source, limits, notes }: ExtractContext): ParsedDocument {
  // Excel may write the separator into a line above the table.
  const [, named, rest] = /^(?:sep=(.)\r?\n)?([\s\S]*)$/i.exec(decodeText(source.readAll(), source.name, notes)) ?? [];
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  const table = new TableParts((part) => builder.addPage(rowsLabel(part), part.text));
  let number = 0;
  let malformed = 0;
  Papa.parse<string[]>(rest ?? '', {
    delimiter: named ?? delimiterOf(rest ?? '', source.extension),
    step: ({ data, errors }) => {
      number++;
      if (errors.some(({ type }) => type === 'Quotes')) malformed++;
      table.add({ number, cells: data });
    },
  });
  table.end();
  if (malformed > 0) {
    notes.add({
      kind: 'malformed-rows',
      count: malformed,
      sentence: `${plural(malformed, 'row')} ${malformed === 1 ? 'has' : 'have'} a quotation mark that is not closed or stands inside a cell: look at the file where cells seem joined.`,
    });
  }
  return builder.finish(source.stem, 'csv', notes);
}
