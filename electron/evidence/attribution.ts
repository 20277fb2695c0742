/**
 * Whether a number or a name belongs to what the answer says it of. "The diameter of the pipe is 30 millimetres" has nearly all its words
 * in "The diameter of the connections is 30 millimetres", which says it of something else.
 */
import { isSameWord, type Term } from './terms.ts';

/**
 * Whether a sentence says the same as the answer, but of something else: where the answer has words of the question that are neither in the
 * sentence nor before it, the sentence has other words. Only places at its beginning, where the subject is, and between words that both
 * have are compared.
 */
export function isAboutAnother(claim: readonly Term[], own: readonly Term[], absent: readonly Term[]): boolean {
  if (absent.length === 0) return false;
  const isAbsent = ({ key }: Term) => absent.some((word) => word.key === key);
  let [claimAt, ownAt] = [0, 0];
  for (const [claimNext, ownNext] of commonWords(claim, own)) {
    const others = own.slice(ownAt, ownNext).filter((word) => !claim.some(({ key }) => isSameWord(key, word.key)));
    const asked = claim.slice(claimAt, claimNext).filter(isAbsent);
    if (others.length > 0 && asked.length > 0) return true;
    [claimAt, ownAt] = [claimNext + 1, ownNext + 1];
  }
  return false;
}

/** Index pairs of the longest common subsequence of words. */
function commonWords(a: readonly Term[], b: readonly Term[]): [number, number][] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  const isSame = (i: number, j: number) => isSameWord(a[i]?.key ?? '', b[j]?.key ?? '');
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      (lengths[i] as Uint16Array)[j] = isSame(i, j) ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const pairs: [number, number][] = [];
  for (let [i, j] = [0, 0]; i < a.length && j < b.length; ) {
    if (isSame(i, j) && at(i, j) === at(i + 1, j + 1) + 1) pairs.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return pairs;
}

/** Where another clause begins. */
const clauseEnd = /[,;:()–]|\b(?:and|but|or|while|und|aber|oder|et|mais|ou|y|pero)\b/iu;

/**
 * Whether a sentence connects what was asked with another number or name than the answer's. "Designed in Tampere and made in Szeged" does
 * not say that it was made in Tampere, and "a vase stays for fourteen hours, a bowl for thirty" does not say fourteen of a bowl. The
 * answer's fact is in a clause with words of the question before it; a later clause has another word of the question, followed by a fact of
 * the same kind.
 */
export function isAskedOfOtherFact(
  facts: readonly Term[],
  { asked, whole }: { asked: readonly Term[]; whole: readonly Term[] },
  { own, text }: { own: readonly Term[]; text: string },
): boolean {
  const isAsked = ({ key }: Term) => asked.some((word) => isSameWord(word.key, key));
  const last = own.findLastIndex(({ key }) => facts.some((fact) => fact.key === key));
  const fact = own[last];
  if (!fact || !own.slice(0, last).some(isAsked)) return false;
  return own.some((word, place) => {
    const next = own[place + 1];
    if (place <= last || next?.kind !== fact.kind || !isAsked(word)) return false;
    if (own.slice(0, last).some(({ key }) => isSameWord(word.key, key))) return false;
    const isSaid = whole.some(({ key }) => isSameWord(key, next.key));
    const [since, between] = [text.slice(fact.end, word.start), text.slice(word.end, next.start)];
    return !isSaid && clauseEnd.test(since) && !clauseEnd.test(between);
  });
}
