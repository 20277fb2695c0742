import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { parsedDocumentSchema } from '../../../electron/contract/documents.ts';
import { errorCodes, toAppError } from '../../../electron/contract/errors.ts';
import { parseDocument, parseDocuments } from '../../../electron/document-host/document-client.ts';
import {
  documentHostOptions,
  forkDocumentHost,
  type StartHost,
} from '../../../electron/document-host/start-document-host.ts';
import { forkHost } from '../../../electron/hosts/fork-host.ts';
import { cyclicPdf, pdfBytes } from '../../fixtures/documents/pdf-inputs.ts';
import { temporaryFiles } from '../../fixtures/documents/temporary-files.ts';
import { docxParts, paragraphXml, zipBytes } from '../../fixtures/documents/zip-inputs.ts';
import { failure } from './parsing.ts';

const write = temporaryFiles();
// Each child starts node, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 30_000 });
const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/documents/${name}`, import.meta.url));

/** Starts a host and remembers its process id. */
function watched(start: StartHost): { startHost: StartHost; pids: number[] } {
  const pids: number[] = [];
  return {
    pids,
    startHost: (options) => {
      const host = start(options);
      if (host.pid !== undefined) pids.push(host.pid);
      return host;
    },
  };
}

const misbehaving = (name: string) => watched((limits) => forkHost(fixture(name), documentHostOptions(limits)));

/** Signal 0 asks only whether the process exists; a killed child stays visible until it is reaped, a few ms. */
async function isGone(pid: number | undefined, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs;
  while (performance.now() < end) {
    try {
      process.kill(pid as number, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

describe('parseDocument', () => {
  it('parses in a child that is gone afterwards', async () => {
    const { startHost, pids } = watched(forkDocumentHost);
    const document = await parseDocument(write('a.md', '# One\n\ntext \u{1F6A2}'), { startHost });
    expect(document).toEqual({
      title: 'One',
      format: 'md',
      text: '# One\n\ntext \u{1F6A2}',
      pages: [{ label: 'One', start: 0, end: 14 }],
      notes: [],
    });
    expect(pids[0]).not.toBe(process.pid);
    expect(await isGone(pids[0], 1000)).toBe(true);
  });

  it('hands on what was chosen, and the usual for the rest', async () => {
    const asked: unknown[] = [];
    const startHost: StartHost = (options) => {
      const host = forkDocumentHost(options);
      return { ...host, post: (request) => asked.push(request) && host.post(request) };
    };
    await parseDocument(write('chosen.txt', 'text'), { startHost, choice: { wholePage: true } });
    expect(asked).toMatchObject([{ choice: { recognise: 'never', languages: ['eng'], wholePage: true } }]);
  });

  it('brings a text of many chunks over unchanged', async () => {
    const text = 'é\u{1F6A2}x'.repeat(1_000_003); // some chunk borders fall between two surrogates
    const document = await parseDocument(write('long.txt', text));
    expect(document.text === text).toBe(true);
  });

  it('reports progress in pages', async () => {
    const bytes = await pdfBytes((pdf) => {
      for (let i = 0; i < 30; i++) pdf.text('word '.repeat(400)).addPage();
    });
    const seen: { done: number; total: number }[] = [];
    const { pages } = await parseDocument(write('progress.pdf', bytes), {
      onProgress: (progress) => seen.push(progress),
    });
    expect(seen[0]).toEqual({ step: 'reading', done: 0, total: pages.length });
    expect(seen.every(({ done }, i) => i === 0 || done > (seen[i - 1]?.done ?? 0))).toBe(true);
  });

  it('carries the code and the sentence of an error over', async () => {
    expect((await failure(parseDocument(write('zero.pdf', '')), 'DOC_EMPTY')).message).toBe(
      'zero.pdf is empty (0 bytes).',
    );
    await failure(parseDocument('/no/such/file.pdf'), 'DOC_MISSING');
    const locked = await pdfBytes((pdf) => pdf.text('x'), { userPassword: 'p', ownerPassword: 'o' });
    const path = write('locked.pdf', locked);
    await failure(parseDocument(path), 'DOC_ENCRYPTED');
    expect((await parseDocument(path, { password: 'p' })).text).toBe('x');
  });

  it('kills a hanging child within a second of the abort', async () => {
    const { startHost, pids } = misbehaving('hanging-host.mjs');
    const abort = new AbortController();
    const parsing = parseDocument(write('b.txt', 'text'), { startHost, signal: abort.signal });
    setTimeout(() => abort.abort(), 300);
    await failure(parsing, 'CANCELLED');
    expect(await isGone(pids[0], 1000)).toBe(true);
  });

  it('does not start when it is cancelled already', async () => {
    const { startHost, pids } = watched(forkDocumentHost);
    await failure(parseDocument('x.txt', { signal: AbortSignal.abort(), startHost }), 'CANCELLED');
    expect(pids).toEqual([]);
  });

  it('stops a child that takes too long', async () => {
    const { startHost, pids } = misbehaving('hanging-host.mjs');
    const limits = { baseMs: 600 };
    const error = await failure(parseDocument(write('slow.pdf', 'x'), { startHost, limits }), 'DOC_TIMEOUT');
    expect(error.message).toContain('slow.pdf could not be read in 0.6 s');
    expect(await isGone(pids[0], 1000)).toBe(true);
  });

  it('stops a child that takes too much memory', async () => {
    const { startHost, pids } = watched(forkDocumentHost);
    const path = write('heavy.txt', Buffer.alloc(90_000_000, 'some text '));
    const limits = { maxRssBytes: 200 * 2 ** 20 };
    const error = await failure(parseDocument(path, { startHost, limits }), 'DOC_TOO_LARGE');
    expect(error.message).toContain('more than 200 MB of memory');
    expect(await isGone(pids[0], 1000)).toBe(true);
  });

  it('survives a child that runs out of heap', async () => {
    const path = write('tags.html', `<html><body>${'<p><b>x</b></p>'.repeat(150_000)}</body></html>`);
    const error = await failure(parseDocument(path, { limits: { maxHeapBytes: 24 * 2 ** 20 } }), 'DOC_TOO_LARGE');
    expect(error.message).toContain('memory');
  });

  it('survives a child that dies or lies', async () => {
    const dying = misbehaving('crashing-host.mjs');
    const error = await failure(parseDocument(write('c.txt', 'x'), dying), 'DOC_FORMAT');
    expect(error.message).toContain('exit code 7');
    await failure(parseDocument(write('d.txt', 'x'), misbehaving('invalid-host.mjs')), 'INTERNAL');
    const missing = watched((limits) => forkHost(fixture('no-such-host.mjs'), documentHostOptions(limits)));
    const notStarted = await failure(parseDocument(write('e.txt', 'x'), missing), 'INTERNAL');
    expect(notStarted.message).toContain('does not start here (exit code 1)'); // the file is not to blame
  });

  it('refuses a page tree without end, and a DOCX that escapes, and writes nothing', async () => {
    await failure(parseDocument(write('cyclic.pdf', cyclicPdf)), 'DOC_FORMAT');
    mkdirSync(write('marker', '').replace('marker', 'inner'));
    const parts = docxParts(paragraphXml('text'));
    const path = write('inner/escape.docx', zipBytes([...parts, { name: '../escaped.txt', content: 'x' }]));
    await failure(parseDocument(path), 'DOC_FORMAT');
    expect(existsSync(path.replace('inner/escape.docx', 'escaped.txt'))).toBe(false);
    expect(readdirSync(path.replace('/escape.docx', ''))).toEqual(['escape.docx']);
  });

  it('answers any bytes with a document or an error of ours', async () => {
    const heads = ['', '%PDF-1.7\n', 'PK\x03\x04', '<html>', '\xff\xfe', '\xd0\xcf\x11\xe0'];
    const extensions = ['txt', 'md', 'pdf', 'docx', 'epub', 'html', ''];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...heads),
        fc.constantFrom(...extensions),
        fc.uint8Array({ maxLength: 3000 }),
        async (head, extension, tail) => {
          const path = write(`fuzz.${extension}`, Buffer.concat([Buffer.from(head, 'latin1'), tail]));
          const outcome = await parseDocument(path, { limits: { baseMs: 20_000 } }).catch(toAppError);
          if (outcome instanceof Error) {
            expect(errorCodes).toContain(outcome.code);
            expect(outcome.code).not.toBe('INTERNAL');
          } else parsedDocumentSchema.parse(outcome);
        },
      ),
      { numRuns: 6 },
    );
  });
});

describe('parseDocuments', () => {
  it('joins several files, each parsed by its own child', async () => {
    const { startHost, pids } = watched(forkDocumentHost);
    const locked = await pdfBytes((pdf) => pdf.text('In a PDF.'), { userPassword: 'p', ownerPassword: 'o' });
    const paths = [write('one.txt', 'In a text.'), write('two.pdf', locked)];
    const document = await parseDocuments(paths, { startHost, passwords: new Map([[paths[1] as string, 'p']]) });
    expect(document.text).toBe('In a text.\n\nIn a PDF.');
    expect(document.pages.map(({ label }) => label)).toEqual(['one: 1', 'two: 1']);
    expect(new Set(pids).size).toBe(2);
  });

  it('wants at least one file', async () => {
    await failure(parseDocuments([]), 'INVALID_ARGUMENT');
  });
});
