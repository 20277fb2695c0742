/**
 * Finds the sentences of a document that support an answer. Each statement of the answer is searched by its words and the question's (FTS5,
 * bm25), and the best sentences are compared with it one by one. Between nearly equal ones it decides which was read more by the answer's
 * tokens than by a neutral question.
 */

import type { AnswerReport, PassageReads } from '../contract/engine-reports.ts';
import type { AnswerEvidence, Evidence, Unsupported } from '../contract/evidence.ts';
import type { AnswerMode, RocketOptions } from '../contract/method.ts';
import { wordsIn } from '../contract/words.ts';
import { claimsOf, statementsIn } from './answer-claims.ts';
import { passageAt } from './locate-claims.ts';
import { partsOf, type QuestionPart } from './question.ts';
import { type IndexedSentence, otherWork, type SentenceIndex, textOf } from './sentence-index.ts';
import { hasNewWords, type Statement, statementOf, supportOf } from './support.ts';
import { isSameWord, type Term, termsOf } from './terms.ts';
import { unsupportedTerms } from './unsupported.ts';

/** How often the answer's tokens read these passages of the whole text. */
export type ReadsOf = (passages: readonly { start: number; end: number }[]) => Promise<readonly PassageReads[]>;

/** The part of the engine that reports what was read. */
export interface ReadsEngine {
  measureUsualReads(
    input: { documentId: string; mode: AnswerMode; rocket: RocketOptions },
    options?: { signal?: AbortSignal },
  ): Promise<void>;
  passageReads(input: { chatId: string; passages: { start: number; end: number }[] }): Promise<PassageReads[]>;
}

/**
 * The reads of the engine's last answer in a chat, whose report is given. Also measures what a neutral question reads, if that was not
 * measured yet.
 */
export function readsIn(
  engine: ReadsEngine,
  { documentId, chatId, mode, rocket }: { documentId: string; chatId: string; mode: AnswerMode; rocket: RocketOptions },
  report: Pick<AnswerReport, 'counters'>,
  signal?: AbortSignal,
): ReadsOf | undefined {
  // Full KV reads all rows equally, so its reads say nothing.
  if (mode === 'full' || report.counters.budgets.dense) return undefined;
  return async (passages) => {
    // If that cannot be measured (no room for one more question), there is nothing to compare the reads with.
    await engine.measureUsualReads({ documentId, mode, rocket }, signal ? { signal } : {}).catch(() => {});
    return engine.passageReads({ chatId, passages: passages.map(({ start, end }) => ({ start, end })) });
  };
}

export interface AskedAndAnswered {
  question: string;
  answer: string;
}

const mostEvidence = 3;
const mostStatements = 24;
/** How many sentences are compared with a statement. */
const candidates = 48;
/** A second sentence is shown if its score is at least this share of the best one's. */
const nearlyBest = 0.8;
/** The score of a heading is reduced: it announces what follows and seldom states it; but a short line may be all that a text has. */
const headingShare = 0.7;
/** How much the reads can change a score: enough to decide between sentences that say about the same. */
const readsWeight = 0.08;

interface Candidate {
  number: number;
  score: number;
  isFound: boolean;
}

export async function findEvidence(
  index: SentenceIndex,
  { question, answer }: AskedAndAnswered,
  readsOf?: ReadsOf,
): Promise<AnswerEvidence> {
  const parts = partsOf(question, index.stopWords);
  const asked = parts[0]?.asked ?? [];
  const statements = statementsOf(index, answer, parts, isYesOrNo(question, answer));
  const isOfElse = isAboutForeignNumber(index, answer, asked);
  const compared: Candidate[][] = [];
  for (const { statement } of statements) {
    compared.push(isOfElse ? [] : compare(index, statement));
    await otherWork();
  }
  const lifts = await liftsOf(index, compared.flat(), readsOf);
  const best = new Map<number, Candidate>();
  const unfound: Unsupported[] = [];
  for (const [i, list] of compared.entries()) {
    const ranked = list
      .filter(({ isFound }) => isFound)
      .map((entry) => ({ ...entry, score: entry.score + readsWeight * (lifts.get(entry.number) ?? 0) }))
      .sort((a, b) => b.score - a.score || a.number - b.number);
    const [first] = ranked;
    if (!first) unfound.push({ kind: 'statement', text: statements[i]?.text ?? '' });
    for (const entry of ranked
      .filter(({ score }) => score >= nearlyBest * (first?.score ?? 0))
      .slice(0, mostEvidence)) {
      const known = best.get(entry.number);
      if (!known || known.score < entry.score) best.set(entry.number, entry);
    }
  }
  const evidence = [...best.values()]
    .sort((a, b) => b.score - a.score || a.number - b.number)
    .slice(0, mostEvidence)
    .map((entry) => shown(index, entry, answer, [...asked, ...termsOf(answer, index.stopWords)]));
  return { evidence, unsupported: [...unsupportedTerms(index, answer), ...unfound], isFound: evidence.length > 0 };
}

