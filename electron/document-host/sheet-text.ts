/** Writes one sheet as parts of a table, each under the sheet's name, followed by charts and text boxes. */
import { rowsLabel, type TablePart, TableParts } from './table-parts.ts';
import type { TextBuilder } from './text-builder.ts';

/** `read` adds the rows, and returns the texts of charts and text boxes. */
export function writeSheet(builder: TextBuilder, name: string, read: (table: TableParts) => string[]): void {
  // A part is held until the next one comes, because it must be known whether it is the only one.
  let waiting: TablePart | undefined;
  let parts = 0;
  const put = (part: TablePart, isOnly: boolean): void => {
    builder.addPage(isOnly ? name : `${name}: ${rowsLabel(part)}`, `# ${name}\n\n${part.text}`);
  };
  const table = new TableParts((part) => {
    if (waiting) put(waiting, false);
    waiting = part;
    parts++;
  });
  const beside = read(table);
  table.end();
  if (waiting) put(waiting, parts === 1);
  if (beside.length > 0) builder.addPage(`${name}: beside the cells`, beside.join('\n\n'));
}
