/** Recognises the text of a PDF's pages that have none, if the person asked for it. */
import type { ExtractContext } from './extract-context.ts';
import type { ImportNotes } from './import-notes.ts';
import { drawPage } from './pdf-picture.ts';
import type { Pdfium } from './pdfium-wasm.ts';
import type { RecognisedText } from './recogniser.ts';
import { pageRanges } from './wording.ts';

/** The recognised texts by page number, from 1, without pages that are blank or in which no word was found. */
export async function recognisePages(
  pdfium: Pdfium,
  document: number,
  pageNumbers: readonly number[],
  context: ExtractContext,
): Promise<Map<number, RecognisedText>> {
  const recognised = new Map<number, RecognisedText>();
  if (context.choice.recognise === 'never' || pageNumbers.length === 0) return recognised;
  let done = 0;
  context.onProgress(done, pageNumbers.length, 'recognising');
  const { Recogniser } = await import('./recogniser.ts');
  const recogniser = await Recogniser.start(context, pageNumbers.length);
  await recogniser.recogniseAll(
    pageNumbers,
    (pageNumber) => drawPage(pdfium, document, pageNumber - 1),
    (pageNumber, page) => {
      if (page && page.text !== '') recognised.set(pageNumber, page);
      context.onProgress(++done, pageNumbers.length, 'recognising');
    },
  );
  await recogniser.end();
  noteRecognised(recognised, context.notes);
  return recognised;
}

/** With a lower confidence about every tenth word is wrong. */
const poorConfidence = 0.75;

export function noteRecognised(recognised: ReadonlyMap<number, RecognisedText>, notes: ImportNotes): void {
  const pages = [...recognised.keys()].sort((a, b) => a - b);
  const confidences = pages.map((page) => recognised.get(page)?.recognised.confidence ?? 0);
  if (pages.length === 0) return;
  const percent = (confidence: number) => Math.round(100 * confidence);
  const mean = percent(confidences.reduce((sum, confidence) => sum + confidence, 0) / pages.length);
  notes.add({
    kind: 'pages-recognised',
    count: pages.length,
    sentence: `The text of ${onPages(pages)} was recognised in a picture, with a confidence of ${mean} % in the mean: words may be wrong.`,
    ...(pages.length === 1 && { page: pages[0] }),
  });
  for (const [i, page] of pages.entries()) {
    const confidence = confidences[i] as number;
    if (confidence >= poorConfidence) continue;
    const sentence = `Page ${page} was hard to recognise (confidence ${percent(confidence)} %): look at the page itself before you rely on its words.`;
    notes.add({ kind: 'pages-hard-to-recognise', count: 1, page, sentence });
  }
}

function onPages(pages: readonly number[]): string {
  return `${pages.length === 1 ? 'page' : 'pages'} ${pageRanges(pages)}`;
}
