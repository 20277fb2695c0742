/**
 * The only changes made to a document's characters. No NFC and no clean-up: quotes are searched for in this text and must
 * be found again in the original.
 */
export function normaliseText(text: string): string {
  return (
    text
      // A soft hyphen at a line end breaks a word, which is joined.
      .replace(/\u00AD\r?\n[ \t]*/g, '')
      .replace(/[\0\u00AD]/g, '')
      .replace(/\r\n?|\f/g, '\n')
      // A lone surrogate has no UTF-8 form: the tokeniser and the disk would each replace it differently.
      .replace(/\p{Surrogate}/gu, '\uFFFD')
  );
}
