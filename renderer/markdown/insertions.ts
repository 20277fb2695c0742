/**
 * Inserts marks behind words in the element tree of a Markdown text. It runs after sanitising, so the marks' elements can come only
 * from here. Words are compared, so emphasis, links and line ends between them do not matter.
 */
import { wordsIn } from '../../electron/contract/words.ts';
import { element, type Node, text as textOf } from './tree.ts';

/** The element that stands for a mark; `data-mark` is its number. */
export const markTag = 'answer-mark';

/** Enough words to be sure of the place, few enough to find it when something stands in between. */
const tailWords = 8;

/** A rehype plugin: `claims[i]` gets mark i behind its last word, once. Claims that are not found get none. */
export function answerMarks(claims: readonly string[]) {
  const tails = claims.map((claim) => [...wordsIn(claim)].slice(-tailWords).map(({ word }) => word));
  return (tree: unknown) => insertMarks(tree as Node, tails);
}

interface Piece {
  node: Node;
  parent: Node;
  /** Where the node's text begins in the whole text. */
  at: number;
}

function insertMarks(tree: Node, tails: readonly string[][]): void {
  const pieces: Piece[] = [];
  let text = '';
  const walk = (parent: Node) => {
    // A code block is not part of the answer's prose.
    if (parent.tagName === 'pre') return;
    for (const node of parent.children ?? []) {
      if (node.type === 'text') {
        pieces.push({ node, parent, at: text.length });
        text += node.value ?? '';
      } else walk(node);
    }
    if (/^(p|li|h[1-6]|td|th|tr|blockquote|br)$/.test(parent.tagName ?? '')) text += '\n';
  };
  walk(tree);
  const words = [...wordsIn(text)];
  const marks = tails.flatMap((tail, mark) => {
    const end = endOf(words, tail);
    return end === undefined ? [] : [{ mark, at: behindPunctuation(text, end) }];
  });
  // Inserting from the end does not move the places before.
  for (const { mark, at } of marks.sort((a, b) => b.at - a.at || b.mark - a.mark)) {
    const piece = pieces.findLast((entry) => entry.at < at && at <= entry.at + (entry.node.value ?? '').length);
    if (piece) split(piece, at - piece.at, mark);
  }
}

function endOf(words: readonly { word: string; end: number }[], tail: readonly string[]): number | undefined {
  if (tail.length === 0) return undefined;
  for (let i = 0; i + tail.length <= words.length; i++)
    if (tail.every((word, k) => words[i + k]?.word === word)) return words[i + tail.length - 1]?.end;
  return undefined;
}

/** A mark stands after the closing quotation mark and the full stop. */
function behindPunctuation(text: string, end: number): number {
  return end + (/^[.,;:!?…)\]"”’»」』]*/.exec(text.slice(end, end + 8))?.[0].length ?? 0);
}

function split({ node, parent }: Piece, at: number, mark: number): void {
  const text = node.value ?? '';
  const rest = at < text.length ? [textOf(text.slice(at))] : [];
  node.value = text.slice(0, at);
  parent.children?.splice(parent.children.indexOf(node) + 1, 0, element(markTag, { 'data-mark': mark }, []), ...rest);
}
