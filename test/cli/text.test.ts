/** `npm run -s text`: the text that the model gets on stdout, its notes on stderr, both in --json. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ImportNote } from '../../electron/contract/import-notes.ts';
import { pdfBytes } from '../fixtures/documents/pdf-inputs.ts';
import { pictureOfPage, scanPdf } from '../fixtures/documents/scans.ts';
import { output, run, temporaryFile } from './run-command.ts';

interface Printed {
  title: string;
  format: string;
  text: string;
  pages: { label: string; start: number; end: number }[];
  notes: ImportNote[];
  receipt: string;
}

const latin1 = temporaryFile(
  'lease.txt',
  Buffer.from('Die Größe der Fläche beträgt 77 m². Über die Straße führt eine Brücke.\n', 'latin1'),
);
const chapters = temporaryFile('chapters.md', '# One\n\nfirst\n\n# Two\n\nsecond \u{1F6A2}\n');

describe('text', () => {
  it('prints the text and nothing else on stdout; receipt and notes on stderr', async () => {
    const { code, stdout, stderr } = await run('text', [latin1]);
    expect(code).toBe(0);
    expect(stdout).toBe('Die Größe der Fläche beträgt 77 m². Über die Straße führt eine Brücke.\n');
    expect(stderr).toMatch(/^1 section; encoding was detected\nNote: The text's encoding was found to be [\w-]+\.\n$/);
  });

  it('is run by its npm script, with its arguments and exit code, in the process that looks for what is stale', async () => {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const { scripts } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { scripts: { text: string } };
    const [, ...words] = scripts.text.split(' ');
    expect(words).toEqual(['electron/setup/ready.mjs', 'program', 'text']);
    const asTyped = (args: string[]) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [...words, ...args], {
        cwd: root,
        encoding: 'utf8',
      });
      return { code: status, stdout, stderr };
    };
    for (const args of [[chapters, '--json'], ['--nothing'], ['--help']])
      expect(asTyped(args)).toEqual(await run('text', args));
  });

  it('prints text, pages and notes as JSON; pages are stretches of the text', async () => {
    const printed = JSON.parse(await output('text', [chapters, '--json'])) as Printed;
    expect(printed).toMatchObject({ title: 'One', format: 'md', notes: [], receipt: '2 sections' });
    expect(printed.pages.map(({ label, start, end }) => [label, printed.text.slice(start, end)])).toEqual([
      ['One', '# One\n\nfirst\n\n'],
      ['Two', '# Two\n\nsecond \u{1F6A2}\n'],
    ]);
  });

  it('several files are one text, as they are asked about', async () => {
    const printed = JSON.parse(await output('text', [chapters, latin1, '--json'])) as Printed;
    expect(printed.text).toContain('second \u{1F6A2}\n\n\nDie Größe');
    expect(printed.pages.map(({ label }) => label)).toEqual(['One: One', 'One: Two', 'lease: 1']);
    expect(printed.notes).toMatchObject([{ kind: 'encoding', sentence: expect.stringMatching(/^lease: The text's/) }]);
  });

  it('recognises scanned pages where asked, and marks them', async () => {
    const page = await pdfBytes((pdf) => pdf.fontSize(28).text('The keeper has three keys of the harbour gate.'));
    const scan = temporaryFile('scan.pdf', await scanPdf([await pictureOfPage(page, 0, 120)]));
    const without = await run('text', [scan]);
    expect(without).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^Error DOC_NO_TEXT: .*--ocr/m),
    });
    const { stdout, stderr } = await run('text', [scan, '--ocr', '--json']);
    const printed = JSON.parse(stdout) as Printed;
    expect(printed.text.replace(/\s+/g, ' ')).toContain('three keys of the harbour gate');
    expect(printed.pages).toMatchObject([{ recognised: { confidence: expect.any(Number) } }]);
    expect(printed.receipt).toBe('1 page; 1 scanned, recognised');
    expect(stderr).toMatch(/^Recognising .*scan\.pdf: \d+ %, \d of 1 pages$/m);
    const unknown = await run('text', [scan, '--ocr', '--ocr-languages', 'eng,tlh']);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringMatching(/no data for the language “tlh”/) });
    const wrong = await run('text', [scan, '--ocr', '--ocr-languages', '../eng']);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/--ocr-languages needs names like/) });
  });

  it('leaves out what surrounds the article of a saved page, unless the whole page is asked for', async () => {
    const paragraph =
      '<p>The harbour board met on Monday and spoke at length about the new light, its price, and who is to keep it.</p>';
    const furniture = '<nav><a href="/a">Latest offers</a> <a href="/b">Sign in</a></nav>';
    const html = `<html><head><title>Light</title></head><body>${furniture}<article><h1>The light</h1>${paragraph.repeat(12)}</article><footer>Cookie settings</footer></body></html>`;
    const file = temporaryFile('light.html', html);
    const article = await run('text', [file]);
    expect(article.stdout).toContain('The harbour board met');
    expect(article.stdout).not.toContain('Latest offers');
    expect(article.stderr).toContain('navigation and the like left out');
    const whole = await run('text', [file, '--whole-page']);
    expect(whole.stdout).toContain('Latest offers');
    expect(whole.stderr).not.toContain('left out');
  });

  it('says what is wrong with a file, with nothing on stdout', async () => {
    const empty = await run('text', [temporaryFile('nothing.txt', '')]);
    expect(empty).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^Error DOC_EMPTY: .*empty/) });
    const none = await run('text', []);
    expect(none).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('A file is needed') });
  });
});
