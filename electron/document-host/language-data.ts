/** Data of text recognition for each language: English comes with RocketDoc, other languages are the person's files. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { AppError } from '../contract/errors.ts';

const mostBytes = 200_000_000; // unpacked; the largest of tessdata_best are 20 MB

export interface LanguagePlaces {
  /** The folder of <language>.traineddata files; it has precedence. */
  plain: string;
  /** The folder of <language>.traineddata.gz files. */
  packed: string;
  /** Deletes what was unpacked for this. */
  end(): void;
}

/** tesseract.js takes one folder of plain files and one of packed files: the person's packed files are unpacked into the first. */
export function languagePlaces(languages: readonly string[], folder: string | undefined): LanguagePlaces {
  const require = createRequire(import.meta.url);
  const packed = join(dirname(require.resolve('@tesseract.js-data/eng/package.json')), '4.0.0_best_int');
  const needed = languages.map((language) => fileOf(language, folder)).filter((file) => file !== undefined);
  if (!needed.some((file) => file.endsWith('.gz'))) return { plain: folder ?? packed, packed, end: () => {} };
  const plain = mkdtempSync(join(tmpdir(), 'rocketdoc-ocr-'));
  const end = (): void => rmSync(plain, { recursive: true, force: true });
  try {
    for (const file of needed) {
      const name = /([^/\\]+?)(\.gz)?$/.exec(file)?.[1] ?? '';
      writeFileSync(join(plain, name), unpacked(file));
    }
  } catch (error) {
    end();
    throw error;
  }
  return { plain, packed, end };
}

/** The language's file; undefined: the built-in English. */
function fileOf(language: string, folder: string | undefined): string | undefined {
  const name = `${language}.traineddata`;
  const places = folder === undefined ? [] : [join(folder, name), join(folder, `${name}.gz`)];
  const found = places.find((place) => existsSync(place));
  if (found !== undefined || language === 'eng') return found;
  throw new AppError(
    'INVALID_ARGUMENT',
    folder === undefined
      ? `Text recognition has no data for the language “${language}”; English (eng) is built in.`
      : `Text recognition has no data for the language “${language}”: put ${name} or ${name}.gz, from Tesseract's tessdata_fast or tessdata_best, into ${folder}.`,
  );
}

function unpacked(file: string): Buffer {
  try {
    const bytes = readFileSync(file);
    const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return isPacked ? gunzipSync(bytes, { maxOutputLength: mostBytes }) : bytes;
  } catch (error) {
    throw new AppError('INVALID_ARGUMENT', `${file} cannot be read: it is damaged, or not a file of Tesseract.`, {
      cause: error,
    });
  }
}
