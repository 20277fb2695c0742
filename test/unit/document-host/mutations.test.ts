import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  defaultDocumentLimits,
  defaultParseChoice,
  parsedDocumentSchema,
} from '../../../electron/contract/documents.ts';
import { AppError } from '../../../electron/contract/errors.ts';
import { parseFile } from '../../../electron/document-host/parse-file.ts';
import { pdfBytes } from '../../fixtures/documents/pdf-inputs.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { docxParts, epubParts, paragraphXml, zipBytes } from '../../fixtures/documents/zip-inputs.ts';

const write = temporaryFiles();

const seeds = {
  'seed.pdf': await pdfBytes((pdf) => pdf.text('Some text.').addPage().text('More text.'), { compress: false }),
  'seed.docx': zipBytes(docxParts(paragraphXml('Some text.')).map((part) => ({ ...part, stored: true }))),
  'seed.epub': zipBytes(
    epubParts([{ file: 'a.xhtml', xhtml: '<html><body><h1>One</h1><p>Text.</p></body></html>', titles: ['One'] }]),
  ),
  'seed.html': Buffer.from('<!doctype html><html><body><table><tr><td>x</td></tr></table><ul><li>y</ul></body></html>'),
};

/** document-client.test.ts tries a few damaged files in the child; without starting a process many more can be tried here. */
describe('damaged documents', () => {
  it.each(Object.entries(seeds))(
    '%s with changed bytes gives a document or an AppError',
    { timeout: 30_000 },
    async (name, seed) => {
      const change = fc.record({ at: fc.nat(seed.length - 1), value: fc.nat(255) });
      await fc.assert(
        fc.asyncProperty(
          fc.array(change, { minLength: 1, maxLength: 8 }),
          fc.option(fc.nat(seed.length)),
          async (changes, cut) => {
            const bytes = Buffer.from(seed);
            for (const { at, value } of changes) bytes[at] = value;
            const path = write(name, bytes.subarray(0, cut ?? bytes.length));
            const outcome = await parseFile(path, { limits: defaultDocumentLimits, choice: defaultParseChoice }).catch(
              (error: unknown) => error,
            );
            if (outcome instanceof AppError) expect(outcome.code).toMatch(/^DOC_/);
            else parsedDocumentSchema.parse(outcome);
          },
        ),
        { numRuns: name.endsWith('pdf') ? 40 : 150 },
      );
    },
  );
});
