/**
 * Replaces HTML inside Markdown, and pictures written as data. The rest of a Markdown text is not changed, and neither is code in fences or
 * between backticks.
 */
import { htmlToMarkdown } from './html-to-markdown.ts';
import type { ImportNotes } from './import-notes.ts';
import { addPageNotes } from './page-notes.ts';

interface LeftOutCounts {
  hidden: number; // parts that are not shown
  equations: number;
}

// A fence ends at an equal one or at the end of the text; code between backticks does not cross an empty line.
const code =
  /(^|\n) {0,3}(`{3,}|~{3,})[^\n]*(?:\n[\s\S]*?(?:\n {0,3}\2[`~]*[ \t]*(?=\n|$)|$)|$)|(`+)(?!`)(?:[^`\n]|\n(?!\s*\n)|(?!\3(?!`))`+)*?[^`]?\3(?!`)/g;
const blockNames =
  'table|div|details|section|article|figure|center|ul|ol|dl|h[1-6]|p|blockquote|svg|math|style|script|template';

export function plainMarkdown(markdown: string, notes: ImportNotes): string {
  const counts: LeftOutCounts = { hidden: 0, equations: 0 };
  // Code is replaced by a sign that no text has, so that a block of HTML may have code in it, and put back at the end.
  const kept: string[] = [];
  const bare = markdown.replace(/\uFDD0/g, '\uFFFD').replace(code, (found) => `\uFDD0${kept.push(found) - 1}\uFDD0`);
  const text = plainParts(bare, counts);
  addPageNotes(notes, [{ ...counts, pictures: 0, boilerplate: undefined }]);
  return text.replace(/\uFDD0(\d+)\uFDD0/g, (_, n: string) => kept[Number(n)] ?? '');
}

function plainParts(bare: string, counts: LeftOutCounts): string {
  const text = withoutDataPictures(bare).replace(/<!--([\s\S]*?)-->/g, (_, comment: string) => {
    if (/[\p{L}\p{N}]/u.test(comment)) counts.hidden++;
    return '';
  });
  return inlineTags(htmlBlocks(text, counts));
}

/** Replaces "![chart](data:...)" and its forms with a reference by the description. */
function withoutDataPictures(text: string): string {
  const data = new Set<string>(); // labels of references to data
  const bare = text.replace(/^ {0,3}\[([^\]\n]{1,999})\]:[ \t]*<?data:[^\n]*(?:\n|$)/gim, (_, label: string) => {
    data.add(label.trim().toLowerCase());
    return '';
  });
  return bare
    .replace(/!\[([^\]\n]*)\]\(\s*<?data:[^)\s]*>?(?:\s+"[^"\n]*")?\s*\)/gi, (_, alt: string) => described(alt))
    .replace(/!\[([^\]\n]*)\](?:\[([^\]\n]*)\])?/g, (all, alt: string, label: string | undefined) =>
      data.has((label || alt).trim().toLowerCase()) ? described(alt) : all,
    );
}

function described(alt: string): string {
  return alt.trim() === '' ? '' : `[${alt.trim()}]`;
}

/** Replaces a block of HTML that has no Markdown in it by its text. */
function htmlBlocks(text: string, counts: LeftOutCounts): string {
  const opening = new RegExp(`(^|\\n)[ \\t]*<(${blockNames})(?=[\\s>/])`, 'gi');
  let plain = '';
  let at = 0;
  for (let found = opening.exec(text); found; found = opening.exec(text)) {
    const start = found.index + (found[1] ?? '').length;
    const end = endOfElement(text, start, found[2] ?? '');
    const html = text.slice(start, end);
    opening.lastIndex = end;
    const isHidden = /^[ \t]*<[^>]*(\shidden[\s>=]|display\s*:\s*none)/i.test(html);
    // After an empty line Markdown goes on inside the element: then only its tags are removed.
    const holdsMarkdown =
      /\n[ \t]*\n[ \t]*[^<\s]/.test(html) && !/^table|style|script|template|svg|math$/i.test(found[2] ?? '');
    if (holdsMarkdown && !isHidden) {
      opening.lastIndex = start + html.indexOf('>') + 1;
      continue;
    }
    const page = htmlToMarkdown(html, 'html');
    counts.hidden += page.hidden;
    counts.equations += page.equations;
    plain += text.slice(at, start) + page.markdown;
    at = end;
  }
  return plain + text.slice(at);
}

/** The offset after the element that begins at `start`; if it is not closed, the next empty line. */
function endOfElement(text: string, start: number, name: string): number {
  const tags = new RegExp(`<(/?)${name}(?=[\\s>/])[^>]*>`, 'gi');
  tags.lastIndex = start;
  let depth = 0;
  for (let tag = tags.exec(text); tag; tag = tags.exec(text)) {
    if (tag[0].endsWith('/>')) continue;
    depth += tag[1] ? -1 : 1;
    if (depth <= 0) return tags.lastIndex;
  }
  const blank = /\n[ \t]*\n/g;
  blank.lastIndex = start;
  return blank.exec(text)?.index ?? text.length;
}

const inlineNames =
  'a|abbr|b|bdi|bdo|big|center|cite|del|details|dfn|div|em|figcaption|figure|font|i|ins|kbd|mark|p|picture|q|s|samp|section|small|source|span|strike|strong|summary|tt|u|var|wbr|article|blockquote|h[1-6]|ul|ol|li|dl|dt|dd|img|sup|sub|br|hr|ruby|rt|rp';

/** Replaces tags within a line. What is not an HTML tag ("<name>", "<http://...>", "a < b") stays. */
function inlineTags(text: string): string {
  return text
    .replace(/<(sup|sub|ruby)(?:\s[^<>]*)?>(?:[^<\n]|<(?!\/\1>)[^<>\n]*>){1,300}<\/\1>/gi, (all) =>
      htmlToMarkdown(`x${all}`, 'html').markdown.slice(1),
    )
    .replace(/<br\s*\/?>(\r?\n)?/gi, '\n')
    .replace(/<img\s[^<>]*>/gi, (all) =>
      described(/\salt\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(all)?.slice(1).find(Boolean) ?? ''),
    )
    .replace(new RegExp(`</?(?:${inlineNames})(?:\\s(?:[^<>"']|"[^"]*"|'[^']*'){0,2000})?/?>`, 'gi'), '');
}
