/** LaTeX (one span for each heading) and source code or data (one for each hundred lines). The text is not changed. */
import type { ParsedDocument } from '../contract/documents.ts';
import { are, plural } from '../contract/number-words.ts';
import { decodeText } from './decode-text.ts';
import type { ExtractContext } from './extract-context.ts';
import { TextBuilder } from './text-builder.ts';

const linesInSpan = 100;

export function extractCode({ source, limits, notes }: ExtractContext): ParsedDocument {
  const lines = decodeText(source.readAll(), source.name, notes).split(/(?<=\n)/);
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  for (let at = 0; at < lines.length; at += linesInSpan) {
    const part = lines.slice(at, at + linesInSpan);
    builder.addPiece(`lines ${at + 1}-${at + part.length}`, part.join(''));
  }
  return builder.finish(source.name, 'code', notes);
}

const heading = /^[ \t]*\\(part|chapter|section|subsection|subsubsection)\*?(\[[^\]\n]{0,300}\])?\{/gm;
const included =
  /\\(?:input|include|subfile|subfileinclude|InputIfFileExists|includestandalone|bibliography|addbibresource|verbatiminput|lstinputlisting|inputminted|includepdf|csvreader|(?:sub)?(?:import|includefrom|inputfrom))\*?(?:\[[^\]\n]{0,300}\])?((?:\{[^{}\n]{1,200}\}){1,2})/g;
const plainInput = /\\input[ \t]+([^\s{}\\%]{1,200})/g;
/** Everything behind a percent sign that is not written as \% is a comment. */
const comment = /(?<!\\)((?:\\\\)*)%.*$/gm;

export function extractTex({ source, limits, notes }: ExtractContext): ParsedDocument {
  const text = decodeText(source.readAll(), source.name, notes);
  const builder = new TextBuilder(source.name, limits.maxTextBytes);
  const title = argumentAt(text, /\\title\*?(\[[^\]\n]{0,300}\])?\{/.exec(text)) || source.stem;
  let label = title;
  let start = 0;
  for (const match of text.matchAll(heading)) {
    if (match.index > start) builder.addPiece(label, text.slice(start, match.index));
    label = argumentAt(text, match) || title;
    start = match.index;
  }
  builder.addPiece(label, text.slice(start));
  const names = includedNames(text.replace(comment, '$1'));
  if (names.length > 0) {
    const sentence = `${plural(names.length, 'file')} that the source includes ${are(names.length)} not part of it: ${names.join(', ')}. Open them too.`;
    notes.add({ kind: 'included-files', count: names.length, names, sentence });
  }
  return builder.finish(title, 'tex', notes);
}

/** The files that the source includes, in their order. */
function includedNames(text: string): string[] {
  const found: [at: number, name: string][] = [];
  for (const match of text.matchAll(included)) {
    const [first = '', second] = match[1]?.slice(1, -1).split('}{') ?? [];
    const hasFolder = /import|includefrom|inputfrom/.test(match[0].slice(0, match[0].indexOf('{')));
    const isSecond = second !== undefined && /^\\inputminted/.test(match[0]);
    const name = isSecond ? second : hasFolder ? `${first.replace(/\/?$/, '/')}${second ?? ''}` : first;
    for (const one of /^\\bibliography/.test(match[0]) ? name.split(',') : [name])
      found.push([match.index, one.trim()]);
  }
  for (const { index, 1: name = '' } of text.matchAll(plainInput)) found.push([index, name]);
  return [...new Set(found.sort(([a], [b]) => a - b).map(([, name]) => name))];
}

/** The text of the argument {...} that begins at the match's end, without commands; '' if it does not close soon. */
function argumentAt(text: string, match: RegExpExecArray | null): string {
  if (!match) return '';
  const start = match.index + match[0].length;
  let depth = 1;
  for (let at = start; at < Math.min(text.length, start + 400); at++) {
    const char = text.charAt(at);
    if (char === '\\') at++;
    else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) {
      return text
        .slice(start, at)
        .replace(/\\\\/g, ' ')
        .replace(/\\[A-Za-z]+\*?\s?/g, '')
        .replace(/[{}]/g, '')
        .replace(/\s+/g, ' ')
        .trim();
    }
  }
  return '';
}
