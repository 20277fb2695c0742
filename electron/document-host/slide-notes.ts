/** Notes on a presentation. */

import { are, plural, were } from '../contract/number-words.ts';
import type { ImportNotes } from './import-notes.ts';
import { pageRanges } from './wording.ts';

export class SlideNotes {
  readonly hidden: number[] = []; // numbers of slides, from 1
  readonly missing: number[] = [];
  hiddenShapes = 0; // with a text
  comments = 0;
  pictures = 0; // without a description
  objects = 0; // embedded objects, films, sounds

  addTo(notes: ImportNotes): void {
    if (this.hidden.length > 0) {
      const one = this.hidden.length === 1;
      const sentence = `${one ? 'Slide' : 'Slides'} ${pageRanges(this.hidden)} ${are(this.hidden.length)} hidden in the presentation and ${were(this.hidden.length)} read all the same.`;
      notes.add({ kind: 'hidden-slides', count: this.hidden.length, sentence });
    }
    if (this.missing.length > 0) {
      const one = this.missing.length === 1;
      const sentence = `${one ? 'Slide' : 'Slides'} ${pageRanges(this.missing)} ${are(this.missing.length)} named in the presentation but not in the file.`;
      notes.add({ kind: 'parts-not-read', count: this.missing.length, sentence });
    }
    if (this.hiddenShapes > 0) {
      const sentence = `${plural(this.hiddenShapes, 'shape')} that the slides hide ${were(this.hiddenShapes)} left out.`;
      notes.add({ kind: 'hidden-text', count: this.hiddenShapes, sentence });
    }
    if (this.comments > 0) {
      const sentence = `${plural(this.comments, 'comment')}, in the text after the slide ${this.comments === 1 ? 'it belongs' : 'they belong'} to.`;
      notes.add({ kind: 'comments', count: this.comments, sentence });
    }
    if (this.pictures > 0) {
      const sentence = `${plural(this.pictures, 'picture')} without a description ${are(this.pictures)} not in the text.`;
      notes.add({ kind: 'pictures', count: this.pictures, sentence });
    }
    if (this.objects > 0) {
      const sentence = `${plural(this.objects, 'embedded object, film or sound', 'embedded objects, films or sounds')} ${were(this.objects)} not read. Open ${this.objects === 1 ? 'it' : 'them'} in the presentation.`;
      notes.add({ kind: 'parts-not-read', count: this.objects, sentence });
    }
  }
}
