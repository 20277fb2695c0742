/**
 * HTML to Markdown: headings, lists and tables stay readable, everything that is not text goes. Shared by HTML, DOCX, EPUB and
 * Markdown. Nothing is fetched: pictures become their description, links their words.
 */
import { type CheerioAPI, load } from 'cheerio';
import TurndownService from 'turndown';
import { writeMarks } from './html-marks.ts';
import { flattenDeep } from './html-nodes.ts';
import { writeTables } from './html-tables.ts';
import { removeInvisible } from './html-visible.ts';
import { formatNumber } from './number-formats.ts';

/** Only what is used of a DOM node: this room has no DOM types. */
interface DomNode {
  nodeName: string;
  parentNode: DomNode | null;
  previousSibling: DomNode | null;
  getAttribute(name: string): string | null;
}

let service: TurndownService | undefined;

function markdownService(): TurndownService {
  if (service) return service;
  const turndown = new TurndownService({
    headingStyle: 'atx',
    bulletListMarker: '-',
    codeBlockStyle: 'fenced',
    hr: '---',
    br: '',
  });
  // Escaping would put backslashes into the document's own text, and quotes of it would no longer be found.
  turndown.escape = (text) => text;
  turndown.addRule('link', { filter: 'a', replacement: (content) => content });
  turndown.addRule('picture', {
    filter: 'img',
    replacement: (_content, node) => {
      const description = (node as unknown as DomNode).getAttribute('alt')?.replace(/\s+/g, ' ').trim();
      return description ? `[${description}]` : '';
    },
  });
  // Emphasis marks cost tokens and break quotes in the middle of a sentence.
  turndown.addRule('emphasis', { filter: ['em', 'i', 'strong', 'b'], replacement: (content) => content });
  turndown.addRule('item', {
    filter: 'li',
    replacement: (content, node) => {
      const mark = itemMark(node as unknown as DomNode);
      return `${mark} ${content.trim().replace(/\n/g, `\n${' '.repeat(mark.length + 1)}`)}\n`;
    },
  });
  turndown.addRule('cell', {
    filter: ['th', 'td'],
    replacement: (content) => ` ${content.trim().replace(/\s*\n\s*/g, ' ')} |`,
  });
  turndown.addRule('row', { filter: 'tr', replacement: (content) => (/[^\s|]/.test(content) ? `\n|${content}` : '') });
  turndown.addRule('table', { filter: 'table', replacement: (content) => `\n\n${content.trim()}\n\n` });
  turndown.addRule('tableParts', { filter: ['thead', 'tbody', 'tfoot'], replacement: (content) => content });
  service = turndown;
  return turndown;
}

const listFormats: Record<string, string> = { a: 'lowerLetter', A: 'upperLetter', i: 'lowerRoman', I: 'upperRoman' };
const listStyles: Record<string, string> = {
  'lower-alpha': 'lowerLetter',
  'lower-latin': 'lowerLetter',
  'upper-alpha': 'upperLetter',
  'upper-latin': 'upperLetter',
  'lower-roman': 'lowerRoman',
  'upper-roman': 'upperRoman',
  'decimal-leading-zero': 'decimalZero',
};

/** "3." or "(c)" as the page shows it: clauses are referred to by it. */
function itemMark(item: DomNode): string {
  const list = item.parentNode;
  if (list?.nodeName !== 'OL') return '-';
  const style = /list-style(?:-type)?\s*:\s*([\w-]+)/.exec(list.getAttribute('style') ?? '')?.[1] ?? '';
  if (style === 'none') return '-';
  // The numbers were put on the items before, so that a long list is not counted anew for each of them.
  const n = Number(item.getAttribute('value') ?? 1);
  return `${formatNumber(n, listStyles[style] ?? listFormats[list.getAttribute('type') ?? ''] ?? 'decimal')}.`;
}

/** What of a saved page is not its text. */
export interface Boilerplate {
  parts: number;
  words: number;
}

export interface PageOptions {
  /** Of a saved page the navigation and the like is left out. What finds it is large and is loaded by those who want it. */
  removeBoilerplate?: (($: CheerioAPI) => Boilerplate) | undefined;
  /** The text of a stylesheet that the page links to, if it is at hand. */
  stylesheet?: (href: string) => string | undefined;
}

export interface MarkdownPage {
  title: string; // of <title>; '' when there is none
  markdown: string;
  hidden: number; // parts with text that the page does not show
  equations: number;
  pictures: number; // without a description
  boilerplate: Boilerplate | undefined; // that was left out
}

/** `xhtml`: "<title/>" closes itself there, while in HTML it would swallow the page. */
export function htmlToMarkdown(html: string, kind: 'html' | 'xhtml', options: PageOptions = {}): MarkdownPage {
  const { body, ...page } = textOnly(html, kind, options);
  return { ...page, markdown: markdownService().turndown(body) };
}

/** A function of its own, so that its tree is gone before turndown builds another one. */
function textOnly(
  html: string,
  kind: 'html' | 'xhtml',
  { removeBoilerplate, stylesheet }: PageOptions,
): Omit<MarkdownPage, 'markdown'> & { body: string } {
  const $ =
    kind === 'html'
      ? load(html)
      : load(html, { xml: { xmlMode: false, recognizeSelfClosing: true, decodeEntities: true } });
  flattenDeep($);
  const title = $('head > title').first().text().replace(/\s+/g, ' ').trim();
  const hidden = removeInvisible($, stylesheet);
  const boilerplate = removeBoilerplate?.($);
  const { equations, pictures } = writeMarks($);
  writeTables($);
  for (const list of $('ol').get()) {
    const items = $(list).children('li').get();
    const step = list.attribs.reversed === undefined ? 1 : -1;
    let n = Number.parseInt(list.attribs.start ?? '', 10);
    if (Number.isNaN(n)) n = step === 1 ? 1 : items.length;
    for (const item of items) {
      const stated = Number.parseInt(item.attribs.value ?? '', 10);
      if (!Number.isNaN(stated)) n = stated;
      item.attribs.value = `${n}`;
      n += step;
    }
  }
  const body = $('body');
  return { title, hidden, equations, pictures, boilerplate, body: (body.length > 0 ? body.html() : $.html()) ?? '' };
}
