/**
 * Marks words in the element tree that a Markdown text was parsed into. The words come from the source, which has more of them than
 * are shown: addresses of links, numbers of lists. So each shown word is looked for in the source after the last one that was found.
 */
import { type ComparedWord, wordsIn } from '../../electron/contract/words.ts';
import { element, type Node, text } from './tree.ts';

/** The most words of the source between two words that are shown: no address of a link has more. */
const farthest = 200;

/** A rehype plugin. */
export function differenceMarks(words: readonly ComparedWord[]) {
  return (tree: unknown) => {
    let next = 0;
    const differs = (word: string): boolean => {
      for (let i = next; i < Math.min(words.length, next + farthest); i++)
        if (words[i]?.word === word) {
          next = i + 1;
          return words[i]?.differs ?? false;
        }
      return false;
    };
    markIn(tree as Node, differs);
  };
}

function markIn(parent: Node, differs: (word: string) => boolean): void {
  if (!parent.children) return;
  parent.children = parent.children.flatMap((node) => {
    if (node.type === 'text') return markedText(node.value ?? '', differs);
    markIn(node, differs);
    return [node];
  });
}

/** Neighbouring words that differ share one mark. */
function markedText(value: string, differs: (word: string) => boolean): Node[] {
  const out: Node[] = [];
  let written = 0;
  let from: number | undefined;
  let to = 0;
  const close = () => {
    if (from === undefined) return;
    if (from > written) out.push(text(value.slice(written, from)));
    out.push(element('mark', {}, [text(value.slice(from, to))]));
    written = to;
    from = undefined;
  };
  for (const { word, start, end } of wordsIn(value)) {
    if (differs(word)) {
      from ??= start;
      to = end;
    } else close();
  }
  close();
  if (written < value.length) out.push(text(value.slice(written)));
  return out;
}
