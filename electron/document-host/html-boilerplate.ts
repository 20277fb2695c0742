/**
 * Removes navigation and other boilerplate of a saved page. Readability finds the article; of the rest only parts that also look like
 * boilerplate are removed, so that a page that is not an article (tables, documentation, a form) keeps its text.
 */
import { Readability } from '@mozilla/readability';
import { type CheerioAPI, load } from 'cheerio';
import { parseHTML } from 'linkedom';
import { type HtmlElement, isHtmlElement, textOfNode } from './html-nodes.ts';
import type { Boilerplate } from './html-to-markdown.ts';

const mark = 'data-block'; // numbers the elements that have text themselves, so that they can be recognised in the article
const mostElements = 20_000; // with more Readability takes seconds
const articleLength = 500; // characters; a shorter text is no article

const landmarks = /^(navigation|search|menu|menubar|tablist|banner|contentinfo|dialog|alertdialog|toolbar)$/;
const boilerplateNames =
  /(^|[\s_-])(nav(bar|igation)?|menu|sidebar|side-bar|footer|masthead|breadcrumbs?|cookies?|consent|gdpr|banner|share|sharing|social|newsletter|subscribe|subscription|promo|advert(isement)?s?|ads?|sponsored|related|recommend(ed|ations)?|popular|trending|pagination|pager|skip(-link|-to)?|toolbar|popup|modal|login|signup)([\s_-]|$)/i;

/** Removes the boilerplate from the page. */
export function removeBoilerplate($: CheerioAPI): Boilerplate {
  const body = $('body').get(0);
  const removed: Boilerplate = { parts: 0, words: 0 };
  if (!body) return removed;
  const whole = words(textOfNode(body));
  const inArticle = articleBlocks($);
  const candidates: HtmlElement[] = [];
  const visit = (element: HtmlElement): void => {
    if (isBoilerplate($, element, inArticle)) candidates.push(element);
    else for (const child of element.children) if (isHtmlElement(child)) visit(child);
  };
  visit(body);
  const lost = candidates.reduce((sum, element) => sum + wordsOf(element), 0);
  // A page that consists of links is kept whole: else most of its text would be missing.
  const hasMain = inArticle !== undefined || $('main,article,[role=main],h1').text().trim() !== '';
  if (lost === whole || (!hasMain && lost > whole / 2)) return removed;
  for (const element of candidates) {
    const count = wordsOf(element);
    if (count > 0) removed.parts++;
    removed.words += count;
    $(element).remove();
  }
  return removed;
}

/** The elements of the article that have text themselves; undefined: there is no article. */
function articleBlocks($: CheerioAPI): Set<HtmlElement> | undefined {
  const blocks = $('body *').get();
  if (blocks.length > mostElements) return undefined;
  const textual = blocks.filter(({ children }) =>
    children.some((child) => child.type === 'text' && child.data.trim() !== ''),
  );
  for (const [i, block] of textual.entries()) block.attribs[mark] = `${i}`;
  const html = $.html();
  for (const block of textual) delete block.attribs[mark];
  let article: ReturnType<Readability['parse']>;
  try {
    // Readability's types require a browser's document; linkedom's has everything that it uses.
    const { document } = parseHTML(html) as unknown as { document: ConstructorParameters<typeof Readability>[0] };
    article = new Readability(document, { charThreshold: articleLength }).parse();
  } catch {
    return undefined; // a page that Readability cannot parse is read as a whole
  }
  if (!article?.content || (article.textContent ?? '').trim().length < articleLength) return undefined;
  const known = new Set(
    load(article.content)(`[${mark}]`)
      .get()
      .map(({ attribs }) => attribs[mark]),
  );
  const text = squeezed(article.textContent ?? '');
  // Readability renames and unwraps elements, so the text of an element without its mark may still be in the article.
  return new Set(textual.filter((block, i) => known.has(`${i}`) || text.includes(squeezed(textOfNode(block)))));
}

function isBoilerplate($: CheerioAPI, element: HtmlElement, inArticle: ReadonlySet<HtmlElement> | undefined): boolean {
  const { tagName, attribs } = element;
  if (/^(main|article|body|h[1-6])$/.test(tagName)) return false;
  const inner = $(element);
  if (isButton(element)) return !belongsToText($, element);
  const isLandmark = tagName === 'nav' || landmarks.test(attribs.role ?? '');
  const isMargin =
    (/^(header|footer|aside)$/.test(tagName) || attribs.role === 'complementary') &&
    inner.closest('main,article,section,blockquote').length === 0;
  if (inner.find('h1,main,article').length > 0) return false;
  const text = textOfNode(element);
  if (text === '') return false;
  // Links within the page are a table of contents and do not count.
  const linked = inner
    .find('a[href]')
    .get()
    .filter(({ attribs: { href = '' } }) => !href.startsWith('#'))
    .reduce((sum, link) => sum + $(link).text().trim().length, 0);
  const share = linked / text.length;
  if (isLandmark) return share > 0 || tagName === 'nav' || text.length < 400;
  if (!inArticle) return isMargin && (share > 0.3 || words(text) < 30);
  if (
    inArticle.has(element) ||
    inner
      .find('*')
      .get()
      .some((part) => inArticle.has(part))
  )
    return false;
  if (inner.find('td').length > 8 || inner.find('pre').length > 0) return false;
  const isNamed = boilerplateNames.test(`${attribs.class ?? ''} ${attribs.id ?? ''}`);
  if (isMargin || isNamed) return share > 0.2 || words(text) < 80;
  return share > 0.6 && inner.closest('main,article').length === 0 && words(text) > 1;
}

function isButton({ tagName, attribs }: HtmlElement): boolean {
  return tagName === 'button' || (tagName === 'input' && /^(button|submit|reset)$/i.test(attribs.type ?? ''));
}

/** Whether a button is part of the text: it opens a section, or it stands in a heading or in a sentence. */
function belongsToText($: CheerioAPI, button: HtmlElement): boolean {
  const { attribs } = button;
  if (attribs['aria-expanded'] !== undefined || attribs['aria-controls'] !== undefined) return true;
  if ($(button).closest('h1,h2,h3,h4,h5,h6,summary,legend').length > 0) return true;
  return button.next?.type === 'text' && /\p{L}/u.test(button.next.data);
}

function wordsOf(element: HtmlElement): number {
  return words(element.tagName === 'input' ? (element.attribs.value ?? '') : textOfNode(element));
}

function words(text: string): number {
  return text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
}

function squeezed(text: string): string {
  return text.replace(/\s+/g, '');
}
