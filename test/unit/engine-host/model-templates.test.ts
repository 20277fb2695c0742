/**
 * The chat templates of model publishers that llama.cpp collects for its own tests, read from its sources, which node-llama-cpp brings.
 * For all families that RocketDoc runs, prompts can be built with the model's own template.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChatPieces, readChatTemplate } from '../../../electron/engine-host/chat-template.ts';

const bundle = fileURLToPath(new URL('../../../node_modules/node-llama-cpp/llama/gitRelease.bundle', import.meta.url));
let dir: string;
const git = (...args: string[]) => {
  const { status, stderr } = spawnSync('git', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
};

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-templates-'));
  git('clone', '-q', '--no-checkout', bundle, dir);
  git('-C', dir, 'checkout', '-q', 'HEAD', '--', 'models/templates');
}, 120_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const templates = () => readdirSync(join(dir, 'models', 'templates')).filter((name) => name.endsWith('.jinja'));
const read = (name: string, system: string | null = null) =>
  readChatTemplate(readFileSync(join(dir, 'models', 'templates', `${name}.jinja`), 'utf8'), {
    system,
    bosText: '<s>',
    eosText: '</s>',
  });
const textOf = (parts: readonly { text: string }[]) => parts.map((part) => part.text).join('');

/** For each template the text after a question, and what the template says of thinking. */
const expected: [name: string, after: string, thinking: ChatPieces['thinking']['kind']][] = [
  ['Qwen-Qwen2.5-7B-Instruct', '<|im_end|>\n<|im_start|>assistant\n', 'never'],
  ['Qwen-QwQ-32B', '<|im_end|>\n<|im_start|>assistant\n<think>\n</think>', 'switch'],
  ['Qwen-Qwen3-0.6B', '<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n', 'switch'],
  ['Qwen3-Coder', '<|im_end|>\n<|im_start|>assistant\n', 'never'],
  ['deepseek-ai-DeepSeek-R1-Distill-Llama-8B', '<｜Assistant｜><think>\n', 'always'],
  ['deepseek-ai-DeepSeek-R1-Distill-Qwen-32B', '<｜Assistant｜><think>\n</think>', 'switch'],
  ['HuggingFaceTB-SmolLM3-3B', '<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n', 'switch'],
  ['google-gemma-2-2b-it', '<end_of_turn>\n<start_of_turn>model\n', 'never'],
  ['mistralai-Mistral-Nemo-Instruct-2407', '[/INST]', 'never'],
  ['Mistral-Small-3.2-24B-Instruct-2506', '[/INST]', 'never'],
  ['mistralai-Ministral-3-14B-Reasoning-2512', '[/INST]', 'never'],
  ['microsoft-Phi-3.5-mini-instruct', '<|end|>\n<|assistant|>\n', 'never'],
  ['ibm-granite-granite-3.3-2B-Instruct', '<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>', 'never'],
  ['ibm-granite-granite-4.0', '<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>', 'never'],
  ['GLM-4.6', '/nothink<|assistant|>\n<think></think>', 'switch'],
  ['openai-gpt-oss-120b', '<|end|><|start|>assistant', 'always'],
  ['meta-llama-Llama-3.2-3B-Instruct', '<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n', 'never'],
];

describe('templates of publishers', () => {
  it.each(expected)('%s', (name, after, thinking) => {
    const pieces = read(name);
    expect(textOf(pieces.afterQuestion)).toBe(after);
    expect(pieces.thinking.kind).toBe(thinking);
    // The instructions are put into the system's turn, or into the user's where there is no system.
    const start = read(name, 'Be brief.').start();
    expect(start.filter(({ kind, text }) => kind === 'document' && text.trim() === 'Be brief.')).toHaveLength(1);
  });

  it('ByteDance-Seed-OSS, whose table has numbers for keys', () => {
    const { afterQuestion, afterQuestionThinking, thinking } = read('ByteDance-Seed-OSS');
    expect(textOf(afterQuestion)).toMatch(
      /<seed:bos>assistant\s+<seed:think>\s+<seed:cot_budget_reflect>.*<\/seed:think>\s*$/s,
    );
    expect(textOf(afterQuestionThinking ?? [])).toMatch(/<seed:bos>assistant\s+$/);
    expect(thinking).toMatchObject({ kind: 'switch', opened: { off: false, on: false }, expected: true });
  });

  it('openai-gpt-oss-120b tells an earlier answer in its channel, without what was thought', () => {
    const { beforeEarlierAnswer, betweenTurns, thinking } = read('openai-gpt-oss-120b');
    expect(textOf(beforeEarlierAnswer)).toBe('<|end|><|start|>assistant<|channel|>final<|message|>');
    expect(textOf(betweenTurns)).toBe('<|end|><|start|>user<|message|>');
    expect(thinking.channels).toBe(true);
  });

  it('openai-gpt-oss-120b writes the effort before the instructions, and medium where none is said', () => {
    const { start, hasEffort } = read('openai-gpt-oss-120b', 'Be brief.');
    expect(hasEffort).toBe(true);
    const day = { now: new Date(2031, 1, 3) };
    const starts = (['low', 'medium', 'high'] as const).map((effort) => start({ ...day, effort }));
    for (const [i, parts] of starts.entries()) {
      const [system, ours] = parts;
      expect(system?.text).toContain(`Reasoning: ${['low', 'medium', 'high'][i]}\n`);
      expect(ours).toMatchObject({ kind: 'document', text: 'Be brief.' });
    }
    expect(textOf(start(day))).toBe(textOf(starts[1] ?? []));
  });

  it('no other family of these takes an effort', () => {
    const taking = expected.map(([name]) => name).filter((name) => read(name).hasEffort);
    expect(taking).toEqual(['openai-gpt-oss-120b']);
  });

  it.each([
    'meta-llama-Llama-3.2-3B-Instruct',
    'ibm-granite-granite-3.3-2B-Instruct',
    'Mistral-Small-3.2-24B-Instruct-2506',
  ])('%s names the day that it is given', (name) => {
    const start = textOf(read(name).start({ now: new Date(2031, 1, 3) }));
    expect(start).toMatch(/03 Feb 2031|February 03, 2031|2031-02-03/);
  });

  it('all but those for calling functions', () => {
    const unusable = templates().filter((file) => {
      try {
        return !read(file.replace(/\.jinja$/, ''));
      } catch {
        return true;
      }
    });
    expect(unusable.sort()).toEqual(['fireworks-ai-llama-3-firefunction-v2.jinja', 'tencent-Hy3.jinja']);
  });
});
