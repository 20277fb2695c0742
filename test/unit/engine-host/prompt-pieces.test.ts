/** Prompts for models whose own template cannot be used: a common format whose marks the vocabulary has, and a note that says so. */
import { describe, expect, it } from 'vitest';
import { PromptBuilder } from '../../../electron/engine-host/prompt.ts';
import { promptPieces } from '../../../electron/engine-host/prompt-pieces.ts';
import type { Vocabulary } from '../../../electron/engine-host/vocabulary.ts';
import { byteVocabulary } from './fake-addon.ts';

const broken = '{% for %}';
const textOf = (parts: { text: string }[]) => parts.map((part) => part.text).join('');
const vocabulary = (marks: string[], chatTemplate: string | undefined): Vocabulary => ({
  ...byteVocabulary,
  chatTemplate,
  hasMark: (text) => marks.includes(text),
});
const chat = { architecture: 'llama', name: 'Some 7B Instruct' };

describe('a broken template', () => {
  it.each([
    [['<|im_start|>', '<|im_end|>'], 'ChatML', '<|im_start|>user\n', '<|im_end|>\n<|im_start|>assistant\n'],
    [
      ['<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>'],
      'Llama 3',
      '<bos><|start_header_id|>user<|end_header_id|>\n\n',
      '<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n',
    ],
    [
      ['<start_of_turn>', '<end_of_turn>'],
      'Gemma',
      '<bos><start_of_turn>user\n',
      '<end_of_turn>\n<start_of_turn>model\n',
    ],
    [['<|user|>', '<|assistant|>', '<|end|>'], 'Phi', '<|user|>\n', '<|end|>\n<|assistant|>\n'],
    [['[INST]', '[/INST]'], 'Mistral', '<bos>[INST]', '[/INST]'],
  ])('with marks %j is replaced by %s', (marks, name, start, after) => {
    const { pieces, notices, isPlain } = promptPieces(vocabulary(marks, broken), chat);
    expect(textOf(pieces.start())).toBe(start);
    expect(textOf(pieces.afterQuestion)).toBe(after);
    expect(isPlain).toBe(false);
    expect(notices).toEqual([
      expect.stringMatching(new RegExp(`chat template cannot be used \\(.+\\); a common one .*${name}`)),
    ]);
  });

  it('without any marks that are known is asked in plain text, and that is said', () => {
    const { notices, isPlain, family } = promptPieces(vocabulary([], broken), chat);
    expect({ isPlain, family }).toEqual({ isPlain: true, family: 'plain' });
    expect(notices[0]).toMatch(
      /cannot be used .*; it is asked in plain text: the document, then "Question:" and "Answer:"/,
    );
  });
});

describe('no template', () => {
  it('of a base model is asked in plain text though its vocabulary has marks, and answers in one line', () => {
    const pieces = promptPieces(vocabulary(['<start_of_turn>', '<end_of_turn>'], undefined), {
      architecture: 'gemma3',
      name: 'Gemma 3 270M',
    });
    expect(pieces.notices[0]).toMatch(/^The model file has no chat template; it is asked in plain text/);
    const prompt = new PromptBuilder(byteVocabulary, pieces);
    const read = byteVocabulary.detokenize([
      ...prompt.document('The sky is green.').tokens,
      ...prompt.question('Which colour?', { isFirst: true }),
    ]);
    expect(read).toMatch(
      /^The sky is green\.\n\nQuestions about [^\n]+\n\nQuestion: Which colour\?\nAnswer: The document says: "$/,
    );
    expect([...prompt.stopTokens]).toEqual([...byteVocabulary.endTokens, ...byteVocabulary.lineEnds()]);
  });

  it('of a chat model is taken for the format of which it has the marks', () => {
    expect(promptPieces(vocabulary(['<|im_start|>', '<|im_end|>'], undefined), chat).notices[0]).toMatch(
      /^The model file has no chat template; a common one/,
    );
  });
});
