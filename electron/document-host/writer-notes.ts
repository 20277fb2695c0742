/** Notes on an OpenDocument or RTF document. */

import { are, plural, were } from '../contract/number-words.ts';
import type { ImportNotes } from './import-notes.ts';

export class WriterNotes {
  trackedChanges = 0;
  comments = 0;
  hidden = 0;
  equations = 0;
  latexEquations = 0; // written in LaTeX
  pictures = 0; // without a description
  readonly objects: string[] = []; // not read

  addTo(notes: ImportNotes): void {
    const { trackedChanges, comments, hidden, equations, latexEquations, pictures, objects } = this;
    if (trackedChanges > 0) {
      const sentence = `${plural(trackedChanges, 'tracked change')} ${are(trackedChanges)} in the document; the text is as if all were accepted.`;
      notes.add({ kind: 'tracked-changes', count: trackedChanges, sentence });
    }
    if (comments > 0) {
      const sentence = `${plural(comments, 'comment')}, in the text where ${comments === 1 ? 'it stands' : 'they stand'}.`;
      notes.add({ kind: 'comments', count: comments, sentence });
    }
    if (hidden > 0) {
      const sentence = `${plural(hidden, 'passage')} ${are(hidden)} hidden in the document and left out.`;
      notes.add({ kind: 'hidden-text', count: hidden, sentence });
    }
    if (equations > 0) {
      const sentence = `${plural(equations, 'equation')}, written in the text as ${equations === 1 ? 'its program writes it' : 'their program writes them'}.`;
      notes.add({ kind: 'equations', count: equations, sentence });
    }
    if (latexEquations > 0) {
      const sentence = `${plural(latexEquations, 'equation')} ${were(latexEquations)} written as text, in LaTeX.`;
      notes.add({ kind: 'equations', count: latexEquations, sentence });
    }
    if (pictures > 0) {
      const sentence = `${plural(pictures, 'picture')} without a description ${are(pictures)} not in the text.`;
      notes.add({ kind: 'pictures', count: pictures, sentence });
    }
    if (objects.length > 0) {
      const sentence = `${plural(objects.length, 'embedded object')} ${were(objects.length)} not read: ${objects.slice(0, 20).join(', ')}.`;
      notes.add({ kind: 'parts-not-read', count: objects.length, names: objects.slice(0, 20), sentence });
    }
  }
}
