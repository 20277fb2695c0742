/** Languages that text recognition knows here: English, and those whose data the person has put into the data folder. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseChoiceSchema } from '../../contract/documents.ts';

const builtIn = 'eng';
const oneLanguage = parseChoiceSchema.shape.languages.element;

export class Languages {
  /** <language>.traineddata, or .traineddata.gz, as Tesseract's tessdata_fast and tessdata_best have them. */
  readonly folder: string;

  constructor(dataDir: string) {
    this.folder = join(dataDir, 'ocr');
  }

  /** As Tesseract names them; looked up each time, so that a file counts as soon as it is there. */
  list(): string[] {
    const own = namesIn(this.folder).flatMap((name) => /^(.+)\.traineddata(?:\.gz)?$/.exec(name)?.[1] ?? []);
    return [...new Set([builtIn, ...own.filter((name) => oneLanguage.safeParse(name).success)])].sort();
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // nobody has put anything there
  }
}
