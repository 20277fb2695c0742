/**
 * A document's text cut into sentences: what evidence points at. Lines of a table are sentences of their own, a line break inside
 * of a paragraph ends nothing, and an overlong stretch without an end (a list without stops) is cut at its lines.
 */
export interface Sentence {
  /** UTF-16 units in the text, without the space around it. */
  start: number;
  end: number;
  /** Of the page it begins on, counted from 0. */
  page: number;
  /** Of the paragraph it stands in; sentences of one paragraph explain each other. */
  paragraph: number;
  /** A short line alone, without a full stop. */
  isHeading: boolean;
  isTableRow: boolean;
  /** Of a sentence that a page's end cuts: where it goes on, behind page numbers and running titles. */
  goesOn?: { start: number; end: number };
}

export interface PagedText {
  text: string;
  pages: readonly { label: string; start: number; end: number }[];
}

const longest = 600;
const longestHeading = 90;

/** In their order; what a page's end cuts is one sentence, and what stood in between comes before it. */
export function* sentencesOf(document: PagedText): Generator<Sentence, void, void> {
  const { text } = document;
  let cut: Sentence | undefined;
  let between: Sentence[] = [];
  for (const sentence of piecesInOrder(document)) {
    if (!cut) {
      if (isCut(text, sentence)) cut = sentence;
      else yield sentence;
      continue;
    }
    const isNext = sentence.page > cut.page && /^[\p{Ll}\p{Nd}]/u.test(text.slice(sentence.start, sentence.start + 2));
    if (isNext && !/^\p{Nd}+$/u.test(text.slice(sentence.start, sentence.end))) {
      yield* between;
      yield { ...cut, goesOn: { start: sentence.start, end: sentence.end } };
      [cut, between] = [undefined, []];
    } else if (between.length < mostBetween && (sentence.isHeading || sentence.end - sentence.start <= longestFolio)) {
      between.push(sentence);
    } else {
      yield cut;
      yield* between;
      [cut, between] = [undefined, []];
      if (isCut(text, sentence)) cut = sentence;
      else yield sentence;
    }
  }
  if (cut) yield cut;
  yield* between;
}

/** Page number, running title and the like at a page's end and at the next one's beginning. */
const mostBetween = 4;
const longestFolio = 12;

/** Whether it ends without an end: it may go on over the page. */
function isCut(text: string, { start, end, isHeading, isTableRow }: Sentence): boolean {
  return !isHeading && !isTableRow && end - start > longestFolio && /[\p{L}\p{Nd},-]$/u.test(text.slice(end - 1, end));
}

function* piecesInOrder({ text, pages }: PagedText): Generator<Sentence, void, void> {
  const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });
  let page = 0;
  let paragraph = 0;
  for (const block of blocksOf(text)) {
    paragraph++;
    const isAlone = block.isLine || !/\n/.test(text.slice(block.start, block.end).trim());
    for (const piece of piecesOf(text, block, segmenter)) {
      const shown = text.slice(piece.start, piece.end);
      const start = piece.start + (shown.length - shown.trimStart().length);
      const end = piece.start + shown.trimEnd().length;
      if (end <= start) continue;
      while (page + 1 < pages.length && (pages[page + 1]?.start ?? 0) <= start) page++;
      const isHeading =
        isAlone &&
        !block.isTableRow &&
        end - start <= longestHeading &&
        /^[#\p{Lu}\p{Nd}]/u.test(shown.trimStart()) &&
        /\p{L}/u.test(shown) &&
        /^#{1,6} |[^.!?;:,…。！？|]$/u.test(text.slice(start, end));
      yield {
        start,
        end,
        page,
        paragraph,
        isHeading: isHeading && isWhole(block, text, start, end),
        isTableRow: block.isTableRow,
      };
    }
  }
}

interface Block {
  start: number;
  end: number;
  isLine: boolean;
  isTableRow: boolean;
}

/** Paragraphs between empty lines; lines of a table one by one. */
function* blocksOf(text: string): Generator<Block, void, void> {
  let start = 0;
  let at = 0;
  while (at <= text.length) {
    const lineEnd = text.indexOf('\n', at);
    const end = lineEnd < 0 ? text.length : lineEnd;
    const line = text.slice(at, end);
    const isRow = line.includes('\t') || /^\s*\|.*\|\s*$/.test(line);
    const isEmpty = line.trim() === '';
    const isItem = /^\s*(?:[-*•–]|\d+[.)]|#{1,6})\s/.test(line);
    if (isRow || isEmpty || isItem) {
      if (at > start) yield { start, end: at, isLine: false, isTableRow: false };
      start = isItem ? at : end + 1;
      if (isRow) yield { start: at, end, isLine: true, isTableRow: true };
    }
    if (lineEnd < 0) break;
    at = end + 1;
  }
  if (start < text.length) yield { start, end: text.length, isLine: false, isTableRow: false };
}

function* piecesOf(text: string, { start, end, isTableRow }: Block, segmenter: Intl.Segmenter) {
  if (isTableRow) {
    yield { start, end };
    return;
  }
  // A line break inside of a paragraph would end a sentence for the segmenter.
  const flat = text.slice(start, end).replace(/[\n\r\u2028\u2029]/g, ' ');
  let open: { start: number; end: number } | undefined;
  for (const { segment, index } of segmentsOf(flat, segmenter)) {
    const piece: { start: number; end: number } = open
      ? { start: open.start, end: start + index + segment.length }
      : { start: start + index, end: start + index + segment.length };
    // Abbreviations: "Dr. Smith", "No. 5", "J. Smith"; what follows in lower case goes on.
    const rest = flat.slice(piece.end - start, piece.end - start + 2);
    if (
      /(?:\b(?:Dr|Mr|Mrs|Ms|Prof|St|No|Nos|Art|Fig|Sec|vs|cf|approx|ca|Inc|Ltd|Co|e\.g|i\.e|bzw|z\.B|Nr|Abs)|\b\p{Lu})\.\s*$/u.test(
        flat.slice(piece.start - start, piece.end - start),
      ) ||
      /^\p{Ll}/u.test(rest)
    ) {
      open = piece;
      continue;
    }
    open = undefined;
    yield* cutLong(text, piece);
  }
  if (open) yield* cutLong(text, open);
}

/** Characters that are segmented at a time: the segmenter takes long over a long text. */
const segmentedLength = 8000;

function* segmentsOf(text: string, segmenter: Intl.Segmenter) {
  for (let at = 0; at < text.length; ) {
    const isLast = at + segmentedLength >= text.length;
    const segments = [...segmenter.segment(text.slice(at, at + segmentedLength))];
    // The last one may go on.
    const whole = isLast || segments.length === 1 ? segments : segments.slice(0, -1);
    for (const { segment, index } of whole) yield { segment, index: at + index };
    at += whole.reduce((sum, { segment }) => sum + segment.length, 0);
  }
}

function* cutLong(text: string, piece: { start: number; end: number }) {
  let { start } = piece;
  while (piece.end - start > longest) {
    const part = text.slice(start, start + longest);
    const cut = Math.max(part.lastIndexOf('\n'), part.lastIndexOf('; '));
    const space = cut > longest / 4 ? cut : part.lastIndexOf(' ');
    const length = space > 0 ? space + 1 : longest;
    yield { start, end: start + length };
    start += length;
  }
  if (start < piece.end) yield { start, end: piece.end };
}

function isWhole(block: Block, text: string, start: number, end: number): boolean {
  return text.slice(block.start, start).trim() === '' && text.slice(end, block.end).trim() === '';
}
