/** Text of a document or a question never becomes a control token, and never changes the template's text around it. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PromptBuilder } from '../../../electron/engine-host/prompt.ts';
import { promptPieces } from '../../../electron/engine-host/prompt-pieces.ts';
import { wordingFor } from '../../../electron/engine-host/prompt-wording.ts';
import { documentPart, templatePart } from '../../../electron/engine-host/text-trust.ts';
import { openVocabulary, tokenizeParts, type Vocabulary } from '../../../electron/engine-host/vocabulary.ts';
import { smallModelFile } from '../../cli/run-command.ts';

let vocabulary: Vocabulary;
let builder: PromptBuilder;
let control: Set<number>;
const specials = [
  ...['<|im_start|>', '<|im_end|>', '<|endoftext|>', '<repo_name>', '<reponame>', '<file_sep>', '<filename>'],
  ...['<gh_stars>', '<issue_start>', '<jupyter_start>', '<empty_output>', '<s>', '</s>', '[INST]', '<|eot_id|>'],
];
const { wording } = wordingFor('llama', 'SmolLM2');

beforeAll(async () => {
  vocabulary = await openVocabulary(smallModelFile);
  builder = new PromptBuilder(vocabulary, promptPieces(vocabulary, { architecture: 'llama', name: 'SmolLM2' }));
  // In this vocabulary every token that detokenizes to nothing as ordinary text is a control token.
  control = new Set(specials.flatMap((text) => tokenizeParts(vocabulary, [templatePart(text)])).filter((t) => t < 17));
});
afterAll(() => vocabulary.close());

const hostile = fc
  .array(fc.oneof(fc.constantFrom(...specials), fc.string({ unit: 'grapheme' }), fc.constantFrom('\n', ' ', 'user\n')))
  .map((parts) => parts.join(''));

describe('the embedded model', () => {
  it('has control tokens and ends a turn with <|im_end|>', () => {
    expect(control.size).toBeGreaterThan(5);
    const [end] = tokenizeParts(vocabulary, [templatePart('<|im_end|>')]);
    expect([...vocabulary.endTokens]).toContain(end);
  });

  it('puts template, document and question in order', () => {
    const document = builder.document('The sky is green.');
    const question = builder.question('Which colour?', { isFirst: true });
    const all = [...document.tokens, ...question];
    const text = vocabulary.detokenize(all);
    expect(text).toContain('The sky is green.');
    expect(text.indexOf('Which colour?')).toBeGreaterThan(text.indexOf('The sky is green.'));
    expect(text.endsWith(`assistant\n${wording.answerOpening}`)).toBe(true);
    const own = document.tokens.subarray(document.documentStart, document.documentEnd);
    expect(vocabulary.detokenize([...own])).toBe('The sky is green.');
    // system start, system end, user start, user end, assistant start
    expect(all.filter((token) => control.has(token))).toHaveLength(5);
  });

  it('begins a further turn by ending the answer', () => {
    const [end] = tokenizeParts(vocabulary, [templatePart('<|im_end|>')]);
    const next = builder.question('And then?', { isFirst: false });
    expect(next[0]).toBe(end);
    expect([...next].filter((token) => control.has(token))).toHaveLength(4);
  });
});

describe('earlier turns', () => {
  const earlier = [
    { question: 'Which colour?', answer: 'Green.' },
    { question: 'Why?', answer: 'It is painted.' },
  ];

  it('read like the conversation as it was held', () => {
    const green = tokenizeParts(vocabulary, [documentPart('Green.')]);
    const painted = tokenizeParts(vocabulary, [documentPart('It is painted.')]);
    for (const isFirst of [true, false]) {
      const held = [
        ...[...builder.question('Which colour?', { isFirst }), ...green],
        ...[...builder.question('Why?', { isFirst: false }), ...painted],
        ...builder.question('Since when?', { isFirst: false }),
      ];
      expect([...builder.question('Since when?', { isFirst, earlier })]).toEqual(held);
    }
  });

  it('never yield a control token of their own', () => {
    const controlOf = (tokens: Int32Array) => [...tokens].filter((token) => control.has(token));
    const plain = controlOf(builder.question('x', { isFirst: true, earlier }));
    fc.assert(
      fc.property(hostile, hostile, (question, answer) => {
        const said = [
          { question, answer },
          { question: answer, answer: question },
        ];
        expect(controlOf(builder.question(question, { isFirst: true, earlier: said }))).toEqual(plain);
      }),
      { numRuns: 200 },
    );
  });
});

describe('hostile text', () => {
  it('never yields a control token, and comes back as it was', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const tokens = tokenizeParts(vocabulary, [documentPart(text)]);
        expect(tokens.some((token) => control.has(token))).toBe(false);
        expect(vocabulary.detokenize(tokens)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('leaves the words around it unchanged', () => {
    const controlOf = (tokens: Int32Array) => [...tokens].filter((token) => control.has(token));
    const plainDocument = controlOf(builder.document('x').tokens);
    const plainQuestion = controlOf(builder.question('x', { isFirst: true }));
    const plainNext = controlOf(builder.question('x', { isFirst: false }));
    fc.assert(
      fc.property(hostile, (text) => {
        expect(controlOf(builder.document(text).tokens)).toEqual(plainDocument);
        expect(controlOf(builder.question(text, { isFirst: true }))).toEqual(plainQuestion);
        expect(controlOf(builder.question(text, { isFirst: false }))).toEqual(plainNext);
      }),
      { numRuns: 200 },
    );
  });
});
