/** What `serve` writes to the terminal while the library takes a while to open. */
import { expect, it } from 'vitest';
import { waitLine } from '../../../electron/server/wait-line.ts';

function written(isTTY: boolean, percents: (number | null)[]): string {
  let text = '';
  const line = waitLine({
    isTTY,
    write: (more) => {
      text += more;
    },
  });
  for (const percent of percents) line({ sentence: 'It is saved.', percent });
  return text;
}

it('writes the percentage anew on one line of a terminal, and at every tenth elsewhere', () => {
  expect(written(true, [null, 0, 37, 100])).toBe('It is saved.\n\r0 %\r37 %\r100 %\n');
  expect(written(false, [null, 0, 7, 12, 19, 55, 100])).toBe('It is saved.\n12 %\n55 %\n100 %\n');
});

it('writes each sentence once', () => {
  let text = '';
  const line = waitLine({
    write: (more) => {
      text += more;
    },
  });
  for (const sentence of ['It is checked.', 'It is checked.', 'It is saved.']) line({ sentence, percent: null });
  expect(text).toBe('It is checked.\nIt is saved.\n');
});