interface AnswerStatement {
  text: string;
  statement: Statement;
}

/** The answer's statements, sentence by sentence, without those that only repeat the question. */
function statementsOf(
  index: SentenceIndex,
  answer: string,
  parts: readonly QuestionPart[],
  confirms: boolean,
): AnswerStatement[] {
  const all = statementsIn(answer)
    .map((text) => {
      const claim = text.replace(confirmations, '');
      return { text, statement: statementOf(claim, termsOf(claim, index.stopWords), parts) };
    })
    .slice(0, mostStatements);
  const withNewWords = all.filter(({ statement }) => hasNewWords(index, statement));
  // An answer may consist of a word that is everywhere in the text. A confirmation counts alone only if nothing follows it.
  const anyWord = all.filter(({ statement }) => statement.newTerms.length > 0);
  const whole = all.filter(({ statement }) => statement.whole.length > 0);
  if (confirms) return whole.length > 0 ? whole : all.slice(0, 1);
  return withNewWords.length > 0 ? withNewWords : anyWord;
}

/** "Fault F55 means ...", where the document has no F55: then nothing in it supports the answer. */
function isAboutForeignNumber(index: SentenceIndex, answer: string, asked: readonly Term[]): boolean {
  const foreign = asked.filter(({ key, kind }) => kind === 'number' && !index.has(key));
  return (
    foreign.length > 0 && termsOf(answer, index.stopWords).some(({ key }) => foreign.some((word) => word.key === key))
  );
}

const confirmations = /^(?:yes|no|ja|nein|oui|non|s[ií]|si|não|sim|nee|да|нет|是|不)\b/iu;
const asksWhether = /^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|may|must|should)\s/i;

function isYesOrNo(question: string, answer: string): boolean {
  return confirmations.test(answer.trim()) || asksWhether.test(question.trim());
}

function compare(index: SentenceIndex, statement: Statement): Candidate[] {
  const keys = [...statement.newTerms, ...statement.asked].map(({ key }) => key);
  return index
    .find(keys, candidates)
    .map((number) => ({ number, ...supportOf(index, number, statement) }))
    .map((entry) =>
      index.sentences[entry.number]?.isHeading ? { ...entry, score: headingShare * entry.score } : entry,
    )
    .sort((a, b) => b.score - a.score);
}

/** In [-1, 1]: how much more each sentence was read than a neutral question reads it. */
async function liftsOf(
  index: SentenceIndex,
  list: readonly Candidate[],
  readsOf?: ReadsOf,
): Promise<Map<number, number>> {
  const numbers = [...new Set(list.filter(({ isFound }) => isFound).map(({ number }) => number))];
  if (!readsOf || numbers.length < 2) return new Map();
  const reads = await readsOf(numbers.map((number) => index.sentences[number] as IndexedSentence));
  const mean = reads.reduce((sum, { read }) => sum + read, 0) / reads.length;
  const lift = ({ read, usual }: PassageReads) =>
    usual === undefined || mean === 0 ? 0 : Math.tanh(Math.log2((read + 0.1 * mean) / (usual + 0.1 * mean)));
  return new Map(numbers.map((number, i) => [number, reads[i] ? lift(reads[i]) : 0]));
}

function shown(index: SentenceIndex, { number, score }: Candidate, answer: string, words: readonly Term[]): Evidence {
  const sentence = index.sentences[number] as IndexedSentence;
  const { start, end, goesOn } = sentence;
  const text = textOf(index.document, sentence);
  return {
    ...passageAt(index.document, start, goesOn?.end ?? end),
    sentence: text,
    matches: matchesOf(text, termsOf(text, index.stopWords), words),
    score: Math.round(1000 * Math.max(0, Math.min(1, score))) / 1000,
    kind: kindOf(text, answer),
  };
}

const repeatedWords = 5;

function kindOf(sentence: string, answer: string): Evidence['kind'] {
  const words = [...wordsIn(sentence)].map(({ word }) => word);
  const text = ` ${words.join(' ')} `;
  const quotes = claimsOf(answer).filter(({ kind }) => kind === 'quote');
  if (quotes.some((quote) => text.includes(` ${quote.words.join(' ')} `))) return 'quote';
  const own = ` ${[...wordsIn(answer)].map(({ word }) => word).join(' ')} `;
  for (let i = 0; i + repeatedWords <= words.length; i++)
    if (own.includes(` ${words.slice(i, i + repeatedWords).join(' ')} `)) return 'repeated';
  return 'matched';
}

/** What may be between two words of one marked stretch: "Cooper's Wharf". */
const between = /^(?:['’]s)?[\s-]?$/;

function matchesOf(text: string, own: readonly Term[], words: readonly Term[]): Evidence['matches'] {
  const matches: Evidence['matches'] = [];
  for (const { key, start, end } of own) {
    if (!words.some((word) => isSameWord(word.key, key))) continue;
    const last = matches.at(-1);
    if (last && between.test(text.slice(last.end, start))) last.end = end;
    else matches.push({ start, end });
  }
  return matches;
}
