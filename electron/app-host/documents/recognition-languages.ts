/** The languages that text recognition can use: English, and those whose data a person has put into the data folder. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseChoiceSchema } from '../../contract/documents.ts';

const builtIn = 'eng';
const oneLanguage = parseChoiceSchema.shape.languages.element;

export class Languages {
  /** The folder for <language>.traineddata or .traineddata.gz, as in Tesseract's tessdata_fast and tessdata_best. */
  readonly folder: string;

  constructor(dataDir: string) {
    this.folder = join(dataDir, 'ocr');
  }

  /** The languages as Tesseract names them. The folder is read each time, so that a new file is found at once. */
  list(): string[] {
    const own = namesIn(this.folder).flatMap((name) => /^(.+)\.traineddata(?:\.gz)?$/.exec(name)?.[1] ?? []);
    return [...new Set([builtIn, ...own.filter((name) => oneLanguage.safeParse(name).success)])].sort();
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // the folder does not exist
  }
}
