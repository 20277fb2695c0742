/** Thinking is separated from the answer at every prefix of a stream, in answers of the forms that real models write. */
import { describe, expect, it } from 'vitest';
import type { AnswerSoFar } from '../../../electron/contract/answer-text.ts';
import { withText } from '../../../electron/contract/answer-text.ts';
import { AnswerStream, changes } from '../../../electron/engine-host/answer-stream.ts';
import { splitThinking, type ThinkingShape, thinkingMarks } from '../../../electron/engine-host/thinking.ts';
import type { Vocabulary } from '../../../electron/engine-host/vocabulary.ts';
import { bytes, byteVocabulary } from './fake-addon.ts';

interface Answer {
  name: string;
  text: string;
  shape?: Partial<ThinkingShape>;
  thinking: string;
  answer: string;
  /** The stream has a `restated` event: text that was sent before had to be replaced. */
  restated?: boolean;
  /** The answer has marks within code, which are shown as text. */
  code?: boolean;
}

const answers: Answer[] = [
  {
    name: 'Qwen3',
    text: '<think>\nOkay, the rent. Page 3 says 950.\n\nSo 950.\n</think>\n\nThe rent is **950**.',
    thinking: 'Okay, the rent. Page 3 says 950.\n\nSo 950.',
    answer: 'The rent is **950**.',
  },
  {
    name: 'Qwen3 asked not to think, with an empty block of its own',
    text: '<think>\n\n</think>\n\nThe rent is 950.',
    thinking: '',
    answer: 'The rent is 950.',
  },
  {
    name: 'R1, whose template opens the block',
    text: 'Let me look.\nIt is on page 3.\n</think>\n\n950.',
    shape: { opened: true },
    thinking: 'Let me look.\nIt is on page 3.',
    answer: '950.',
  },
  {
    name: 'R1, which opens it once more',
    text: '<think>\nPage 3.\n</think>\n950.',
    shape: { opened: true },
    thinking: 'Page 3.',
    answer: '950.',
  },
  {
    name: 'Magistral',
    text: '[THINK]Hm, page 3?[/THINK]The rent is 950.',
    thinking: 'Hm, page 3?',
    answer: 'The rent is 950.',
  },
  {
    name: 'Seed-OSS',
    text: '<seed:think>\nPage 3.\n</seed:think>\n950.',
    thinking: 'Page 3.',
    answer: '950.',
  },
  {
    name: 'a block that never ends',
    text: '<think>\nThe rent is 950, as page 3 says.',
    thinking: '',
    answer: 'The rent is 950, as page 3 says.',
    restated: true,
  },
  {
    name: 'an end without a beginning',
    text: 'First page 3.\nThen page 4.\n</think>\n\nThe rent is 950.',
    thinking: 'First page 3.\nThen page 4.',
    answer: 'The rent is 950.',
    restated: true,
  },
  {
    name: 'marks in code of an answer',
    code: true,
    text: 'Strip it:\n```js\ntext.split("</think>\n")\n</think>\n```\nThe mark `<think>` begins it, `</think>` ends it.',
    thinking: '',
    answer:
      'Strip it:\n```js\ntext.split("</think>\n")\n</think>\n```\nThe mark `<think>` begins it, `</think>` ends it.',
  },
  {
    name: 'marks in code of thinking',
    code: true,
    text: '<think>\nThey ask what `</think>` is for.\n```\n</think>\n```\nEasy.\n</think>\nIt ends the block.',
    thinking: 'They ask what `</think>` is for.\n```\n</think>\n```\nEasy.',
    answer: 'It ends the block.',
  },
  {
    name: 'code in thinking that is never closed',
    code: true,
    text: '<think>\nLike this:\n```py\nx = 950\n</think>\nThe rent is 950.',
    thinking: 'Like this:\n```py\nx = 950',
    answer: 'The rent is 950.',
    restated: true,
  },
  {
    name: 'two blocks, and comparisons that look like marks',
    text: '<think>a < b</think>\n<think>b <t c</think>Since a < b and b <t c: a [T is less.',
    thinking: 'a < b\n\nb <t c',
    answer: 'Since a < b and b <t c: a [T is less.',
  },
];

const shapeOf = ({ shape }: Answer): ThinkingShape => ({ opened: false, expected: true, ...shape });
const marks = thinkingMarks.flat();

describe.each(answers)('$name', ({ text, thinking, answer, restated = false, code = false, ...rest }) => {
  const shape = shapeOf({ text, thinking, answer, ...rest });

  it('is told apart', () => {
    expect(splitThinking(text, shape, true)).toMatchObject({ thinking, answer });
  });

  it('shows at every prefix what leads to it', () => {
    let told: AnswerSoFar = { thinking: '', answer: '' };
    let before = { ...told, answerAt: 0 };
    let anew = 0;
    for (let length = 0; length <= text.length + 1; length++) {
      const ended = length > text.length;
      const after = splitThinking(text.slice(0, length), shape, ended);
      for (const event of changes(before, after)) {
        told = withText(told, event);
        if (event.type === 'restated') anew++;
      }
      before = after;
      expect(told).toEqual({ thinking: after.thinking, answer: after.answer });
      // No mark of a block is ever shown, nor a part of one at the end of the text.
      if (ended || code) continue;
      for (const part of [after.thinking, after.answer]) {
        for (const mark of marks) expect(part).not.toContain(mark);
        if (!/[<[]t?T?( |$)/.test(part.slice(-3))) expect(part).not.toMatch(/(<\/?th?i?n?k?|\[\/?TH?I?N?K?)$/);
      }
    }
    expect(told).toEqual({ thinking, answer });
    expect(anew > 0).toBe(restated);
  });

  it('comes out of the stream of tokens, which counts them', async () => {
    let told: AnswerSoFar = { thinking: '', answer: '' };
    const stream = new AnswerStream(
      byteVocabulary,
      (event) => {
        told = withText(told, event);
      },
      shape,
    );
    for (const token of bytes(text)) stream.push([token]);
    stream.finish();
    expect(told).toEqual({ thinking, answer });
    const before = text.lastIndexOf(answer);
    expect(stream.thinkingTokens).toBe(thinking === '' ? 0 : before);
  });
});

it('sees marks that are control tokens and print nothing', () => {
  const [open, close] = [5, 6];
  const vocabulary: Vocabulary = {
    ...byteVocabulary,
    thinkingMarks: new Map([
      [open, '[THINK]'],
      [close, '[/THINK]'],
    ]),
  };
  const stream = new AnswerStream(vocabulary, () => {}, { opened: false, expected: true });
  stream.push([open, ...bytes('page 3'), close, ...bytes('950.')]);
  stream.finish();
  expect(stream.split).toMatchObject({ thinking: 'page 3', answer: '950.' });
  expect(stream.thinkingTokens).toBe(8);
});

it('stays thinking where it was stopped', () => {
  const stream = new AnswerStream(byteVocabulary, () => {}, { opened: true, expected: true });
  stream.push(bytes('Page 3 or'));
  stream.stop();
  expect(stream.split).toMatchObject({ thinking: 'Page 3 or', answer: '' });
});

it('does not take an end for one where nothing tells of thinking', () => {
  const text = 'One line.\n</think>\nAnother.';
  expect(splitThinking(text, { opened: false, expected: false }, true)).toMatchObject({ thinking: '', answer: text });
});
