/** Text recognition (OCR) by tesseract.js, in threads of this process. English data come with RocketDoc; nothing is fetched. */
import { availableParallelism } from 'node:os';
import { createWorker, OEM, PSM, type Worker } from 'tesseract.js';
import type { PageSpan } from '../contract/documents.ts';
import { AppError } from '../contract/errors.ts';
import { builtThread } from '../hosts/built-files.ts';
import type { ExtractContext } from './extract-context.ts';
import { languagePlaces } from './language-data.ts';
import { blocksToText } from './recognised-lines.ts';
import { type Picture, turnedOver } from './turned-picture.ts';

/** Only two, because each tesseract takes up to 300 MB in addition to its picture. */
const maxThreads = 2;

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
    const { languages } = choice;
    const places = languagePlaces(languages, languageFolder);
    const options = {
      workerPath: builtThread('recogniser-thread'),
      cacheMethod: 'readOnly',
      cachePath: places.plain,
      langPath: places.packed,
      errorHandler: () => {}, // errors arrive as rejections too
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
    } finally {
      places.end(); // the threads have loaded the data
    }
  }

  /** Recognises every picture, as many at a time as there are threads. `draw` is called when a thread is free for the picture. */
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

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** An upside-down page gives nonsense, for which tesseract's confidence is at most this. */
const upsideDown = 0.6;

/** undefined: tesseract cannot read the picture. */
async function recogniseWith(worker: Worker, picture: Picture): Promise<RecognisedText | undefined> {
  const upright = await readPicture(worker, picture);
  if (!upright || upright.text === '' || upright.recognised.confidence >= upsideDown) return upright;
  const turned = turnedOver(picture);
  const over = turned && (await readPicture(worker, turned));
  return over && over.text !== '' && over.recognised.confidence > upright.recognised.confidence ? over : upright;
}

async function readPicture(worker: Worker, { bytes, dpi }: Picture): Promise<RecognisedText | undefined> {
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
