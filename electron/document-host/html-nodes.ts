/**
 * Nodes of a web page in memory (cheerio's), and walks over them without recursion: the nesting of a hostile page would overflow the stack.
 */
import type { CheerioAPI, load } from 'cheerio';

/** cheerio's node types, which it does not export. */
export type HtmlNode = Extract<Parameters<typeof load>[0], { parent: unknown }>;
export type HtmlElement = Extract<HtmlNode, { tagName: string }>;

export function isHtmlElement(node: HtmlNode | null | undefined): node is HtmlElement {
  return node !== null && node !== undefined && 'tagName' in node;
}

const blockNames =
  /^(address|article|aside|blockquote|body|br|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|summary|table|td|th|tr|ul)$/;
const mostDepth = 150; // cheerio's serialiser and turndown recurse; real pages have some 40 levels

/** Of elements deeper than mostDepth only text and paragraphs are kept. */
export function flattenDeep($: CheerioAPI): void {
  const tooDeep: HtmlElement[] = [];
  const open: [node: HtmlNode, depth: number][] = [[$.root()[0] as HtmlNode, 0]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [node, depth] = next;
    if (isHtmlElement(node) && depth >= mostDepth) tooDeep.push(node);
    else if ('children' in node) for (const child of node.children) open.push([child, depth + 1]);
  }
  for (const element of tooDeep) {
    const lines = textLines(element);
    element.children.length = 0;
    const inner = $(element);
    for (const line of lines) inner.append($('<p></p>').text(line));
  }
}

/** The text inside an element, one line for each block. */
export function textLines(element: HtmlElement): string[] {
  const lines: string[] = [];
  let line = '';
  const end = (): void => {
    if (line.trim() !== '') lines.push(line.trim());
    line = '';
  };
  const open: (HtmlNode | 'end')[] = [element];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node === 'end') end();
    else if (node.type === 'text') line += node.data;
    else if ('children' in node && !(isHtmlElement(node) && /^(script|style|template|noscript)$/.test(node.tagName))) {
      const isBlock = isHtmlElement(node) && blockNames.test(node.tagName);
      if (isBlock) {
        end();
        open.push('end');
      }
      for (let i = node.children.length - 1; i >= 0; i--) open.push(node.children[i] as HtmlNode);
    }
  }
  end();
  return lines;
}

export function textOfNode(element: HtmlElement): string {
  return textLines(element).join(' ');
}

export function around(node: HtmlNode, matches: (element: HtmlElement) => boolean): HtmlElement | undefined {
  for (let at = node.parent as HtmlNode | null; at; at = at.parent as HtmlNode | null)
    if (isHtmlElement(at) && matches(at)) return at;
  return undefined;
}
