/**
 * Finds where an answer's words are in its document. A quote is searched word for word, then approximately; if it is not found, its
 * citation has no passage. A sentence without quotation marks is cited when it repeats five words of the text in a row, or nearly all of a
 * passage, and not only the question's words.
 */
import search from 'approx-string-match';
import type { MapPage } from '../contract/app-types.ts';
import type { Citation, Passage } from '../contract/citations.ts';
import type { PageSpan } from '../contract/documents.ts';
import { wordsIn } from '../contract/words.ts';
import { type Claim, claimsOf } from './answer-claims.ts';
import { longestRuns, type WordRun } from './word-runs.ts';

/** A document's text, and where each page is in it. */
export interface DocumentPages {
  text: string;
  pages: readonly PageSpan[];
}

const leastRun = 5;
/** The same in UTF-16 units, since a Chinese character counts as a word. */
const leastRunLength = 20;
/** How many words of a run must not be in the question. */
const leastNew = 2;
/** A run shorter than `surelyOwn` that occurs more often than this is a common phrase. */
const mostPlaces = 3;
const surelyOwn = 8;
/** If less of a sentence is repeated, an approximate match of the whole is searched first. */
const mostOfClaim = 0.6;
/** The share of a claim's letters that may differ. */
const nearShare = 0.15;
/** Around how many runs an approximate match is searched. */
const anchors = 6;
const foundLength = 240;

/** Citations in the order of the claims; of equal passages the one on the page that was read most. */
export async function locate(
  answer: string,
  document: DocumentPages,
  { question = '', map = [] }: { question?: string; map?: readonly MapPage[] } = {},
): Promise<Citation[]> {
  const claims = claimsOf(answer);
  if (claims.length === 0) return [];
  const reads = new Map(map.map(({ page, read }) => [page, read]));
  const asked = new Set([...wordsIn(question)].map(({ word }) => word));
  const runs = await longestRuns(
    document.text,
    claims.map(({ words }) => words),
  );
  const citations: Citation[] = [];
  for (const [i, claim] of claims.entries()) {
    const found = passageOf(claim, runsWithNewWords(claim, runs[i] ?? [], asked), document, reads);
    if (!found && claim.kind === 'sentence') continue;
    const { start, end, exact } = found ?? { start: 0, end: 0, exact: false };
    citations.push({
      kind: claim.kind,
      claim: claim.text,
      passage: found ? passageAt(document, start, end) : null,
      found: shortened(document.text.slice(start, end)),
      exact,
    });
  }
  return citations;
}

/** Leaves out runs that consist of the question's words: they say nothing new. */
function runsWithNewWords(
  { kind, words }: Claim,
  runs: readonly WordRun[],
  asked: ReadonlySet<string>,
): readonly WordRun[] {
  if (kind === 'quote') return runs;
  return runs.filter(
    ({ first, length }) => words.slice(first, first + length).filter((word) => !asked.has(word)).length >= leastNew,
  );
}

interface Found {
  start: number;
  end: number;
  exact: boolean;
}

function passageOf(
  claim: Claim,
  runs: readonly WordRun[],
  document: DocumentPages,
  reads: ReadonlyMap<number, number>,
): Found | undefined {
  const longest = runs[0]?.length ?? 0;
  const best = runs.filter(({ length }) => length === longest);
  const isWhole = longest === claim.words.length;
  const isOwn =
    longest >= leastRun &&
    (best[0]?.end ?? 0) - (best[0]?.start ?? 0) >= leastRunLength &&
    (best.length <= mostPlaces || longest >= surelyOwn);
  const isMost = isOwn && longest >= mostOfClaim * claim.words.length;
  const found = () => ({ ...mostRead(best, document, reads), exact: true });
  if (claim.kind === 'quote' ? isWhole : isMost) return found();
  const near = nearMatch(claim, runs, document.text);
  return near ?? (claim.kind === 'sentence' && isOwn ? found() : undefined);
}

function mostRead(runs: readonly WordRun[], document: DocumentPages, reads: ReadonlyMap<number, number>) {
  const readOf = ({ start, end }: WordRun) => reads.get(passageAt(document, start, end).page) ?? 0;
  const inOrder = [...runs].sort((a, b) => readOf(b) - readOf(a) || a.start - b.start);
  const { start, end } = inOrder[0] as WordRun;
  return { start, end };
}

/** Searches around the claim's longest runs only: an approximate match shares some words. */
function nearMatch(claim: Claim, runs: readonly WordRun[], text: string): Found | undefined {
  const pattern = claim.words.join(' ');
  const mostErrors = Math.floor(pattern.length * nearShare);
  if (mostErrors < 1) return undefined;
  let best: (Found & { errors: number }) | undefined;
  for (const run of runs.slice(0, anchors)) {
    const before = claim.words.slice(0, run.first).join(' ').length;
    const after = claim.words.slice(run.first + run.length).join(' ').length;
    const from = Math.max(0, run.start - 2 * before - 40);
    const window = folded(text.slice(from, run.end + 2 * after + 40));
    for (const match of search(window.letters, pattern, best ? Math.min(mostErrors, best.errors - 1) : mostErrors)) {
      const within = window.words.filter(({ at, word }) => at + word.length > match.start && at < match.end);
      const [first, last] = [within[0], within.at(-1)];
      if (!first || !last || (best && match.errors >= best.errors)) continue;
      if (!sameNumbers(claim.words, within)) continue;
      best = { start: from + first.start, end: from + last.end, exact: false, errors: match.errors };
    }
    if (best?.errors === 0) break;
  }
  return best && { start: best.start, end: best.end, exact: false };
}

/** A number with one other digit is another number: numbers must be equal. */
function sameNumbers(claimed: readonly string[], found: readonly { word: string }[]): boolean {
  const there = new Set(found.map(({ word }) => word));
  return claimed.every((word) => !/\p{N}/u.test(word) || there.has(word));
}

function folded(text: string) {
  let letters = '';
  const words: { word: string; at: number; start: number; end: number }[] = [];
  for (const { word, start, end } of wordsIn(text)) {
    if (letters !== '') letters += ' ';
    words.push({ word, at: letters.length, start, end });
    letters += word;
  }
  return { letters, words };
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= foundLength ? line : `${line.slice(0, foundLength - 1)}…`;
}

/** The last page that begins at or before `start`; an empty page has no text to begin in. */
export function passageAt({ pages }: DocumentPages, start: number, end: number): Passage {
  let low = 0;
  let high = pages.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((pages[middle]?.start ?? 0) <= start) low = middle;
    else high = middle - 1;
  }
  const { label = '', recognised } = pages[low] ?? {};
  return { start, end, page: low, label, ...(recognised && { recognised }) };
}
