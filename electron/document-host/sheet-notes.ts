/** Notes on a workbook. */

import { are, plural, were } from '../contract/number-words.ts';
import type { ImportNotes } from './import-notes.ts';

export class SheetNotes {
  readonly hiddenSheets: string[] = [];
  readonly missingSheets: string[] = [];
  hiddenRows = 0; // and columns
  comments = 0;
  pictures = 0;
  withoutValue = 0; // formulas
  notRepeated = 0; // rows equal to the one before, which are left out

  addTo(notes: ImportNotes, sheets: number): void {
    if (sheets > 0) {
      notes.add({ kind: 'sheets', count: sheets, sentence: `The workbook has ${plural(sheets, 'sheet')}.` });
    }
    if (this.hiddenSheets.length > 0) {
      const count = this.hiddenSheets.length;
      const sentence = `${plural(count, 'sheet')} ${are(count)} hidden in the workbook and ${were(count)} read all the same: ${this.hiddenSheets.join(', ')}.`;
      notes.add({ kind: 'hidden-sheets', count, names: this.hiddenSheets.slice(0, 20), sentence });
    }
    if (this.hiddenRows > 0) {
      const sentence = `${plural(this.hiddenRows, 'row or column', 'rows or columns')} ${are(this.hiddenRows)} hidden in the workbook, by hand or by a filter, and ${were(this.hiddenRows)} read all the same.`;
      notes.add({ kind: 'hidden-rows', count: this.hiddenRows, sentence });
    }
    if (this.comments > 0) {
      const sentence = `${plural(this.comments, 'comment')}, in the text in the cell that ${this.comments === 1 ? 'it belongs' : 'they belong'} to.`;
      notes.add({ kind: 'comments', count: this.comments, sentence });
    }
    if (this.withoutValue > 0) {
      const sentence = `${plural(this.withoutValue, 'formula')} ${this.withoutValue === 1 ? 'has' : 'have'} no value in the file: the formula itself stands in the text. Open the workbook in its program and save it, then its values are there.`;
      notes.add({ kind: 'formulas-without-value', count: this.withoutValue, sentence });
    }
    if (this.notRepeated > 0) {
      const sentence = `${plural(this.notRepeated, 'row')} that ${this.notRepeated === 1 ? 'repeats' : 'repeat'} the row before ${were(this.notRepeated)} left out.`;
      notes.add({ kind: 'other', count: this.notRepeated, sentence });
    }
    if (this.pictures > 0) {
      const sentence = `${plural(this.pictures, 'picture')} ${are(this.pictures)} not in the text.`;
      notes.add({ kind: 'pictures', count: this.pictures, sentence });
    }
    if (this.missingSheets.length > 0) {
      const count = this.missingSheets.length;
      const sentence = `${plural(count, 'sheet')} ${are(count)} named in the workbook but not in the file: ${this.missingSheets.join(', ')}.`;
      notes.add({ kind: 'parts-not-read', count, names: this.missingSheets.slice(0, 20), sentence });
    }
  }
}
