/**
 * How well a sentence of the document supports a statement of an answer: how many of the statement's new words (those not in the question)
 * and of the question's words are in the sentence, and how many in the passage around it.
 */
import { wordsIn } from '../contract/words.ts';
import { isAboutAnother, isAskedOfOtherFact } from './attribution.ts';
import { answeredPart, type QuestionPart } from './question.ts';
import { type SentenceIndex, textOf } from './sentence-index.ts';
import { isPartOf, isSameWord, type Term } from './terms.ts';

export interface Statement extends QuestionPart {
  /** The statement's words that are not in the question. */
  newTerms: readonly Term[];
  /** All its terms. */
  whole: readonly Term[];
  /** All its words in order, joined by spaces. */
  text: string;
}

export interface Support {
  /** In [0, 1]. */
  score: number;
  isFound: boolean;
}

/** Weights: numbers and names matter most, since people look for them. */
const kindWeights = { number: 1.6, name: 1.3, word: 1 };
/** The weight of a word that is not in the sentence but in the passage around it. */
const nearby = 0.5;
/** The weight of a word in the sentence before, if this one begins with a pronoun: "It weighs 74 kilograms". */
const continued = 0.55;
/** Least shares with which a sentence supports a statement, fitted on test/model/evidence-answers.csv. */
const leastNewShare = 0.6;
const leastAsked = 0.45;
const leastAskedOfNumber = 0.8;
const leastScore = 0.3;
/**
 * Also enough: nearly all of a statement is there, whatever was asked; or, if nothing in particular was asked ("Tell me about it"), all of
 * a short one with a number or a name in it.
 */
const leastWhole = 0.85;
const leastWholeWords = 5;
const leastShortWords = 3;
/** With fewer words of the question in the document, nothing in particular was asked. */
const leastSpecific = 2;
/** The least weight of a statement's new words: one word that is not in every second sentence. */
const leastNewWeight = 0.6;
/** A name that the document does not have is reported separately and counts half: the rest of the statement may be supported. */
const foreignName = 0.5;
/** A word of the question that the document does not have, or that names a kind, counts half too: it does not distinguish sentences. */
const vagueAsked = 0.5;
/** For a statement without new words (yes or no): the least share of the question's words. */
const leastConfirmed = 0.75;

/** Words and letters of a verbatim statement, more than a name with its title has. */
const leastRun = 6;
const leastRunLength = 20;

/** `parts`: the question's parts, of which the first is the whole question. */
export function statementOf(text: string, claim: readonly Term[], parts: readonly QuestionPart[]): Statement {
  return {
    text: plain(text),
    newTerms: claim.filter(({ key }) => !parts[0]?.asked.some((word) => isSameWord(word.key, key))),
    ...answeredPart(parts, claim),
    whole: claim,
  };
}

const plain = (text: string) => [...wordsIn(text)].map(({ word }) => word).join(' ');

/** Whether the statement says more than was asked. */
export function hasNewWords(index: SentenceIndex, { newTerms }: Statement): boolean {
  return newTerms.reduce((sum, term) => sum + weightOf(index, term), 0) >= leastNewWeight;
}

const weightOf = (index: SentenceIndex, { key, kind }: Term) =>
  index.weightOf(key) * kindWeights[kind] * (kind === 'name' && !index.has(key) ? foreignName : 1);

