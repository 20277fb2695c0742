/**
 * npm run -s evidence -- [--model file] [--mode m] [--budget t] [--preset p] [--only name,...] [--record]
 * Asks every question of the evidence documents and judges the evidence of each answer: once found by words alone, once also by what the
 * answer read. --record adds answers that evidence-answers.csv does not have yet; a person then marks the wrong ones that stand in the
 * text nevertheless. --recorded judges the recorded answers.
 */
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { csvLine } from '../../electron/cli/format.ts';
import { modelPath } from '../../electron/cli/method-flags.ts';
import type { AnswerReport } from '../../electron/contract/engine-reports.ts';
import {
  type AnswerMode,
  defaultSampler,
  defaultSegment,
  defaultTile,
  rocketOptionsFor,
} from '../../electron/contract/method.ts';
import { type PresetName, presetOf, presets } from '../../electron/contract/method-values.ts';
import { startEngine } from '../../electron/engine-host/engine-client.ts';
import { findEvidence, readsIn } from '../../electron/evidence/find-evidence.ts';
import {
  evidenceDocuments,
  type Judged,
  judge,
  judgeAll,
  type RecordedAnswer,
  recordedAnswers,
  shares,
} from './evidence-cases.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    mode: { type: 'string', default: 'rocketkv-mt' },
    budget: { type: 'string', default: '512' },
    preset: { type: 'string' },
    only: { type: 'string' },
    record: { type: 'boolean', default: false },
    recorded: { type: 'boolean', default: false },
  },
});
const mode = values.mode as AnswerMode;
const maxNew = 64;
const preset = values.preset === undefined ? undefined : presets[values.preset as PresetName];
const rocket = rocketOptionsFor({ mode, maxNew }, { ...preset, tokenBudget: Number(values.budget) });
/** As it stands in the recorded answers: the paper's rows have the mode alone. */
const way = mode !== 'full' && presetOf(rocket) === 'coded' ? `${mode} coded` : mode;
const answersFile = fileURLToPath(new URL('./evidence-answers.csv', import.meta.url));
const recorded = existsSync(answersFile) ? recordedAnswers() : [];

const documents = await evidenceDocuments(values.only?.split(','));
if (values.recorded) {
  const asked = recorded.map(({ model, mode }) => `${model}, ${mode}`);
  for (const set of new Set(asked))
    print(
      set,
      await judgeAll(
        documents,
        recorded.filter((_, i) => asked[i] === set),
      ),
    );
} else await measure();

async function measure(): Promise<void> {
  const answers: RecordedAnswer[] = [];
  const withReads: Judged[] = [];
  const engine = startEngine();
  const { verbs } = engine;
  try {
    const { info } = await verbs.openModel({
      path: modelPath(values.model),
      threads: 0,
      device: 'cpu',
      deviceReason: null,
    });
    if (values.record && !existsSync(answersFile))
      writeFileSync(answersFile, 'model,mode,document,question,answer,judged\n');
    for (const document of documents) {
      const { text, pages } = document.parsed;
      const planFor = { mode, rocket, maxNew, question: 'What does the document say about this?' };
      const home = { kvType: 'f16', home: 'auto', segment: defaultSegment, tile: defaultTile } as const;
      let documentId = '';
      for await (const event of await verbs.readDocument({ text, pages, ...home, planFor }))
        if (event.type === 'done') documentId = event.documentId;
      for (const question of [...document.facts.map((fact) => fact.question), ...document.unanswerable]) {
        const isRecorded = recorded.some(
          (entry) =>
            entry.model === info.name &&
            entry.mode === way &&
            entry.document === document.name &&
            entry.question === question,
        );
        if (values.record && isRecorded) continue;
        const { chatId } = await verbs.newChat({ documentId });
        let report: AnswerReport | undefined;
        const request = { chatId, question, mode, rocket, maxNew, sampler: defaultSampler };
        for await (const event of await verbs.ask(request)) if (event.type === 'done') report = event;
        if (!report) throw new Error('The engine ended the answer without a result.');
        const { answer } = report;
        const known = recorded.find((entry) => entry.question === question && entry.answer === answer);
        const asked: RecordedAnswer = {
          model: info.name,
          mode: way,
          document: document.name,
          question,
          answer,
          judged: known?.judged ?? '',
        };
        answers.push(asked);
        const reads = readsIn(verbs, { documentId, chatId, mode, rocket }, report);
        const found = await findEvidence(document.index, asked, reads);
        const judged = judge(document, asked, found);
        withReads.push(judged);
        if (values.record)
          appendFileSync(
            answersFile,
            `${csvLine([asked.model, asked.mode, asked.document, question, answer, asked.judged])}\n`,
          );
        show(judged, found.evidence[0]?.sentence);
        await verbs.closeChat({ chatId });
      }
      await verbs.forgetDocument({ documentId });
    }
  } finally {
    await engine.close();
  }
  print('words alone', await judgeAll(documents, answers));
  print('with what was read', withReads);
}

/** Prints judged answers that are not as they should be, on stderr. */
function show(judged: Judged, sentence: string | undefined): void {
  const isGood = judged.isRight ? judged.isFirstRight : !judged.standsNowhere || !judged.isFound;
  if (!isGood)
    process.stderr.write(
      `${judged.isRight ? 'right' : 'wrong'}: ${judged.question}\n  ${judged.answer}\n  ${sentence ?? '(not found)'}\n`,
    );
}

function print(title: string, judged: readonly Judged[]): void {
  console.log(`\n${title}\n`);
  console.log(
    '| document | right answers | fact first | wrong page first | wrong, stands nowhere | said to be not found |',
  );
  console.log('|---|---|---|---|---|---|');
  const share = (n: number, of: number) => (of === 0 ? '-' : `${n} (${((100 * n) / of).toFixed(1)} %)`);
  const names = [...new Set(judged.map(({ document }) => document))];
  for (const name of [...names, 'all']) {
    const own = shares(judged.filter(({ document }) => name === 'all' || document === name));
    console.log(
      `| ${name} | ${own.right} | ${share(own.firstRight, own.right)} | ${share(own.wrongPage, own.right)} | ${own.nowhere} | ${share(own.notFound, own.nowhere)} |`,
    );
  }
}
