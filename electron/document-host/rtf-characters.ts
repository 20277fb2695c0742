/** Decodes bytes of an RTF document by the font's character set, else by the document's code page. */
import { isSymbolFont, symbolText } from './docx-symbols.ts';

/** \fcharset to the names that TextDecoder knows. */
const charsets: Record<number, string> = {
  77: 'macintosh',
  128: 'shift_jis',
  129: 'euc-kr',
  134: 'gbk',
  136: 'big5',
  161: 'windows-1253',
  162: 'windows-1254',
  163: 'windows-1258',
  177: 'windows-1255',
  178: 'windows-1256',
  186: 'windows-1257',
  204: 'windows-1251',
  222: 'windows-874',
  238: 'windows-1250',
};
const codePages: Record<number, string> = {
  866: 'ibm866',
  874: 'windows-874',
  932: 'shift_jis',
  936: 'gbk',
  949: 'euc-kr',
  950: 'big5',
  10000: 'macintosh',
  65001: 'utf-8',
};
const symbolCharset = 2;

/** Words that stand for a character. */
export const characterWords: Record<string, string> = {
  tab: '\t',
  line: '\n',
  lbr: '\n',
  nbspace: '\u00A0',
  nbhyphen: '\u2011',
  emdash: '—',
  endash: '–',
  lquote: '‘',
  rquote: '’',
  ldblquote: '“',
  rdblquote: '”',
  bullet: '•',
  emspace: ' ',
  enspace: ' ',
  qmspace: ' ',
  zwj: '\u200D',
  zwnj: '\u200C',
};

interface Font {
  charset: number;
  name: string;
}

export class RtfCharacters {
  readonly #fonts = new Map<number, Font>();
  readonly #decoders = new Map<string, TextDecoder>();
  encoding = 'windows-1252'; // of the document

  setCodePage(page: number): void {
    this.encoding = codePages[page] ?? (page >= 1250 && page <= 1258 ? `windows-${page}` : 'windows-1252');
  }

  addFont(number: number, charset: number, name: string): void {
    this.#fonts.set(number, { charset, name });
  }

  decode(bytes: readonly number[], fontNumber: number | undefined): string {
    const font = fontNumber === undefined ? undefined : this.#fonts.get(fontNumber);
    if (font?.charset === symbolCharset) {
      // Text in an unknown font has letters and digits more often than signs.
      const firstSign = isSymbolFont(font.name) ? 0x20 : 0x80;
      return symbolText(
        String.fromCharCode(...bytes.map((byte) => (byte < firstSign ? byte : 0xf000 + byte))),
        font.name,
      );
    }
    return this.#decoder((font && charsets[font.charset]) ?? this.encoding).decode(Uint8Array.from(bytes));
  }

  /** A character of a symbol font may be written as a number of its private range. */
  character(code: number, fontNumber: number | undefined): string {
    const text = String.fromCharCode(code);
    const font = fontNumber === undefined ? undefined : this.#fonts.get(fontNumber);
    return code >= 0xf000 && code <= 0xf0ff ? symbolText(text, font?.name) : text;
  }

  #decoder(encoding: string): TextDecoder {
    const known = this.#decoders.get(encoding);
    if (known) return known;
    const decoder = new TextDecoder(encoding);
    this.#decoders.set(encoding, decoder);
    return decoder;
  }
}
