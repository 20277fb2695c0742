/** No text of a document is lost without a note: twenty kinds of documents, and three further files of each kind. */
import { describe, expect, it } from 'vitest';
import { furtherLostTextCases } from '../../fixtures/documents/further-lost-text-cases.ts';
import { lostTextCases } from '../../fixtures/documents/lost-text-cases.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { parse } from './parsing.ts';

const write = temporaryFiles();
const inOneLine = (text: string) => text.replace(/\s+/g, ' ');

describe('the text of', () => {
  it.each([...lostTextCases, ...furtherLostTextCases])(
    '$name',
    async ({ name, bytes, has = [], order = [], not = [], notes = [] }) => {
      const document = await parse(write(name, bytes()));
      const text = inOneLine(document.text);
      for (const wanted of has) expect(text).toContain(wanted);
      for (const unwanted of not) expect(document.text).not.toContain(unwanted);
      let at = 0;
      for (const next of order) {
        const found = text.indexOf(next, at);
        expect(found, `“${next}” after position ${at} of “${text}”`).toBeGreaterThanOrEqual(0);
        at = found + next.length;
      }
      const sentences = document.notes.map(({ sentence }) => sentence);
      for (const said of notes) expect(sentences).toContainEqual(expect.stringMatching(said));
    },
  );

  it('all twenty, and three more of each', () => {
    expect(lostTextCases).toHaveLength(20);
    for (const { name } of lostTextCases)
      expect(furtherLostTextCases.filter((each) => each.name.slice(2) === name)).toHaveLength(3);
  });
});
