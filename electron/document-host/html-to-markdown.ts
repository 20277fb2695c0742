/**
 * Converts HTML to Markdown: headings, lists and tables stay readable, everything that is not text is removed. Used for HTML, DOCX, EPUB,
 * mail and Markdown. Nothing is fetched: pictures become their description, links their words.
 */
import { type CheerioAPI, load } from 'cheerio';
import TurndownService from 'turndown';
import { writeMarks } from './html-marks.ts';
import { flattenDeep } from './html-nodes.ts';
import { writeTables } from './html-tables.ts';
import { removeInvisible } from './html-visible.ts';
import { formatNumber } from './number-formats.ts';

/** The used part of a DOM node, because this room has no DOM types. */
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
  // Escaping would add backslashes to the document's text, and quotes of it would not be found any more.
  turndown.escape = (text) => text;
  turndown.addRule('link', { filter: 'a', replacement: (content) => content });
  turndown.addRule('picture', {
    filter: 'img',
    replacement: (_content, node) => {
      const description = (node as unknown as DomNode).getAttribute('alt')?.replace(/\s+/g, ' ').trim();
      return description ? `[${description}]` : '';
    },
  });
  // Emphasis marks cost tokens, and inside a sentence they keep quotes from being found.
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

/** "3." or "(c)" as the page shows it, because texts refer to clauses by it. */
function itemMark(item: DomNode): string {
  const list = item.parentNode;
  if (list?.nodeName !== 'OL') return '-';
  const style = /list-style(?:-type)?\s*:\s*([\w-]+)/.exec(list.getAttribute('style') ?? '')?.[1] ?? '';
  if (style === 'none') return '-';
  // The items were numbered before, so that a long list is not counted again for each of them.
  const n = Number(item.getAttribute('value') ?? 1);
  return `${formatNumber(n, listStyles[style] ?? listFormats[list.getAttribute('type') ?? ''] ?? 'decimal')}.`;
}

/** How much of a saved page was removed as boilerplate. */
export interface Boilerplate {
  parts: number;
  words: number;
}

export interface PageOptions {
  /** Removes the boilerplate of a saved page. Its code is large and is loaded only by callers that need it. */
  removeBoilerplate?: (($: CheerioAPI) => Boilerplate) | undefined;
  /** The text of a style sheet that the page links to, if it is available. */
  stylesheet?: (href: string) => string | undefined;
}

export interface MarkdownPage {
  title: string; // of <title>; '' when there is none
  markdown: string;
  hidden: number; // parts with text that the page does not show
  equations: number;
  pictures: number; // without a description
  boilerplate: Boilerplate | undefined; // that was removed
}

/** `xhtml`: "<title/>" closes itself there, while in HTML the title would contain the rest of the page. */
export function htmlToMarkdown(html: string, kind: 'html' | 'xhtml', options: PageOptions = {}): MarkdownPage {
  const { body, ...page } = textOnly(html, kind, options);
  return { ...page, markdown: markdownService().turndown(body) };
}

/** Replaces frames whose page is in the file, as programs that save a page as one file write them. */
function openFrames($: CheerioAPI): void {
  for (let depth = 0; depth < mostFrames; depth++) {
    const frames = $('iframe[srcdoc]').get();
    if (frames.length === 0) return;
    for (const frame of frames)
      $(frame).replaceWith(`<div>${load(frame.attribs.srcdoc ?? '')('body').html() ?? ''}</div>`);
  }
}

const mostFrames = 5; // within each other

/** A separate function, so that its tree can be freed before turndown builds another one. */
function textOnly(
  html: string,
  kind: 'html' | 'xhtml',
  { removeBoilerplate, stylesheet }: PageOptions,
): Omit<MarkdownPage, 'markdown'> & { body: string } {
  const $ =
    kind === 'html'
      ? load(html)
      : load(html, { xml: { xmlMode: false, recognizeSelfClosing: true, decodeEntities: true } });
  openFrames($);
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
