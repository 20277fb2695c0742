/** Joins recognised lines to paragraphs in reading order, by their boxes. Pure. */
import { breakWord, endsBroken } from './pdf-hyphens.ts';

interface Box {
  x0: number; // pixels, y grows downwards
  x1: number;
}

export interface RecognisedLine {
  bbox: Box;
  words: readonly { text: string; bbox: Box }[];
}

export interface RecognisedBlock {
  bbox: Box;
  paragraphs: readonly { lines: readonly RecognisedLine[] }[];
}

export function blocksToText(blocks: readonly RecognisedBlock[]): string {
  const paragraphs = blocks.flatMap((block) =>
    block.paragraphs.map(({ lines }) =>
      paragraphText(lines.map(readLine).filter(Boolean) as ReadLine[], block.bbox.x1),
    ),
  );
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n\n');
}

interface ReadLine extends Box {
  text: string;
  firstWord: number; // its width, pixels
  charWidth: number; // mean, pixels
  gap: number; // the widest white space inside, pixels
}

function readLine({ words, bbox }: RecognisedLine): ReadLine | undefined {
  const text = words
    .map((word) => word.text.trim())
    .filter(Boolean)
    .join(' ');
  const first = words[0];
  if (text === '' || !first) return undefined;
  return {
    text,
    x0: bbox.x0,
    x1: bbox.x1,
    firstWord: first.bbox.x1 - first.bbox.x0,
    charWidth: (bbox.x1 - bbox.x0) / text.length,
    gap: Math.max(0, ...words.slice(1).map((word, i) => word.bbox.x0 - (words[i]?.bbox.x1 ?? word.bbox.x0))),
  };
}

/** Joins lines of running text; a table's row and a line that was ended on purpose stay lines. */
function paragraphText(lines: readonly ReadLine[], rightEdge: number): string {
  let text = '';
  for (const [i, line] of lines.entries()) {
    const before = lines[i - 1];
    if (before) {
      const isRow = before.gap > 4 * before.charWidth || line.gap > 4 * line.charWidth;
      const wouldHaveFitted = before.x1 + line.firstWord + 1.5 * before.charWidth < rightEdge;
      if (endsBroken(text) && /^\p{L}/u.test(line.text)) text = breakWord(text);
      else text += isRow || wouldHaveFitted ? '\n' : ' ';
    }
    text += line.text;
  }
  return text;
}
