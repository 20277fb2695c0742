/**
 * Vocabularies of the kinds that model files have, with the texts and tokens that llama.cpp's own tests expect, read from its sources,
 * which node-llama-cpp brings.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DocumentText, documentPart } from '../../../electron/engine-host/text-trust.ts';
import { openVocabulary } from '../../../electron/engine-host/vocabulary.ts';

const bundle = fileURLToPath(new URL('../../../node_modules/node-llama-cpp/llama/gitRelease.bundle', import.meta.url));
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-vocabularies-'));
  for (const args of [
    ['clone', '-q', '--no-checkout', bundle, dir],
    ['-C', dir, 'checkout', '-q', 'HEAD', '--', 'models'],
  ]) {
    const { status, stderr } = spawnSync('git', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  }
}, 120_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Kind {
  name: string;
  /** llama.cpp puts a space before the text; here a text follows a template's text and gets none. */
  space?: boolean;
  /** Word pieces have no spaces and no capitals, so the text cannot be restored from them. */
  isLossy?: boolean;
}

const kinds: Kind[] = [
  { name: 'llama-spm', space: true }, // SentencePiece
  { name: 'phi-3', space: true },
  { name: 'gemma-4' }, // byte pairs, spaces as SentencePiece writes them
  { name: 'bert-bge', isLossy: true }, // word pieces
  { name: 'gpt-2' }, // byte pairs, each with its own way to split words
  { name: 'llama-bpe' },
  { name: 'deepseek-llm' },
  { name: 'falcon' },
  { name: 'qwen2' },
  { name: 'qwen35' },
];

describe('a vocabulary gives the tokens that llama.cpp expects', () => {
  it.each(kinds)(
    '$name',
    async ({ name, space, isLossy }) => {
      const file = join(dir, 'models', `ggml-vocab-${name}.gguf`);
      const texts = readFileSync(`${file}.inp`, 'utf8').split('\n__ggml_vocab_test__\n');
      const expected = readFileSync(`${file}.out`, 'utf8')
        .split('\n')
        .map((line) => line.split(' ').filter(Boolean).map(Number));
      expect(texts.length).toBeGreaterThan(40);
      const vocabulary = await openVocabulary(file);
      try {
        const tokens = texts.map((text) =>
          vocabulary.tokenizeDocument(documentPart(`${space && text !== '' ? ' ' : ''}${text}`).text as DocumentText),
        );
        expect(tokens).toEqual(expected.slice(0, texts.length));
        // Spaces are ignored: some vocabularies drop them before a full stop or a question mark.
        const written = (text: string) => text.replaceAll(' ', '');
        if (!isLossy) expect(tokens.map((each) => written(vocabulary.detokenize(each)))).toEqual(texts.map(written));
      } finally {
        await vocabulary.close();
      }
    },
    120_000,
  );
});
