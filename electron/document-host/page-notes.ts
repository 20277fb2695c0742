/** Notes on what the pages of a file have beside their text, or do not show. */

import { plural, were } from '../contract/number-words.ts';
import type { MarkdownPage } from './html-to-markdown.ts';
import type { ImportNotes } from './import-notes.ts';

export function addPageNotes(
  notes: ImportNotes,
  pages: readonly Pick<MarkdownPage, 'hidden' | 'equations' | 'pictures' | 'boilerplate'>[],
): void {
  const sum = (of: (page: (typeof pages)[number]) => number): number =>
    pages.reduce((total, page) => total + of(page), 0);
  const hidden = sum((page) => page.hidden);
  const equations = sum((page) => page.equations);
  const pictures = sum((page) => page.pictures);
  const parts = sum((page) => page.boilerplate?.parts ?? 0);
  const words = sum((page) => page.boilerplate?.words ?? 0);
  if (hidden > 0) {
    const sentence = `${plural(hidden, 'part')} that the page does not show ${were(hidden)} left out.`;
    notes.add({ kind: 'hidden-text', count: hidden, sentence });
  }
  if (equations > 0) {
    const sentence = `${plural(equations, 'equation')} ${were(equations)} written as text, in LaTeX.`;
    notes.add({ kind: 'equations', count: equations, sentence });
  }
  if (pictures > 0) {
    const sentence = `${plural(pictures, 'picture')} without a description ${were(pictures)} not read.`;
    notes.add({ kind: 'pictures', count: pictures, sentence });
  }
  if (parts > 0) {
    const sentence = `Navigation and other boilerplate of the page (${plural(parts, 'part')} with ${plural(words, 'word')}) was left out. Read the whole page if something is missing.`;
    notes.add({ kind: 'page-furniture', count: parts, sentence });
  }
}
