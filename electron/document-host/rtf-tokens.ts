/** Splits RTF into tokens: group marks, control words, bytes and text. Pure; the reader interprets them. */

export type RtfToken =
  | { kind: 'open' }
  | { kind: 'close' }
  | { kind: 'word'; word: string; value: number | undefined }
  | { kind: 'byte'; byte: number } // \'hh
  | { kind: 'text'; text: string }; // Latin-1: one unit a byte

/** `rtf`: the file as Latin-1. */
export function* rtfTokens(rtf: string): Generator<RtfToken, void, void> {
  // A control word with its one space; a hexadecimal byte; a control symbol; a brace; a line end, which has no meaning; text.
  const token =
    /\\([A-Za-z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9A-Fa-f]{2})|\\([^A-Za-z])|([{}])|[\r\n\0]+|[^\\{}\r\n\0]+|\\/gs;
  for (let match = token.exec(rtf); match; match = token.exec(rtf)) {
    const [all, word, digits, hex, symbol, brace] = match;
    if (word !== undefined) {
      const value = digits === undefined ? undefined : Number(digits);
      // Raw bytes follow, which must not be parsed.
      if (word === 'bin') token.lastIndex += Math.max(0, value ?? 0);
      else yield { kind: 'word', word, value };
    } else if (hex !== undefined) yield { kind: 'byte', byte: Number.parseInt(hex, 16) };
    else if (symbol !== undefined) yield symbolToken(symbol);
    else if (brace !== undefined) yield { kind: brace === '{' ? 'open' : 'close' };
    else if (!/^[\r\n\0\\]/.test(all)) yield { kind: 'text', text: all };
  }
}

function symbolToken(symbol: string): RtfToken {
  switch (symbol) {
    case '~':
      return { kind: 'word', word: 'nbspace', value: undefined };
    case '_':
      return { kind: 'word', word: 'nbhyphen', value: undefined };
    case '-':
      return { kind: 'word', word: 'softhyphen', value: undefined };
    case '\r':
    case '\n':
      return { kind: 'word', word: 'par', value: undefined };
    case '\t':
      return { kind: 'word', word: 'tab', value: undefined };
    case '*':
      return { kind: 'word', word: '*', value: undefined };
    case '\\':
    case '{':
    case '}':
      return { kind: 'text', text: symbol };
    default:
      return { kind: 'word', word: 'ignored', value: undefined };
  }
}
