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
const included = /^[^%\n]*?\\(input|include|subfile|bibliography|addbibresource)\{([^}\n]{1,200})\}/gm;

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
  const names = [...new Set([...text.matchAll(included)].map(([, , name = '']) => name))];
  if (names.length > 0) {
    const sentence = `${plural(names.length, 'file')} that the source includes ${are(names.length)} not part of it: ${names.join(', ')}. Open them too.`;
    notes.add({ kind: 'included-files', count: names.length, names, sentence });
  }
  return builder.finish(title, 'tex', notes);
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
