/** A tiny model of random weights, written and opened in a moment. It runs on one thread, so that a busy machine only slows it down. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  NativeAddon,
  NativeAskRequest,
  NativeDocument,
  NativeEngine,
  NativeRocketOptions,
} from '../../native/binding.ts';
import { backendDir, loadAddon } from '../../native/index.ts';
import { loadLab } from '../../native/lab/index.ts';

export const addon = loadAddon();
export const lab = loadLab();

/** The vocabulary of the tiny shape. */
const nVocab = 1024;

export const tokens = (first: number, count: number) => lab.randomTokens({ first, count, nVocab });

export const rocket: NativeRocketOptions = {
  tokenBudget: 64,
  window: 16,
  kernel: 15,
  decomposition: 'v2',
  grouping: 'kv-group',
  pooling: 'max',
  selector: 'pages',
  page: 0,
  r: 0,
  k: 0,
  nDenseLayers: 0,
};

/** A question of 20 tokens. With a large `maxNew` only a cancel ends the answer within a test. */
export const question = (first: number, maxNew = 8): NativeAskRequest => ({
  tokens: tokens(first, 20),
  mode: 'rocketkv-mt',
  rocket,
  maxNew,
  sampler: { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, repetitionWindow: 0, seed: 1 },
  drafts: true,
  stopTokens: new Int32Array(),
});

/** Writes the model into a folder whose name needs Unicode: no single-byte code page has all of its letters. */
export async function writeTinyModel(): Promise<{ dir: string; path: string; remove: () => void }> {
  const dir = mkdtempSync(join(tmpdir(), 'rocketdoc Jürgen 日本 '));
  const path = join(dir, 'größtes Modell.gguf');
  await lab.writeShapeModel({ path, shape: 'tiny', weights: 'f16' });
  return { dir, path, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export const openTinyEngine = (modelPath: string, by: NativeAddon = addon): Promise<NativeEngine> =>
  by.openEngine({ modelPath, backendDir: backendDir(), threads: 1 });

export async function readDocument(engine: NativeEngine, count = 400): Promise<NativeDocument> {
  const document = engine.createDocument({ documentType: 'f16' });
  await document.read(tokens(0, count), { segment: 128, tile: 64 }, () => {});
  return document;
}
