/** Makes plain text of what a page says by looks: raised numbers, readings above characters, equations, forms, struck words. */
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
  for (const summary of $('summary').get()) summary.tagName = 'p'; // a line of its own above what it opens
  for (const details of $('details').get()) details.tagName = 'div';
  for (const caption of $('caption').get()) {
    const table = around(caption, ({ tagName }) => tagName === 'table');
    caption.tagName = 'p';
    if (table) $(table).before(caption);
  }
  for (const quote of $('q').get()) $(quote).prepend('“').append('”');
  for (const struck of $('del,s,strike').get())
    if ($(struck).text().trim() !== '') $(struck).prepend('~~').append('~~');
  // An empty description says that the picture is an ornament.
  for (const picture of $('img').get()) if (picture.attribs.alt === undefined) counts.pictures++;
  return counts;
}

/** MathML, and what KaTeX and MathJax leave in a saved page. What they draw beside it would stand there twice. */
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
  // MathJax writes the sign into a comment beside it; the library then sees no sign.
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

/** Elements that the library does not know are left out by it: then the letters and digits alone are the better text. */
function holdsAll(latex: string, words: readonly string[]): boolean {
  const written = latex.replace(/\s+/g, '');
  return latex !== '' && words.every((word) => written.includes(word));
}

/** The words of a drawing, or what it is called. */
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

/** What a form holds; its buttons are not text. */
function writeForms($: CheerioAPI): void {
  $('button,input[type=button],input[type=submit],input[type=reset],input[type=password],input[type=file]').remove();
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

/** Base text once, its reading in brackets after it: the word can be found, and nothing is lost. */
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

/** A reference to a note is a mark in brackets: "5[3] percent" is not 53 percent. */
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
  // Innermost first: what stands within another script is text by then.
  for (const script of $('sup,sub').get().reverse()) {
    const text = $(script).text().replace(/\s+/g, ' ');
    const before = script.prev && 'data' in script.prev ? script.prev.data : '';
    const isSingle = $(script).children().length === 0 || text.trim().length <= 40;
    if (!isSingle) continue; // a paragraph that is raised for looks keeps its parts
    $(script).replaceWith(escaped(script.tagName === 'sup' ? superscript(text, before) : subscript(text)));
  }
}

function isWithin(inner: HtmlNode, outer: HtmlElement): boolean {
  return around(inner, (element) => element === outer) !== undefined && isHtmlElement(inner);
}

/** Text of the page as HTML that says the same. */
function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