export function supportOf(index: SentenceIndex, number: number, statement: Statement): Support {
  const { newTerms, asked, kinds, whole } = statement;
  const sentence = index.sentences[number];
  const own = sentence?.terms ?? [];
  const termsAt = (numbers: readonly number[]) => numbers.flatMap((other) => index.sentences[other]?.terms ?? []);
  // New words may come from the sentences before and after; what a sentence is about is named before it.
  const around = termsAt(index.around(number));
  const before = termsAt(index.before(number));
  const facts = newTerms.filter(({ kind }) => kind !== 'word');
  const subject = index.continues(number) ? termsAt([number - 1]) : [];
  const shareOf = (wanted: readonly Term[], passage = around, vague = 1) => {
    let [all, there] = [0, 0];
    for (const term of new Map(wanted.map((entry) => [entry.key, entry])).values()) {
      const { key } = term;
      const weight = weightOf(index, term) * (!index.has(key) || kinds.has(key) ? vague : 1);
      all += weight;
      if (own.some((word) => isSameWord(word.key, key))) there += weight;
      else if (subject.some((word) => isSameWord(word.key, key))) there += continued * weight;
      else if (passage.some((word) => isSameWord(word.key, key))) there += nearby * weight;
    }
    return all === 0 ? 0 : there / all;
  };
  // A question like "What is it about?" has no words to look for.
  const askedShare = asked.length > 0 ? shareOf(asked, before, vagueAsked) : 1;
  const newShare = shareOf(newTerms);
  if (!hasNewWords(index, statement)) {
    const isThere = newTerms.length === 0 || newShare >= leastNewShare;
    return { score: 0.7 * askedShare, isFound: isThere && askedShare >= leastConfirmed };
  }
  // Between sentences with the same words, the one with the same pairs of neighbours scores higher.
  const newScore = 0.9 * newShare + 0.1 * (newTerms.length > 1 ? neighbourShare(newTerms, own) : newShare);
  // If the statement has numbers and names, these decide: other words may be the model's own.
  const factShare = facts.length > 0 ? shareOf(facts) : newShare;
  const score = newScore * (0.45 + 0.55 * askedShare);
  // If the number that was asked for is there, other names around it matter little.
  const numbers = newTerms.filter(({ kind }) => kind === 'number');
  const isNumberThere = numbers.length > 0 && shareOf(numbers) === 1 && askedShare >= leastAskedOfNumber;
  const isWhole =
    asked.filter(({ key }) => index.has(key)).length < leastSpecific &&
    whole.length >= leastShortWords &&
    facts.length > 0 &&
    whole.every(({ key }) => index.said(number).some((word) => isSameWord(word.key, key)));
  const stands = (terms: readonly Term[], { key }: Term) =>
    terms.some((word) => isSameWord(word.key, key) || isPartOf(word.key, key));
  // Words of the question that the answer has and that are not found here: what the answer is about may be missing.
  const absent = asked.filter((word) => stands(whole, word) && !stands(own, word) && !stands(before, word));
  const isRepeated =
    isWhole || (absent.length === 0 && whole.length >= leastWholeWords && shareOf(whole) >= leastWhole);
  const isThere = isNumberThere || isRepeated || (factShare >= leastNewShare && askedShare >= leastAsked);
  const text = () => (sentence ? textOf(index.document, sentence) : '');
  const isOfAnother = () => {
    const known = absent.filter(({ key }) => index.has(key));
    return isAboutAnother(whole, own, known) || isAskedOfOtherFact(facts, statement, { own, text: text() });
  };
  const isVerbatim = () => whole.every((word) => stands(own, word)) && standsWhole(statement, text());
  return { score, isFound: (isThere && score >= leastScore && !isOfAnother()) || isVerbatim() };
}

/** Whether the sentence has the whole statement word for word, which is enough whatever was asked. */
function standsWhole({ text }: Statement, sentence: string): boolean {
  const isLong = text.length >= leastRunLength && text.split(' ').length >= leastRun;
  return isLong && ` ${plain(sentence)} `.includes(` ${text} `);
}

/** The share of neighbouring words of the statement that are neighbours in the sentence too. */
function neighbourShare(newTerms: readonly Term[], own: readonly Term[]): number {
  let pairs = 0;
  for (let i = 1; i < newTerms.length; i++) {
    const [first, second] = [newTerms[i - 1] as Term, newTerms[i] as Term];
    const isThere = own.some((word, at) => {
      const next = own[at + 1];
      return next !== undefined && isSameWord(word.key, first.key) && isSameWord(next.key, second.key);
    });
    if (isThere) pairs++;
  }
  return pairs / (newTerms.length - 1);
}
