/** Finds numbers and names of an answer that are nowhere in the document. */
import type { Unsupported } from '../contract/evidence.ts';
import { withoutLeadIns } from './answer-claims.ts';
import type { SentenceIndex } from './sentence-index.ts';
import { type Term, termsOf } from './terms.ts';

const most = 20;
/** List numbers and code are not statements of the answer. */
const ornaments = /^[ \t]*\d{1,3}[.)](?=\s)|^(```|~~~)[\s\S]*?(?:^\1|$(?![\s\S]))|`[^`\n]*`/gm;

export function unsupportedTerms(index: SentenceIndex, answer: string): Unsupported[] {
  const text = withoutLeadIns(answer.replace(ornaments, (part) => part.replace(/[^\n]/g, ' ')));
  const terms = termsOf(text, index.stopWords);
  const found = new Map<string, Unsupported>();
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i] as Term;
    if (term.kind === 'word' || (term.kind === 'name' && !index.capitalsAreNames)) continue;
    // A name of several words is reported as one.
    let last = i;
    while (term.kind === 'name' && terms[last + 1]?.kind === 'name' && isNext(text, terms[last], terms[last + 1]))
      last++;
    const parts = terms.slice(i, last + 1);
    i = last;
    if (parts.every(({ key }) => index.has(key))) continue;
    const shown = answer.slice(term.start, parts.at(-1)?.end);
    found.set(shown, { kind: term.kind, text: shown });
  }
  return [...found.values()].slice(0, most);
}

const isNext = (text: string, first: Term | undefined, second: Term | undefined) =>
  /^[ \u00a0'’.-]{1,2}$/.test(text.slice(first?.end, second?.start));
