import { describe, expect, it } from 'vitest';
import { type Command, helpText, parseArguments } from '../../../electron/cli/arguments.ts';
import { ask, askCommand } from '../../../electron/cli/ask.ts';
import {
  answerMode,
  expertPlaces,
  modelChoice,
  readingChoice,
  rocketOptions,
  samplerOptions,
} from '../../../electron/cli/method-flags.ts';
import { splitPositionals } from '../../../electron/cli/open-documents.ts';
import { errorSentence, exitCodeOf } from '../../../electron/cli/report-error.ts';
import { AppError } from '../../../electron/contract/errors.ts';
import { type AnswerMode, defaultRocketOptions, defaultSampler } from '../../../electron/contract/method.ts';
import { presets } from '../../../electron/contract/method-values.ts';

const parse = (...argv: string[]) => {
  const args = parseArguments(askCommand, argv);
  if (!args) throw new Error('help');
  return args;
};

const usual = { mode: 'rocketkv-mt' as AnswerMode, maxNew: 256 };

describe('arguments', () => {
  it('have the defaults of the contract', () => {
    const args = parse('a.pdf', 'Why?');
    expect(rocketOptions(args, usual)).toEqual({ ...defaultRocketOptions, ...presets.coded });
    expect(samplerOptions(args)).toEqual(defaultSampler);
    expect(answerMode(args)).toBe('rocketkv-mt');
    expect(readingChoice(args)).toMatchObject({ maxNew: 256, kvType: 'f16' });
    expect(modelChoice(args).path).toMatch(/Qwen2\.5-Coder-0\.5B.*-00001-of-00003\.gguf$/);
  });

  it('name a model that comes along, or a file', () => {
    expect(modelChoice(parse('a', 'b', '--model', 'SmolLM2-135M')).path).toMatch(/SmolLM2-135M.*gguf$/);
    expect(modelChoice(parse('a', 'b', '--model', 'other.gguf')).path).toBe('other.gguf');
  });

  it('say where experts lie', () => {
    expect(expertPlaces(parse())).toEqual({});
    expect(expertPlaces(parse('--experts', 'auto'))).toEqual({});
    expect(expertPlaces(parse('--experts', 'gpu'))).toEqual({ expertsInRam: 0 });
    expect(expertPlaces(parse('--experts', '24'))).toEqual({ expertsInRam: 24 });
    expect(expertPlaces(parse('--experts', 'ram')).expertsInRam).toBeGreaterThan(1000);
    for (const wrong of ['-1', 'cpu', '1.5', ''])
      expect(() => expertPlaces(parse(`--experts=${wrong}`))).toThrow('--experts');
  });

  it('set every option of the method', () => {
    const flags = '--budget 128 --window 16 --kernel 7 --decomposition v1 --grouping query-head --pooling triangle';
    const more = '--selector codes --page 2 --r 8 --k 40 --dense-layers 2';
    expect(rocketOptions(parse('a', 'b', ...`${flags} ${more}`.split(' ')), usual)).toEqual({
      tokenBudget: 128,
      window: 16,
      kernel: 7,
      decomposition: 'v1',
      grouping: 'query-head',
      pooling: 'triangle',
      selector: 'codes',
      page: 2,
      r: 8,
      k: 40,
      nDenseLayers: 2,
    });
    expect(rocketOptions(parse('--preset', 'coded'), usual)).toMatchObject({ pooling: 'triangle', selector: 'codes' });
    expect(rocketOptions(parse('--preset', 'coded', '--pooling', 'max'), usual)).toMatchObject({ pooling: 'max' });
  });

  it('have a preset by default that follows mode, budget and answer, where none is named', () => {
    const chosen = (flags: string, question: Partial<typeof usual> = {}) => {
      const { selector, pooling } = rocketOptions(parse(...flags.split(' ')), { ...usual, ...question });
      return { selector, pooling };
    };
    expect(chosen('--budget 512')).toEqual(presets.coded);
    expect(chosen('--preset paper')).toEqual(presets.paper);
    expect(chosen('--budget 512', { mode: 'hsa' })).toEqual(presets.paper);
    expect(chosen('--preset coded', { mode: 'hsa' })).toEqual(presets.coded);
    expect(chosen('--budget 16')).toEqual(presets.paper);
    expect(chosen('--decomposition v1')).toEqual(presets.paper);
    expect(chosen('--page 1')).toEqual(presets.paper);
    expect(chosen('--selector pages')).toEqual(presets.paper);
    expect(chosen('--pooling max')).toEqual({ selector: 'codes', pooling: 'max' });
  });

  it('set the sampler', () => {
    const flags = '--temperature 0.7 --top-k 40 --top-p 0.9 --min-p 0.05 --repetition-penalty 1.1 --seed 42';
    expect(samplerOptions(parse(...flags.split(' ')))).toMatchObject({
      temperature: 0.7,
      topK: 40,
      topP: 0.9,
      minP: 0.05,
      repetitionPenalty: 1.1,
      seed: 42,
    });
  });

  it.each([
    [['--nonsense'], /There is no option --nonsense.*--help/],
    [['--budget'], /budget/],
    [['--budget', 'many'], /--budget needs a number, not "many"/],
    [['--budget', '5.5'], /--budget needs a whole number/],
    [['--budget', '3'], /--budget: must be/],
    [['--kernel', '4'], /--kernel: must be odd/],
    [['--mode', 'fast'], /--mode knows full, rocketkv-mt.*not "fast"/],
    [['--top-p', '0'], /--top-p: must be/],
    [['--temperature=-1'], /--temperature: must be/],
    [['--max-new', '0'], /--max-new must be between 1 and/],
    [['--threads', '4000'], /--threads must be between/],
    [['--kv-type', 'q4'], /--kv-type knows f16, q8_0/],
    [['--preset', 'best'], /--preset knows paper, coded/],
    [['--seed', '-1'], /seed/],
  ])('%j is refused with a sentence', (argv, sentence) => {
    const attempt = () => {
      const args = parse('a', 'b', ...argv);
      rocketOptions(args, usual);
      samplerOptions(args);
      answerMode(args);
      readingChoice(args);
      modelChoice(args);
    };
    expect(attempt).toThrow(sentence);
    expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('name an effort that is known, before anything is opened', async () => {
    const args = parse('nowhere.txt', 'Q?', '--device', 'cpu', '--effort', 'loud');
    await expect(ask(args, new AbortController().signal)).rejects.toThrow(
      /--effort knows low, medium, high, not "loud"/,
    );
    expect(parse('a', 'b', '--effort', 'high').text('effort')).toBe('high');
  });

  it('list numbers', () => {
    const command: Command = { run: 'x', usage: '', about: '', flags: { n: { value: '<n,...>', help: '' } } };
    const numbers = (text: string) => parseArguments(command, ['--n', text])?.integers('n');
    expect(numbers('0, 512,2048')).toEqual([0, 512, 2048]);
    expect(() => numbers('1,,2')).toThrow(/separated by commas/);
    expect(() => numbers('1,x')).toThrow(/not "x"/);
  });

  it('take the last positional as the question, unless --question gives it', () => {
    expect(splitPositionals(['a', 'b', 'Q?'], [])).toEqual({ files: ['a', 'b'], questions: ['Q?'] });
    expect(splitPositionals(['a', 'b'], ['Q?', 'R?'])).toEqual({ files: ['a', 'b'], questions: ['Q?', 'R?'] });
    expect(splitPositionals(['Q?'], [])).toEqual({ files: [], questions: ['Q?'] });
  });

  it('explain every flag at --help', () => {
    expect(parseArguments(askCommand, ['--help'])).toBeUndefined();
    const text = helpText(askCommand);
    for (const flag of Object.keys(askCommand.flags)) expect(text).toContain(`--${flag}`);
  });
});

describe('errors', () => {
  it('are a code and a sentence, and set the exit code', () => {
    const error = new AppError('DOC_EMPTY', 'The file is empty.');
    expect(errorSentence(error)).toBe('Error DOC_EMPTY: The file is empty.');
    expect(exitCodeOf(error)).toBe(2);
    expect(exitCodeOf(new AppError('CANCELLED', ''))).toBe(130);
    expect(errorSentence(new TypeError('x is undefined'))).toBe('Error INTERNAL: x is undefined');
  });

  it('of memory name the flags that fit, as far as the command has them', () => {
    const proposals = [
      { changes: { mode: 'rocketkv-mt' as const, documentHome: 'host' as const }, needed: 3 * 2 ** 30 },
      { changes: { tokenBudget: 256 }, needed: 2 ** 30 },
    ];
    const error = new AppError('GPU_OOM', 'Too much.', {
      shortage: { place: 'gpu', needed: 2 ** 33, available: 2 ** 32, proposals },
    });
    const lines = ['Error GPU_OOM: Too much.', 'What fits:'];
    const moved = '  --mode rocketkv-mt --home host  (3.0 GB)';
    const smaller = '  --budget 256  (1.0 GB)';
    expect(errorSentence(error, askCommand.flags).split('\n')).toEqual([...lines, moved, smaller]);
    expect(errorSentence(error, { budget: { help: '' } }).split('\n')).toEqual([...lines, smaller]);
    expect(errorSentence(error)).toBe(lines[0]);
  });
});
