/** Extracts from an answer what can be looked up in the document: its quotes, and its other sentences. Input is Markdown, output words. */
import type { Citation } from '../contract/citations.ts';
import { wordsIn } from '../contract/words.ts';

export interface Claim {
  kind: Citation['kind'];
  text: string;
  words: string[];
}

/** One or two words in quotation marks are a name or a term, not a quote. */
const leastQuoteWords = 3;
const leastSentenceWords = 5;
/** Most claims of each kind; further ones are not cited. */
const mostClaims = 200;

const quotes = /"([^"\n]+)"|“([^”\n]+)”|„([^“”\n]+)[“”]|«([^»\n]+)»|「([^」\n]+)」|『([^』\n]+)』/g;
/** A replacement of the same length whose characters belong to no word and end a sentence. */
const gap = (length: number) => '\n'.repeat(length);

/** Removes code, and keeps of a link or a picture the shown text, not the address. */
function proseOf(markdown: string): string {
  return markdown
    .replace(/^(```|~~~)[\s\S]*?(^\1|$(?![\s\S]))/gm, ({ length }) => gap(length))
    .replace(/!?\[([^\]\n]*)\]\([^)\n]*\)/g, (whole, shown: string) => shown + gap(whole.length - shown.length));
}

/**
 * A heading, bold words alone on a line, the sentence before a list, the first row of a table: they announce what follows and state nothing
 * themselves.
 */
const leadIns = [
  /^[ \t]*#{1,6}[ \t].*$/gm,
  /^[ \t]*(?:\*\*|__)[^*_\n]*(?:\*\*|__)[ \t]*:?[ \t]*$/gm,
  /(?<=^|[.!?…]["”’)*_]*[ \t])(?:(?![.!?…]["”’)*_]*[ \t]).)*:[ \t]*(?:\*\*|__)?[ \t]*$(?=\s*\S)/gm,
  /^.*\|.*$(?=\n[ \t]*\|?[ \t]*:?-{2,}[-:| \t]*$)/gm,
];

/** Every sentence of an answer with its quotes, without headings and the marks of lists, tables and emphasis. */
export function statementsIn(markdown: string): string[] {
  return sentencesIn(withoutLeadIns(proseOf(markdown)));
}

/** Replaces headings and the like by spaces, unless nothing else remains: then they are the answer. */
export function withoutLeadIns(text: string): string {
  const rest = leadIns.reduce((left, leadIn) => left.replace(leadIn, ({ length }) => ' '.repeat(length)), text);
  return /[\p{L}\p{Nd}]/u.test(rest) ? rest : text;
}

function sentencesIn(prose: string): string[] {
  const plain = prose
    .replace(/^[ \t]*(?:[-*+>#]+|\d{1,3}[.)])[ \t]+/gm, '')
    .replace(/(?<=\w)[*`]+(?=\w)|\|/g, ' ')
    .replace(/[*`]+|(?<!\w)_+|_+(?!\w)/g, '')
    .replace(/[ \t]+/g, ' ');
  const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });
  return plain
    .split('\n')
    .flatMap((line) => [...segmenter.segment(line)].map(({ segment }) => segment.trim()))
    .filter((sentence) => /[\p{L}\p{Nd}]/u.test(sentence));
}

export function claimsOf(markdown: string): Claim[] {
  let text = proseOf(markdown);
  const found: Claim[] = [];
  const take = (claim: Claim, length: number) => {
    found.push(claim);
    return gap(length);
  };
  text = text.replace(/(?:^[ \t]*>.*(?:\n|$))+/gm, (block) => {
    const claim = claimOf('quote', block.replace(/^[ \t]*>[ \t>]*/gm, ''));
    return claim.words.length >= leastQuoteWords ? take(claim, block.length) : gap(block.length);
  });
  text = text.replace(quotes, (whole, ...parts: unknown[]) => {
    const inside = parts.find((part) => typeof part === 'string') as string;
    const claim = claimOf('quote', inside);
    return claim.words.length >= leastQuoteWords ? take(claim, whole.length) : whole;
  });
  return [...found.slice(0, mostClaims), ...sentencesOf(text).slice(0, mostClaims)];
}

function sentencesOf(text: string): Claim[] {
  const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });
  const claims: Claim[] = [];
  for (const line of text.split('\n')) {
    for (const { segment } of segmenter.segment(line)) {
      const claim = claimOf('sentence', segment);
      if (claim.words.length >= leastSentenceWords) claims.push(claim);
    }
  }
  return claims;
}

function claimOf(kind: Claim['kind'], text: string): Claim {
  return { kind, text: text.trim(), words: [...wordsIn(text)].map(({ word }) => word) };
}
