/** Underlines words in the element tree of a Markdown text: numbers and names that stand nowhere in the document. */
import { element, type Node, text } from './tree.ts';

/** The element that underlines them. */
export const unsupportedTag = 'answer-unsupported';

/** A rehype plugin. */
export function unsupportedMarks(unsupported: readonly string[]) {
  const escaped = [...unsupported]
    .sort((a, b) => b.length - a.length)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+'));
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join('|')})(?![\\p{L}\\p{N}])`, 'gu');
  return (tree: unknown) => markIn(tree as Node, pattern);
}

function markIn(parent: Node, pattern: RegExp): void {
  if (!parent.children || parent.tagName === 'pre' || parent.tagName === 'code') return;
  parent.children = parent.children.flatMap((node) => {
    if (node.type === 'text') return marked(node.value ?? '', pattern);
    markIn(node, pattern);
    return [node];
  });
}

function marked(value: string, pattern: RegExp): Node[] {
  const out: Node[] = [];
  let at = 0;
  for (const match of value.matchAll(pattern)) {
    if (match.index > at) out.push(text(value.slice(at, match.index)));
    out.push(element(unsupportedTag, {}, [text(match[0])]));
    at = match.index + match[0].length;
  }
  if (at < value.length || out.length === 0) out.push(text(value.slice(at)));
  return out;
}
