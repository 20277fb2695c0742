/**
 * Letters of glyphs that a font's /Differences names by their parts, such as "f_i" and "T_h", or by a variant, such as
 * "a.sc". PDFium knows only the plain names of Adobe's list, and gives the glyph's code for the others.
 */
import type { UnpackedCopy } from './pdf-copy.ts';
import type { PdfValue } from './pdf-dict.ts';
import { namedLetters, tellingCodes } from './pdf-letter-names.ts';
import type { Pdfium } from './pdfium-wasm.ts';

const mostFonts = 3000;

type Letters = ReadonlyMap<number, string>; // by code

export class GlyphNames {
  readonly #pdfium: Pdfium;
  readonly #copy: UnpackedCopy;
  readonly #fonts = new Map<number, Letters>();
  readonly #named = new Map<string, Letters>(); // by a font's name, because each page may load the font anew
  #byName: Map<string, PdfValue[][]> | undefined;
  #telling: { codes: ReadonlySet<number> | undefined } | undefined;

  constructor(pdfium: Pdfium, copy: UnpackedCopy) {
    this.#pdfium = pdfium;
    this.#copy = copy;
  }

  /** The letters of a glyph; undefined: the font does not name the glyph, or the name stands for no letters. */
  lettersOf(textObject: number, code: number): string | undefined {
    // To make the copy takes much longer than to look whether there is anything to find in it.
    this.#telling ??= { codes: tellingCodes(this.#copy.file) };
    if (this.#telling.codes?.has(code) === false) return undefined;
    const font = textObject === 0 ? 0 : this.#pdfium.api.FPDFTextObj_GetFont(textObject);
    if (!font) return undefined;
    let letters = this.#fonts.get(font);
    if (!letters) {
      const name = this.#fonts.size < mostFonts ? withoutMark(this.#baseName(font)) : '';
      letters = this.#named.get(name) ?? this.#lettersOfFonts(name);
      this.#named.set(name, letters);
      this.#fonts.set(font, letters);
    }
    return letters.get(code);
  }

  #baseName(font: number): string {
    const { api, memory } = this.#pdfium;
    const bytes = api.FPDFFont_GetBaseFontName(font, 0, 0);
    const pointer = bytes > 1 && bytes < 500 ? memory.wasmExports.malloc(bytes) : 0;
    if (!pointer) return '';
    api.FPDFFont_GetBaseFontName(font, pointer, bytes);
    const name = Buffer.from(memory.HEAPU8.subarray(pointer, pointer + bytes - 1)).toString('latin1');
    memory.wasmExports.free(pointer);
    return name;
  }

  /** The letters for all fonts of this name; a code with different letters in two of them has none. */
  #lettersOfFonts(baseName: string): Letters {
    this.#byName ??= differencesByName(this.#copy);
    const letters = new Map<number, string>();
    const unsure = new Set<number>();
    for (const differences of this.#byName.get(baseName) ?? []) {
      for (const [code, text] of namedLetters(differences)) {
        if ((letters.get(code) ?? text) !== text) unsure.add(code);
        letters.set(code, text);
      }
    }
    for (const code of unsure) letters.delete(code);
    return letters;
  }
}

/** Removes the prefix of a subset font, "ABCDEF+", which PDFium may leave out. */
const withoutMark = (name: string): string => name.replace(/^[A-Z]{6}\+/, '');

function differencesByName({ reader }: UnpackedCopy): Map<string, PdfValue[][]> {
  const byName = new Map<string, PdfValue[][]>();
  for (const font of reader?.dictionaries('/Font') ?? []) {
    const name = font.get('/BaseFont');
    const differences = reader?.items(reader.entry(reader.entry(font, 'Encoding'), 'Differences')) ?? [];
    if (typeof name !== 'string' || differences.length === 0) continue;
    const key = withoutMark(name.slice(1));
    const before = byName.get(key);
    if (before) before.push(differences);
    else byName.set(key, [differences]);
  }
  return byName;
}
