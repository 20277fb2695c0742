/**
 * How well a sentence of the document supports what an answer says: of what the answer tells (its words that the question did not
 * have) and of what was asked, how much stands in the sentence, and how much in the passage around it.
 */
import type { SentenceIndex } from './sentence-index.ts';
import { isSameWord, type Term } from './terms.ts';

export interface Statement {
  /** What the answer tells; what was asked. */
  told: readonly Term[];
  asked: readonly Term[];
  /** All its words. */
  whole: readonly Term[];
}

export interface Support {
  /** In [0, 1]. */
  score: number;
  isFound: boolean;
}

/** Numbers and names are what people look for. */
const telling = { number: 1.6, name: 1.3, word: 1 };
/** A word that stands not in the sentence but in the passage around it. */
const nearby = 0.5;
/** Or in the sentence before, of which one that begins with a pronoun goes on: "It weighs 74 kilograms". */
const continued = 0.55;
/** Shares from which on a sentence supports a statement, fitted on test/model/evidence.csv. */
const leastTold = 0.6;
const leastAsked = 0.45;
const leastAskedOfNumber = 0.8;
const leastScore = 0.3;
/**
 * Nearly all of a statement stands there, whatever was asked; or, where nothing in particular was asked ("Tell me about it"), all of a
 * short one with a number or a name in it.
 */
const leastWhole = 0.85;
const leastWholeWords = 5;
const leastShortWords = 3;
/** Words of the question that the document holds. */
const leastSpecific = 2;
/** How much a statement must tell at least: one word that is not said in every second sentence. */
const leastTelling = 0.6;
/** A name that the document does not hold is marked as such, and counts half: the rest of the statement may stand. */
const foreignName = 0.5;
/** So does a word of the question that the document does not hold: it tells none of its sentences apart. */
const foreignAsked = 0.5;
/** Of a statement that tells nothing but what was asked: yes, or no. */
const leastConfirmed = 0.75;

export function statementOf(claim: readonly Term[], question: readonly Term[]): Statement {
  return {
    told: claim.filter(({ key }) => !question.some((word) => isSameWord(word.key, key))),
    asked: question,
    whole: claim,
  };
}

/** Whether it says more than was asked. */
export function tells(index: SentenceIndex, { told }: Statement): boolean {
  return told.reduce((sum, term) => sum + weightOf(index, term), 0) >= leastTelling;
}

const weightOf = (index: SentenceIndex, { key, kind }: Term) =>
  index.weightOf(key) * telling[kind] * (kind === 'name' && !index.has(key) ? foreignName : 1);

export function supportOf(index: SentenceIndex, number: number, statement: Statement): Support {
  const { told, asked, whole } = statement;
  const own = index.sentences[number]?.terms ?? [];
  const around = index.around(number).flatMap((other) => index.sentences[other]?.terms ?? []);
  const before = index.continues(number) ? (index.sentences[number - 1]?.terms ?? []) : [];
  const shareOf = (wanted: readonly Term[], foreign = 1) => {
    let [all, there] = [0, 0];
    for (const term of new Map(wanted.map((entry) => [entry.key, entry])).values()) {
      const { key } = term;
      const weight = weightOf(index, term) * (foreign < 1 && !index.has(key) ? foreign : 1);
      all += weight;
      if (own.some((word) => isSameWord(word.key, key))) there += weight;
      else if (before.some((word) => isSameWord(word.key, key))) there += continued * weight;
      else if (around.some((word) => isSameWord(word.key, key))) there += nearby * weight;
    }
    return all === 0 ? 0 : there / all;
  };
  // Of a question like "What is it about?" no word is to be looked for.
  const askedShare = asked.length > 0 ? shareOf(asked, foreignAsked) : 1;
  const toldShare = shareOf(told);
  if (!tells(index, statement)) {
    const isThere = told.length === 0 || toldShare >= leastTold;
    return { score: 0.7 * askedShare, isFound: isThere && askedShare >= leastConfirmed };
  }
  // Of two sentences with the same words the one with the same neighbours.
  const said = 0.9 * toldShare + 0.1 * (told.length > 1 ? neighbourShare(told, own) : toldShare);
  // Where it tells numbers and names, these decide: other words may be the model's own.
  const facts = told.filter(({ kind }) => kind !== 'word');
  const factShare = facts.length > 0 ? shareOf(facts) : toldShare;
  const score = said * (0.45 + 0.55 * askedShare);
  // The number that was asked for stands there: other names around it are of little weight.
  const numbers = told.filter(({ kind }) => kind === 'number');
  const isNumberThere = numbers.length > 0 && shareOf(numbers) === 1 && askedShare >= leastAskedOfNumber;
  const isWhole =
    asked.filter(({ key }) => index.has(key)).length < leastSpecific &&
    whole.length >= leastShortWords &&
    facts.length > 0 &&
    whole.every(({ key }) => index.said(number).some((word) => isSameWord(word.key, key)));
  const isSaid = isWhole || (whole.length >= leastWholeWords && shareOf(whole) >= leastWhole);
  const isThere = isNumberThere || isSaid || (factShare >= leastTold && askedShare >= leastAsked);
  return { score, isFound: isThere && score >= leastScore };
}

/** Of neighbouring words of the answer how many are neighbours in the sentence too. */
function neighbourShare(told: readonly Term[], own: readonly Term[]): number {
  let pairs = 0;
  for (let i = 1; i < told.length; i++) {
    const [first, second] = [told[i - 1] as Term, told[i] as Term];
    const isThere = own.some((word, at) => {
      const next = own[at + 1];
      return next !== undefined && isSameWord(word.key, first.key) && isSameWord(next.key, second.key);
    });
    if (isThere) pairs++;
  }
  return pairs / (told.length - 1);
}
