/** Lists of stop words by ISO 639-3 code; the package has no types of its own. */
declare module 'stopword' {
  export const eng: string[];
}
