/**
 * Splits a document's text into sentences, to which evidence refers. Each row of a table is a sentence, a line break inside a paragraph
 * ends none, and an overlong stretch without full stops (such as a list) is cut at its lines.
 */
export interface Sentence {
  /** UTF-16 offsets in the text, without surrounding white space. */
  start: number;
  end: number;
  /** The page it begins on, counted from 0. */
  page: number;
  /** The number of its paragraph; sentences of one paragraph explain each other. */
  paragraph: number;
  /** A short line of its own, without a full stop. */
  isHeading: boolean;
  isTableRow: boolean;
  /** For a sentence that is cut by a page's end: where it goes on, after page numbers and running titles. */
  goesOn?: { start: number; end: number };
}

export interface PagedText {
  text: string;
  pages: readonly { label: string; start: number; end: number }[];
}

const longest = 600;
const longestHeading = 90;

/** Sentences in their order. One that is cut by a page's end is given as one sentence, after the lines in between. */
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

/** Most lines, such as page numbers and running titles, between the two halves of a cut sentence. */
const mostBetween = 4;
const longestFolio = 12;

/** Whether a sentence ends without a full stop, and may go on on the next page. */
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

/** Paragraphs between empty lines; each row of a table is a block. */
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
  // For the segmenter a line break inside a paragraph would end a sentence.
  const flat = text.slice(start, end).replace(/[\n\r\u2028\u2029]/g, ' ');
  let open: { start: number; end: number } | undefined;
  for (const { segment, index } of segmentsOf(flat, segmenter)) {
    const piece: { start: number; end: number } = open
      ? { start: open.start, end: start + index + segment.length }
      : { start: start + index, end: start + index + segment.length };
    // No end after abbreviations ("Dr. Smith", "No. 5", "J. Smith") or before lower case.
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

/** Characters that are segmented at a time: the segmenter is slow on a long text. */
const segmentedLength = 8000;

function* segmentsOf(text: string, segmenter: Intl.Segmenter) {
  for (let at = 0; at < text.length; ) {
    const isLast = at + segmentedLength >= text.length;
    const segments = [...segmenter.segment(text.slice(at, at + segmentedLength))];
    // The last segment may go on after the cut and is segmented again.
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
