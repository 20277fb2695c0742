/**
 * Converts what a page expresses by its appearance to plain text: raised numbers, readings above characters, equations, forms, struck
 * words.
 */
import type { CheerioAPI } from 'cheerio';
import { MathMLToLaTeX } from 'mathml-to-latex';
import { around, type HtmlElement, type HtmlNode, isHtmlElement } from './html-nodes.ts';
import { subscript, superscript } from './script-marks.ts';

export interface MarkCounts {
  equations: number;
  pictures: number; // without a description
}

export function writeMarks($: CheerioAPI): MarkCounts {
  const counts = { equations: writeEquations($), pictures: 0 };
  writeDrawings($);
  writeForms($);
  writeReadings($);
  writeNoteReferences($);
  writeScripts($);
  for (const summary of $('summary').get()) summary.tagName = 'p'; // a line of its own above the content that it opens
  for (const details of $('details').get()) details.tagName = 'div';
  for (const caption of $('caption').get()) {
    const table = around(caption, ({ tagName }) => tagName === 'table');
    caption.tagName = 'p';
    if (table) $(table).before(caption);
  }
  for (const quote of $('q').get()) $(quote).prepend('“').append('”');
  for (const struck of $('del,s,strike').get())
    if ($(struck).text().trim() !== '') $(struck).prepend('~~').append('~~');
  // An empty description means that the picture is decoration.
  for (const picture of $('img').get()) if (picture.attribs.alt === undefined) counts.pictures++;
  return counts;
}

/** Writes MathML as LaTeX, and removes what KaTeX and MathJax draw beside it in a saved page, which would repeat it. */
function writeEquations($: CheerioAPI): number {
  let count = 0;
  const write = (element: HtmlElement, latex: string, isBlock: boolean): void => {
    const sign = isBlock ? '$$' : '$';
    if (latex.trim() !== '') count++;
    $(element).replaceWith(latex.trim() === '' ? '' : escaped(`${sign}${latex.trim()}${sign}`));
  };
  $('.katex-html,.MathJax_Preview,mjx-container > svg,mjx-container > mjx-math').remove();
  for (const math of $('math').get()) {
    const annotation = $(math)
      .find('annotation')
      .filter((_, e) => /tex/i.test(e.attribs.encoding ?? ''))
      .first();
    const stated = annotation.text().trim() || math.attribs.alttext?.trim();
    const isBlock = math.attribs.display === 'block';
    write(math, stated || mathLatex($, math), isBlock);
  }
  return count;
}

function mathLatex($: CheerioAPI, math: HtmlElement): string {
  $(math).find('annotation,annotation-xml').remove();
  // MathJax writes the sign into a comment beside it, because of which the library does not find the sign.
  const parts = $(math).find('*').addBack().contents();
  parts.filter((_, { type }) => type === 'comment' || type === 'directive').remove();
  const plain = $(math).text().replace(/\s+/g, ' ').trim();
  if (plain.length > 5000) return plain;
  try {
    const latex = MathMLToLaTeX.convert($.xml($(math))).trim();
    const words = $(math)
      .find('mi,mn,mtext,ms')
      .get()
      .flatMap(
        (leaf) =>
          $(leaf)
            .text()
            .match(/[A-Za-z0-9]+/g) ?? [],
      );
    return holdsAll(latex, words) ? latex : plain;
  } catch {
    return plain;
  }
}

/** Whether the LaTeX has all words: the library leaves out unknown elements, and then the plain letters and digits are the better text. */
function holdsAll(latex: string, words: readonly string[]): boolean {
  const written = latex.replace(/\s+/g, '');
  return latex !== '' && words.every((word) => written.includes(word));
}

/** Replaces a drawing by its words, or by its title. */
function writeDrawings($: CheerioAPI): void {
  for (const svg of $('svg').get()) {
    if (around(svg, ({ tagName }) => tagName === 'svg')) continue;
    const words = $(svg)
      .find('text,foreignObject')
      .get()
      .map((e) => $(e).text().replace(/\s+/g, ' ').trim())
      .filter((text) => text !== '');
    const name = svg.attribs['aria-label']?.trim() || $(svg).children('title,desc').first().text().trim();
    const text = words.length > 0 ? ` ${words.join(' ')} ` : name ? `[${name}]` : '';
    $(svg).replaceWith(escaped(text));
  }
}

