/**
 * Finds runs of words that a text shares with a few claims, in one pass over the text: at each word every run that continues is made
 * longer, and every other one ends. It needs no index, and lets other work run from time to time.
 */
import { wordsIn } from '../contract/words.ts';

export interface WordRun {
  /** Number of words. */
  length: number;
  /** Index of the first word in the claim. */
  first: number;
  /** UTF-16 offsets in the text. */
  start: number;
  end: number;
}

interface Growing extends WordRun {
  claim: number;
}

/** How many words are processed before other work may run: a few milliseconds. */
const batchSize = 20_000;
/** Most runs kept for each claim; enough to choose among repetitions. */
const mostRuns = 64;
/** Shorter runs are ignored. */
const leastLength = 2;

/** The longest runs of each claim, the longest first. */
export async function longestRuns(text: string, claims: readonly (readonly string[])[]): Promise<WordRun[][]> {
  const places = new Map<string, { claim: number; index: number }[]>();
  for (const [claim, words] of claims.entries()) {
    for (const [index, word] of words.entries()) {
      const list = places.get(word);
      if (list) list.push({ claim, index });
      else places.set(word, [{ claim, index }]);
    }
  }
  const runs: WordRun[][] = claims.map(() => []);
  const end = ({ claim, ...run }: Growing) => {
    if (run.length >= leastLength) keep(runs[claim] as WordRun[], run);
  };
  let growing: Growing[] = [];
  let walked = 0;
  for (const { word, start, end: wordEnd } of wordsIn(text)) {
    if (++walked % batchSize === 0) await new Promise((resolve) => setImmediate(resolve));
    const here = places.get(word);
    if (!here && growing.length === 0) continue;
    const next: Growing[] = [];
    for (const run of growing) {
      if (claims[run.claim]?.[run.first + run.length] !== word) {
        end(run);
        continue;
      }
      run.length++;
      run.end = wordEnd;
      next.push(run);
    }
    const grown = next.length;
    for (const { claim, index } of here ?? []) {
      const goesOn = next.slice(0, grown).some((run) => run.claim === claim && run.first + run.length - 1 === index);
      if (!goesOn) next.push({ claim, first: index, length: 1, start, end: wordEnd });
    }
    growing = next;
  }
  for (const run of growing) end(run);
  for (const list of runs) list.sort((a, b) => b.length - a.length);
  return runs;
}

function keep(list: WordRun[], run: WordRun): void {
  if (list.length < mostRuns) {
    list.push(run);
    return;
  }
  let least = 0;
  for (let i = 1; i < list.length; i++) if ((list[i] as WordRun).length < (list[least] as WordRun).length) least = i;
  if ((list[least] as WordRun).length < run.length) list[least] = run;
}
