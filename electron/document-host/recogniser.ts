/** Text recognition (OCR) by tesseract.js, in threads of this process. English data come with RocketDoc; nothing is fetched. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { createWorker, OEM, PSM, type Worker } from 'tesseract.js';
import type { PageSpan } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import type { ExtractContext } from './extract-context.ts';
import { blocksToText } from './recognised-lines.ts';

/** Two pages at once: one tesseract holds up to 300 MB beside its picture. */
const maxThreads = 2;

/** A picture in a file format that Leptonica reads: PNM, PNG, JPEG, WebP, BMP. */
export interface Picture {
  bytes: Uint8Array;
  dpi: number;
}

export interface RecognisedText {
  text: string; // '' when no word was found
  recognised: NonNullable<PageSpan['recognised']>;
}

export class Recogniser {
  readonly #workers: Worker[];

  private constructor(workers: Worker[]) {
    this.#workers = workers;
  }

  /** `pages`: how many will be recognised; one page needs one thread. */
  static async start({ choice, languageFolder }: ExtractContext, pages: number): Promise<Recogniser> {
    const require = createRequire(import.meta.url);
    const ownData = join(dirname(require.resolve('@tesseract.js-data/eng/package.json')), '4.0.0_best_int');
    const { languages } = choice;
    for (const language of languages) checkLanguage(language, languageFolder);
    const options = {
      workerPath: require.resolve('tesseract.js/src/worker-script/node/index.js'),
      // <languageFolder>/<language>.traineddata goes first, then the built-in English. Nothing is ever written there.
      cacheMethod: 'readOnly',
      cachePath: languageFolder ?? ownData,
      langPath: ownData,
      errorHandler: () => {}, // it comes as a rejection too
    };
    const threads = Math.min(maxThreads, availableParallelism(), pages);
    try {
      const workers = await Promise.all(
        Array.from({ length: threads }, () => createWorker(languages.join('+'), OEM.LSTM_ONLY, options)),
      );
      return new Recogniser(workers);
    } catch (error) {
      throw new AppError(
        'INVALID_ARGUMENT',
        `Text recognition does not start with ${languages.join(', ')}: the data of a language are damaged or of another kind. Use the files of tessdata_fast or tessdata_best.`,
        { cause: error },
      );
    }
  }

  /** Every picture once, as many at a time as there are threads. `draw` is called when a thread is free for the picture. */
  async recogniseAll<Key>(
    keys: readonly Key[],
    draw: (key: Key) => Picture | undefined,
    onDone: (key: Key, recognised: RecognisedText | undefined) => void,
  ): Promise<void> {
    const waiting = [...keys];
    await Promise.all(
      this.#workers.map(async (worker) => {
        for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
          const picture = draw(key);
          onDone(key, picture && (await recogniseWith(worker, picture)));
        }
      }),
    );
  }

  /** undefined: the picture cannot be read. */
  async recognise(picture: Picture): Promise<RecognisedText | undefined> {
    return recogniseWith(this.#workers[0] as Worker, picture);
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** undefined: tesseract cannot read the picture. */
async function recogniseWith(worker: Worker, { bytes, dpi }: Picture): Promise<RecognisedText | undefined> {
  await worker.setParameters({ tessedit_pageseg_mode: PSM.AUTO, user_defined_dpi: `${Math.round(dpi)}` });
  const page = await worker
    .recognize(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
      { rotateAuto: true },
      { blocks: true, text: false },
    )
    .catch(() => undefined);
  if (!page) return undefined;
  const words = (page.data.blocks ?? []).flatMap(({ paragraphs }) =>
    paragraphs.flatMap(({ lines }) => lines.flatMap((line) => line.words)),
  );
  const confidence = words.reduce((sum, word) => sum + word.confidence, 0) / (100 * Math.max(1, words.length));
  return { text: blocksToText(page.data.blocks ?? []), recognised: { confidence } };
}

function checkLanguage(language: string, folder: string | undefined): void {
  if (language === 'eng') return;
  const file = `${language}.traineddata`;
  if (folder !== undefined && existsSync(join(folder, file))) return;
  throw new AppError(
    'INVALID_ARGUMENT',
    folder === undefined
      ? `Text recognition has no data for the language “${language}”; English (eng) is built in.`
      : `Text recognition has no data for the language “${language}”: put ${file}, from Tesseract's tessdata_fast or tessdata_best, into ${folder}.`,
  );
}
