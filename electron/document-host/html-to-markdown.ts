/**
 * HTML to Markdown: headings, lists and tables stay readable, everything that is not text goes. Shared by HTML, DOCX and
 * EPUB. Nothing is fetched: pictures become their description, links their words.
 */
import { type CheerioAPI, load } from 'cheerio';
import TurndownService from 'turndown';

const notText =
  'script,style,noscript,template,iframe,object,embed,svg,canvas,video,audio,map,button,input,select,textarea,head,link,meta,[hidden]';

/** cheerio's node type, which it does not export. */
type AnyNode = Extract<Parameters<typeof load>[0], { parent: unknown }>;

let service: TurndownService | undefined;

function markdownService(): TurndownService {
  if (service) return service;
  const turndown = new TurndownService({
    headingStyle: 'atx',
    bulletListMarker: '-',
    codeBlockStyle: 'fenced',
    hr: '---',
  });
  // Escaping would put backslashes into the document's own text, and quotes of it would no longer be found.
  turndown.escape = (text) => text;
  turndown.addRule('link', { filter: 'a', replacement: (content) => content });
  turndown.addRule('picture', {
    filter: 'img',
    replacement: (_content, node) => {
      const description = (node as unknown as Attributed).getAttribute('alt')?.trim();
      return description ? `[${description}]` : '';
    },
  });
  // Emphasis marks cost tokens and break quotes in the middle of a sentence.
  turndown.addRule('emphasis', { filter: ['em', 'i', 'strong', 'b'], replacement: (content) => content });
  turndown.addRule('cell', {
    filter: ['th', 'td'],
    replacement: (content) => ` ${content.trim().replace(/\s*\n\s*/g, ' ')} |`,
  });
  turndown.addRule('row', { filter: 'tr', replacement: (content) => (content.trim() === '' ? '' : `\n|${content}`) });
  turndown.addRule('table', { filter: 'table', replacement: (content) => `\n\n${content.trim()}\n\n` });
  turndown.addRule('tableParts', { filter: ['thead', 'tbody', 'tfoot'], replacement: (content) => content });
  service = turndown;
  return turndown;
}

/** Only what is used of a DOM node: this room has no DOM types. */
interface Attributed {
  getAttribute(name: string): string | null;
}

export interface MarkdownPage {
  title: string; // of <title>; '' when there is none
  markdown: string;
}

/** `xhtml`: "<title/>" closes itself there, while in HTML it would swallow the page. */
export function htmlToMarkdown(html: string, kind: 'html' | 'xhtml'): MarkdownPage {
  const { title, body } = textOnly(html, kind);
  return { title, markdown: markdownService().turndown(body) };
}

/** A function of its own, so that its tree is gone before turndown builds another one. */
function textOnly(html: string, kind: 'html' | 'xhtml'): { title: string; body: string } {
  const $ =
    kind === 'html'
      ? load(html)
      : load(html, { xml: { xmlMode: false, recognizeSelfClosing: true, decodeEntities: true } });
  const title = $('head > title').first().text().trim();
  $(notText).remove();
  unfoldLayoutTables($);
  const body = $('body');
  return { title, body: (body.length > 0 ? body.html() : $.html()) ?? '' };
}

/** A table that holds tables or headings lays out a page; as rows its text would become one endless line. */
function unfoldLayoutTables($: CheerioAPI): void {
  const layout = new Set<AnyNode>();
  $('table,h1,h2,h3,h4,h5,h6').each((_, element) => {
    const outer = tableAround(element);
    if (outer) layout.add(outer);
  });
  if (layout.size === 0) return;
  const parts = $('thead,tbody,tfoot,tr,td,th').filter((_, part) => {
    const table = tableAround(part);
    return table !== undefined && layout.has(table);
  });
  for (const part of [
    ...parts.get(),
    ...$('table')
      .filter((_, table) => layout.has(table))
      .get(),
  ])
    part.tagName = 'div';
}

function tableAround(element: AnyNode): AnyNode | undefined {
  let at: AnyNode | null = element.parent;
  while (at && !('tagName' in at && at.tagName === 'table')) at = at.parent;
  return at ?? undefined;
}