/** Replaces form fields by their values, buttons by their words. */
function writeForms($: CheerioAPI): void {
  $('input[type=password],input[type=file]').remove();
  for (const button of $('button').get()) $(button).replaceWith($(button).contents());
  for (const input of $('input').get()) {
    const { type = 'text', value = '', checked, alt = '' } = input.attribs;
    const isBox = /^(checkbox|radio)$/i.test(type);
    const text = isBox
      ? checked === undefined
        ? '[ ] '
        : '[x] '
      : type.toLowerCase() === 'image'
        ? `[${alt}]`
        : value;
    $(input).replaceWith(escaped(text === '[]' ? '' : text));
  }
  for (const select of $('select').get()) {
    const chosen = $(select).find('option[selected]');
    const options =
      chosen.length > 0 ? chosen : select.attribs.multiple === undefined ? $(select).find('option').first() : chosen;
    const text = options.get().map((option) => $(option).text().trim());
    $(select).replaceWith(escaped(text.join(', ')));
  }
  for (const area of $('textarea').get()) {
    const lines = $(area).text().trim().split('\n');
    $(area).replaceWith(`<p>${lines.map(escaped).join('<br>')}</p>`);
  }
}

/** Writes the base text once, with its reading in brackets after it, so that the word can be found and nothing is lost. */
function writeReadings($: CheerioAPI): void {
  for (const ruby of $('ruby').get()) {
    const reading = $(ruby)
      .find('rt')
      .get()
      .map((rt) => $(rt).text().trim())
      .join('');
    $(ruby).find('rt,rp,rtc').remove();
    const base = $(ruby).text().replace(/\s+/g, ' ').trim();
    $(ruby).replaceWith(escaped(reading === '' ? base : `${base}(${reading})`));
  }
}

/** Writes a reference to a note as a mark in brackets: "5[3] percent" is not 53 percent. */
function writeNoteReferences($: CheerioAPI): void {
  for (const link of $('a[href]').get()) {
    const { href = '', class: classes = '', role = '', 'epub:type': type = '' } = link.attribs;
    const text = $(link).text().trim();
    if (/backlink/.test(`${role} ${type}`) || /^[↩↑^⏎]\uFE0E?$/.test(text)) {
      $(link).remove();
      continue;
    }
    const isStated =
      /noteref/.test(`${type} ${role}`) || /\b(footnote|noteref|fn)[-_]?(ref|anchor|link)?\b/i.test(classes);
    const script = around(link, ({ tagName }) => tagName === 'sup') ?? $(link).children('sup').get(0);
    const isMark = /^([\d*†‡§¶]{1,4}|[a-z]{1,2}|[ivx]{1,6})$/i.test(text);
    if (text === '' || !(isStated || (script && href.includes('#') && isMark))) continue;
    const whole = script && $(script).text().trim() === text && !isWithin(script, link) ? script : link;
    $(whole).replaceWith(escaped(/^[[(]/.test(text) ? text : `[${text}]`));
  }
}

function writeScripts($: CheerioAPI): void {
  // The innermost first, so that a script inside another one is text already.
  for (const script of $('sup,sub').get().reverse()) {
    const text = $(script).text().replace(/\s+/g, ' ');
    const before = script.prev && 'data' in script.prev ? script.prev.data : '';
    const isSingle = $(script).children().length === 0 || text.trim().length <= 40;
    if (!isSingle) continue; // a whole paragraph that is raised is only a matter of appearance
    $(script).replaceWith(escaped(script.tagName === 'sup' ? superscript(text, before) : subscript(text)));
  }
}

function isWithin(inner: HtmlNode, outer: HtmlElement): boolean {
  return around(inner, (element) => element === outer) !== undefined && isHtmlElement(inner);
}

/** Escapes text for HTML. */
function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
