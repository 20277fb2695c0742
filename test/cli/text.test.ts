/** `npm run -s text`: the model's text on stdout, what is noted about it on stderr, both in --json. */
import { describe, expect, it } from 'vitest';
import type { ImportNote } from '../../electron/contract/import-notes.ts';
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

  it('says what is wrong with a file, with nothing on stdout', async () => {
    const empty = await run('text', [temporaryFile('nothing.txt', '')]);
    expect(empty).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^Error DOC_EMPTY: .*empty/) });
    const none = await run('text', []);
    expect(none).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('A file is needed') });
  });
});
