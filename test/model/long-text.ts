/**
 * Reads a long text, asks, keeps it in a file, opens that with another engine and asks the same again: both answers, the kept rows and
 * their share of the attention must be the same to the bit.
 * Run: node --import tsx test/model/long-text.ts <model.gguf> <file> [tokens] [question]
 * The text is repeated or cut to that many tokens (default 20,000). Exit code 1 where anything differs.
 */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnswerReport, ReadResult } from '../../electron/contract/engine-reports.ts';
import { type AnswerMode, defaultSampler, defaultTile, rocketOptionsFor } from '../../electron/contract/method.ts';
import { parseDocument } from '../../electron/document-host/document-client.ts';
import { type EngineVerbs, startEngine } from '../../electron/engine-host/engine-client.ts';
import { documentPart } from '../../electron/engine-host/text-trust.ts';
import { openVocabulary, tokenizeParts } from '../../electron/engine-host/vocabulary.ts';

const [modelPath, file, wanted = '20000', question = 'What is this text about?'] = process.argv.slice(2);
if (modelPath === undefined || file === undefined)
  throw new Error('node --import tsx test/model/long-text.ts <model.gguf> <file> [tokens] [question]');
const modes: AnswerMode[] = ['rocketkv-mt', 'full'];
const maxNew = 64;
const methodOf = (mode: AnswerMode) => ({ mode, rocket: rocketOptionsFor({ mode, maxNew }), maxNew });

async function textOf(tokens: number, source: string, path: string): Promise<string> {
  const vocabulary = await openVocabulary(path);
  try {
    const once = tokenizeParts(vocabulary, [documentPart(source)]);
    assert(once.length > 0, 'the file has no text');
    const all = Array.from({ length: tokens }, (_, i) => once[i % once.length] ?? 0);
    return vocabulary.detokenize(all);
  } finally {
    await vocabulary.close();
  }
}

async function read(verbs: EngineVerbs, text: string, keptFile?: string): Promise<ReadResult> {
  const events = await verbs.readDocument({
    text,
    pages: [{ label: '1', start: 0, end: text.length }],
    kvType: 'f16',
    segment: 0,
    tile: defaultTile,
    ...(keptFile === undefined ? {} : { keptFile }),
    planFor: { question, ...methodOf('full') },
  });
  for await (const event of events) if (event.type === 'done') return event;
  throw new Error('the reading ended without a result');
}

async function ask(verbs: EngineVerbs, documentId: string, mode: AnswerMode) {
  const { chatId } = await verbs.newChat({ documentId });
  let report: AnswerReport | undefined;
  for await (const event of await verbs.ask({ chatId, question, sampler: defaultSampler, ...methodOf(mode) }))
    if (event.type === 'done') report = event;
  assert(report, 'there is no answer');
  const map = await verbs.documentMap({ chatId });
  await verbs.closeChat({ chatId });
  const { answer, generatedTokens, counters } = report;
  return { answer, generatedTokens, keptMass: counters.keptMass, map };
}

/** Runs `work` with an engine in a process of its own. */
async function withEngine<T>(path: string, work: (verbs: EngineVerbs) => Promise<T>): Promise<T> {
  const engine = startEngine();
  try {
    await engine.verbs.openModel({ path, threads: 0, device: 'cpu' });
    return await work(engine.verbs);
  } finally {
    await engine.close();
  }
}

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const folder = mkdtempSync(join(tmpdir(), 'rocketdoc-long-'));
try {
  const kept = join(folder, 'text.kv');
  const text = await textOf(Number(wanted), (await parseDocument(file)).text, modelPath);
  const first = await withEngine(modelPath, async (verbs) => {
    const start = performance.now();
    const { documentId, nTokens } = await read(verbs, text);
    console.log(`read ${nTokens.toLocaleString('en')} tokens in ${seconds(start)}`);
    const answers = [];
    for (const mode of modes) answers.push(await ask(verbs, documentId, mode));
    await verbs.keepDocument({ documentId, path: kept });
    console.log(`kept ${(statSync(kept).size / 2 ** 20).toFixed(0)} MiB`);
    return answers;
  });
  const second = await withEngine(modelPath, async (verbs) => {
    const start = performance.now();
    const { documentId, loaded, missed } = await read(verbs, text, kept);
    assert(loaded, `what was kept was not used: ${missed}`);
    console.log(`opened again in ${seconds(start)}`);
    const answers = [];
    for (const mode of modes) answers.push(await ask(verbs, documentId, mode));
    return answers;
  });
  for (const [i, mode] of modes.entries()) console.log(`${mode}: ${JSON.stringify(first[i]?.answer)}`);
  assert.deepEqual(second, first);
  console.log('the same to the bit');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
