/** What a question asks for: its words, in parts where it asks several things. */
import { isSameWord, type Term, termsOf } from './terms.ts';

export interface QuestionPart {
  asked: readonly Term[];
  /** Those of `asked` that only name the kind of the answer: "country" in "from which country". */
  kinds: ReadonlySet<string>;
}

/** Where another part begins: "Who built it, and by whom was it paid?" */
const nextPart = /[?!;]\s+|,?\s+(?:and|und|et)\s+(?=(?:(?:by|in|on|at|to|of|for|from|with)\s+)?(?:wh\w+|how)\s+\w)/iu;
const askingKind = /\b(?:which|what|welche[mnrs]?|quel(?:le)?s?)\s+$/iu;

/** The whole question first, then its parts. */
export function partsOf(question: string, stopWords: ReadonlySet<string>): QuestionPart[] {
  const partOf = (text: string): QuestionPart => {
    const asked = termsOf(text, stopWords);
    const kinds = asked.filter(({ start }) => askingKind.test(text.slice(0, start)));
    return { asked, kinds: new Set(kinds.map(({ key }) => key)) };
  };
  const parts = question.split(nextPart);
  return parts.length > 1 ? [question, ...parts].map(partOf) : [partOf(question)];
}

/** The part that a statement answers: the one of whose words it repeats the largest share. If it repeats none: the whole question. */
export function answeredPart(parts: readonly QuestionPart[], claim: readonly Term[]): QuestionPart {
  const [whole = { asked: [], kinds: new Set<string>() }, ...others] = parts;
  const shareOf = ({ asked }: QuestionPart) =>
    asked.filter(({ key }) => claim.some((word) => isSameWord(word.key, key))).length / Math.max(1, asked.length);
  return others.reduce((best, part) => (shareOf(part) > shareOf(best) ? part : best), whole);
}
