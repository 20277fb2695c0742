/**
 * Marks words of a text that Markdown has already become. The words were cut from its source, which has more of them: addresses of
 * links, numbers of lists. So each word that is shown is looked for in the source from where the last one was found.
 */
import { type ComparedWord, wordsIn } from '../../electron/contract/words.ts';
import { element, type Node, text } from './tree.ts';

/** Words of the source that may stand between two that are shown: an address is no longer. */
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

/** Neighbours that differ stand in one mark. */
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
