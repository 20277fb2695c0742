/** Removes what a page does not show: by attribute, by inline style, by the rules of its style sheets. */
import type { CheerioAPI } from 'cheerio';
import { type HtmlElement, textLines } from './html-nodes.ts';

const neverShown =
  'script,style,noscript,template,iframe,object,embed,canvas,video,audio,map,head,link,meta,datalist,dialog:not([open]),input[type=hidden],rp';

/** The properties that can hide an element. A later or more specific rule for the same property wins. */
type Property = 'display' | 'visibility' | 'place';
interface Rule {
  selector: string;
  weight: number;
  hides: Partial<Record<Property, boolean>>;
}

const mostRules = 2000;
const mostTests = 30_000_000; // rules times elements
const inlineWeight = 100_000;
const importantWeight = 1_000_000;

/** Returns the number of removed parts with text in them. */
export function removeInvisible($: CheerioAPI, stylesheet?: (href: string) => string | undefined): number {
  const rules = $('style,link[rel~=stylesheet]')
    .get()
    .filter(({ attribs: { media = '', rel = '' } }) => !/print|\(|alternate/i.test(`${media} ${rel}`))
    .flatMap((style) =>
      stylesheetRules(style.tagName === 'style' ? $(style).text() : (stylesheet?.(style.attribs.href ?? '') ?? '')),
    );
  const hidden = hiddenElements($, rules);
  $(neverShown).remove();
  let count = 0;
  for (const element of hidden) {
    if (element.tagName === 'body' || element.tagName === 'html') continue; // a script may show it once the page has loaded
    if (textLines(element).length > 0) count++;
    $(element).remove();
  }
  return count;
}

function hiddenElements($: CheerioAPI, rules: readonly Rule[]): Set<HtmlElement> {
  const verdicts = new Map<HtmlElement, Partial<Record<Property, { hides: boolean; weight: number }>>>();
  const judge = (element: HtmlElement, weight: number, hides: Rule['hides']): void => {
    const known = verdicts.get(element) ?? {};
    verdicts.set(element, known);
    for (const property of ['display', 'visibility', 'place'] as const) {
      const value = hides[property];
      if (value !== undefined && weight >= (known[property]?.weight ?? -1)) known[property] = { hides: value, weight };
    }
  };
  for (const element of $('[hidden]').get()) judge(element, 0, { display: true });
  const elements = $('*').length;
  for (const { selector, weight, hides } of rules.length * elements > mostTests ? [] : rules) {
    try {
      for (const element of $(selector).get()) judge(element as HtmlElement, weight, hides);
    } catch {
      // the selector is not supported: its elements stay
    }
  }
  for (const element of $('[style]').get()) {
    const { hides, important } = declarations(element.attribs.style ?? '');
    judge(element, important ? 2 * importantWeight : inlineWeight, hides);
  }
  const hidden = new Set<HtmlElement>();
  for (const [element, { display, visibility, place }] of verdicts) {
    if (isPopUpNote(element)) continue;
    if (display?.hides || place?.hides) hidden.add(element);
    else if (visibility?.hides && $(element).find('[style*="visible"]').length === 0) hidden.add(element);
  }
  return hidden;
}

/** A footnote of an e-book, which the reader shows when its mark is touched. */
function isPopUpNote({ attribs }: HtmlElement): boolean {
  return (
    /(^|\s)(footnotes?|endnotes?|rearnotes?|note)(\s|$)/.test(attribs['epub:type'] ?? '') ||
    /^doc-(foot|end)notes?$/.test(attribs.role ?? '')
  );
}

/** Rules that show or hide elements, in order, without those for paper, for narrow windows and for states such as hover. */
function stylesheetRules(css: string): Rule[] {
  const rules: Rule[] = [];
  const text = css.replace(/\/\*[\s\S]*?(\*\/|$)/g, '').replace(/<!--|-->/g, '');
  let at = 0;
  const open: boolean[] = []; // for each enclosing at-rule: whether it applies
  while (at < text.length && rules.length < mostRules) {
    const brace = text.indexOf('{', at);
    const close = text.indexOf('}', at);
    if (close >= 0 && (brace < 0 || close < brace)) {
      open.pop();
      at = close + 1;
      continue;
    }
    if (brace < 0) break;
    const prelude = text
      .slice(at, brace)
      .replace(/^[\s\S]*;/, '')
      .trim();
    at = brace + 1;
    if (/^@(media|supports|layer|container|document|scope)/i.test(prelude)) {
      open.push(/^@layer/i.test(prelude) || /^@media\s+(only\s+)?(screen|all)\s*$/i.test(prelude));
      continue;
    }
    const end = text.indexOf('}', at);
    const body = text.slice(at, end < 0 ? undefined : end);
    at = end < 0 ? text.length : end + 1;
    if (prelude.startsWith('@') || open.includes(false)) continue;
    const { hides, important } = declarations(body);
    if (Object.keys(hides).length === 0) continue;
    for (const selector of prelude.split(/,(?![^([]*[)\]])/)) {
      if (
        selector.trim() === '' ||
        /::|:(hover|focus|active|target|checked|visited|before|after|focus-within|disabled)/i.test(selector)
      )
        continue;
      rules.push({ selector: selector.trim(), hides, weight: exactness(selector) + (important ? importantWeight : 0) });
    }
  }
  return rules;
}

function declarations(body: string): { hides: Rule['hides']; important: boolean } {
  const hides: Rule['hides'] = {};
  let important = false;
  for (const declaration of body.split(';')) {
    const [, name = '', value = ''] = /^\s*([\w-]+)\s*:\s*(.*)$/s.exec(declaration.toLowerCase()) ?? [];
    const before = Object.keys(hides).length;
    if (name === 'display') hides.display = /^none\b/.test(value);
    else if (name === 'visibility') hides.visibility = /^(hidden|collapse)\b/.test(value);
    // Positions in which only screen readers find the text.
    else if (name === 'clip' && /^rect\(\s*(0|1px)/.test(value)) hides.place = true;
    else if (name === 'clip-path' && /^inset\(\s*(50|100)%/.test(value)) hides.place = true;
    else if (/^(left|top|right|text-indent|margin-left)$/.test(name) && /^-\d{4,}(px|em|rem)/.test(value))
      hides.place = true;
    if (Object.keys(hides).length > before && /!\s*important/.test(value)) important = true;
  }
  return { hides, important };
}

/** Specificity: names of ids, then classes and the like, then elements. */
function exactness(selector: string): number {
  const count = (pattern: RegExp): number => selector.match(pattern)?.length ?? 0;
  return (
    1 + 1000 * count(/#[\w-]+/g) + 30 * count(/\.[\w-]+|\[[^\]]*\]|:(?!not)[\w-]+/g) + count(/(^|[\s>+~])[a-z][\w-]*/gi)
  );
}
