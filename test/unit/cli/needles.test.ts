import { describe, expect, it } from 'vitest';
import { builtInNeedles, insertNeedles, isRight, parseQuestions } from '../../../electron/cli/needles.ts';

const paragraphs = Array.from({ length: 40 }, (_, i) => `Paragraph ${i} has some words in it.`);
const document = {
  title: 'T',
  format: 'txt' as const,
  text: paragraphs.join('\n\n'),
  pages: [{ label: '1', start: 0, end: paragraphs.join('\n\n').length }],
  notes: [],
};

describe('needles', () => {
  it('are ten, and each answer is in its sentence and not in its question', () => {
    const needles = builtInNeedles();
    expect(needles).toHaveLength(10);
    for (const { sentence, question, expected } of needles) {
      expect(isRight(sentence, expected)).toBe(true);
      expect(isRight(question, expected)).toBe(false);
      expect(sentence.match(/[.!?]/g)).toHaveLength(1);
    }
  });

  it('lie at ten depths, at paragraph borders, and change nothing else', () => {
    const needles = builtInNeedles();
    const { text, pages } = insertNeedles(document, needles);
    expect(pages).toEqual([{ label: 'T', start: 0, end: text.length }]);
    const parts = text.trim().split('\n\n');
    expect(parts.filter((part) => !needles.some(({ sentence }) => sentence === part))).toEqual(paragraphs);
    for (const [i, { sentence }] of needles.entries()) {
      const depth = text.indexOf(sentence) / text.length;
      expect(Math.abs(depth - (i + 0.5) / 10)).toBeLessThan(0.06);
    }
  });

  it('find a place in a text without paragraphs', () => {
    const needles = builtInNeedles();
    const { text } = insertNeedles({ ...document, text: 'One line only.' }, needles);
    for (const { sentence } of needles) expect(text).toContain(sentence);
  });
});

describe('own questions', () => {
  it('are question|expected, a line each', () => {
    expect(parseQuestions('# mine\nWho?|Ann\r\n\nWhat is a|b?|c\n', 'q.txt')).toEqual([
      { question: 'Who?', expected: 'Ann' },
      { question: 'What is a|b?', expected: 'c' },
    ]);
    expect(() => parseQuestions('Who?', 'q.txt')).toThrow(/Line 1 of q.txt/);
    expect(() => parseQuestions('\n', 'q.txt')).toThrow(/no questions/);
  });

  it('are right without regard to case and spacing', () => {
    expect(isRight('It was the  Copper\nWalrus.', 'copper walrus')).toBe(true);
    expect(isRight('It was copper.', 'copper walrus')).toBe(false);
  });
});
