import { describe, expect, it } from 'vitest';
import { passageCharacters, passageRects } from '../../../renderer/features/document-view/pdf-passage.ts';

/** Text runs as PDFium gives them: each character has an index, and a line end takes two. */
function runsOf(...lines: string[]) {
  let charIndex = 0;
  return lines.map((text) => {
    const run = { text, charIndex, charCount: text.length };
    charIndex += text.length + 2;
    return run;
  });
}

describe('a passage on a printed page', () => {
  const runs = runsOf('The light-', 'house keeper lit the lamp.', 'The ﬁrst keeper lit the lamp too.');

  it('is found over line ends and broken words', () => {
    expect(passageCharacters(runs, 'lighthouse keeper', 'The ')).toEqual({ from: 4, to: 12 + 11 });
  });

  it('is found where ligatures are one character', () => {
    const at = 12 + 28;
    expect(passageCharacters(runs, 'first keeper', '')).toEqual({ from: at + 4, to: at + 14 });
  });

  it('is the one that is meant when it stands there twice', () => {
    expect(passageCharacters(runs, 'lit the lamp', 'The lighthouse keeper ')?.from).toBe(12 + 13);
    expect(passageCharacters(runs, 'lit the lamp', 'The lighthouse keeper lit the lamp. The first keeper ')?.from).toBe(
      40 + 16,
    );
  });

  it('is not found where it is not', () => {
    expect(passageCharacters(runs, 'another lamp', '')).toBeUndefined();
    expect(passageCharacters(runs, ' – ', '')).toBeUndefined();
  });

  it('is marked with one rectangle a line', () => {
    const glyph = (x: number, y: number) => ({ x, y, width: 5, height: 10, flags: 0 });
    const run = (charStart: number, y: number) => ({
      charStart,
      rect: { x: 0, y, width: 50, height: 10 },
      glyphs: Array.from({ length: 10 }, (_, i) => glyph(i * 5, y)),
    });
    const rects = passageRects({ runs: [run(0, 0), run(12, 20)] }, 8, 14);
    expect(rects).toEqual([
      { origin: { x: 40, y: 0 }, size: { width: 10, height: 10 } },
      { origin: { x: 0, y: 20 }, size: { width: 15, height: 10 } },
    ]);
  });
});
