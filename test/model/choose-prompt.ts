/**
 * Measures candidates for the words of assets/prompts/prompts.json: each asks the same questions about the same documents, with full
 * KV and with rocketkv-mt at one budget, and right answers are counted.
 * Run: node --import tsx test/model/choose-prompt.ts [--questions n] [--budget t] [--only 'name;...'] [--model file] [--threads n] [file.md ...]
 * Without files: assets/samples/report.md with facts.json. With files: the questions of <file without ending>.questions beside
 * each, or the ten built-in needles in it. Never choose on the documents that a test judges by.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  builtInNeedles,
  type CheckedQuestion,
  insertNeedles,
  isRight,
  parseQuestions,
} from '../../electron/cli/needles.ts';
import {
  type AnswerMode,
  defaultSampler,
  defaultSegment,
  defaultTile,
  rocketOptionsFor,
} from '../../electron/contract/method.ts';
import { parseDocument } from '../../electron/document-host/document-client.ts';
import { answer } from '../../electron/engine-host/answering.ts';
import { readChatTemplate } from '../../electron/engine-host/chat-template.ts';
import { defaultModel, embeddedPath } from '../../electron/engine-host/embedded-models.ts';
import { type OpenModel, openModel } from '../../electron/engine-host/open-model.ts';
import { PromptBuilder } from '../../electron/engine-host/prompt.ts';
import { promptPieces } from '../../electron/engine-host/prompt-pieces.ts';
import { type Wording, wordingFor } from '../../electron/engine-host/prompt-wording.ts';
import { Reading } from '../../electron/engine-host/reading.ts';
import { loadAddon } from '../../native/index.ts';

const plain: Wording = {
  system: null,
  documentBefore: '',
  documentAfter: '\n\n',
  questionBefore: '',
  questionAfter: '',
  followUpBefore: '',
  followUpAfter: '',
  answerOpening: '',
};
const quote = 'Answer the question using only the document above. Quote the sentence of the document that answers it.';

/** Candidates with the same system text and documentBefore share one reading. */
const candidates: Record<string, Partial<Wording>> = {
  bare: {},
  'quote, then question': { questionBefore: `${quote}\n\nQuestion: ` },
  'quote on the same line': { questionBefore: `${quote} ` },
  'question, then quote': { questionAfter: `\n\n${quote}` },
  'question label': { questionBefore: 'Question: ', questionAfter: '\nAnswer:' },
  'one short sentence': { questionBefore: 'Answer with one short sentence from the document above.\n\n' },
  'opening: The document says': { questionBefore: `${quote}\n\nQuestion: `, answerOpening: 'The document says: "' },
  'bare, opening: According to the document,': { answerOpening: 'According to the document,' },
  'bare, opening: The document says': { answerOpening: 'The document says: "' },
  'document label': { documentBefore: 'Document:\n\n', questionBefore: `${quote}\n\nQuestion: ` },
  'document tags': {
    documentBefore: 'Read this document.\n\n<document>\n',
    documentAfter: '\n</document>\n\n',
    questionBefore: `${quote}\n\nQuestion: `,
  },
  'helpful assistant': { system: 'You are a helpful assistant.', questionBefore: `${quote}\n\nQuestion: ` },
  'helpful assistant: bare': { system: 'You are a helpful assistant.' },
  'helpful assistant: one short sentence': {
    system: 'You are a helpful assistant.',
    questionBefore: 'Answer with one short sentence from the document above.\n\n',
  },
  'helpful assistant: answer and quote': {
    system: 'You are a helpful assistant.',
    questionBefore:
      'Answer the question using only the document above: first the answer, then the sentence of the document that says so.\n\nQuestion: ',
  },
  'base model: question and answer': { questionBefore: 'Question: ', questionAfter: '\nAnswer:' },
  'base model: the document says': {
    questionBefore: 'Question: ',
    questionAfter: '\nAnswer:',
    answerOpening: ' The document says: "',
  },
  'base model: announced, the document says': {
    documentAfter: '\n\nQuestions about the document above, each answered with a sentence quoted from it.\n\n',
    questionBefore: 'Question: ',
    questionAfter: '\nAnswer:',
    answerOpening: ' The document says: "',
  },
  'system: reader': {
    system: 'You answer questions about a document. You use only what the document says and quote it.',
    questionBefore: `${quote}\n\nQuestion: `,
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    questions: { type: 'string', default: '10' },
    budget: { type: 'string', default: '512' },
    only: { type: 'string' },
    threads: { type: 'string', default: '0' },
    model: { type: 'string', default: embeddedPath(defaultModel()) },
  },
});
const rocketOf = (mode: AnswerMode) => rocketOptionsFor({ mode, maxNew: 64 }, { tokenBudget: Number(values.budget) });
const modes: AnswerMode[] = ['full', 'rocketkv-mt'];

interface Task {
  name: string;
  text: string;
  questions: CheckedQuestion[];
}

async function taskOf(file: string): Promise<Task> {
  const document = await parseDocument(file);
  const asked = `${file.slice(0, -extname(file).length)}.questions`;
  if (existsSync(asked))
    return { name: basename(file), text: document.text, questions: parseQuestions(readFileSync(asked, 'utf8'), asked) };
  const needles = builtInNeedles();
  return { name: basename(file), text: insertNeedles(document, needles).text, questions: needles };
}

async function tasks(): Promise<Task[]> {
  if (positionals.length > 0) return Promise.all(positionals.map(taskOf));
  const sample = (file: string) => fileURLToPath(new URL(`../../assets/samples/${file}`, import.meta.url));
  const facts = JSON.parse(readFileSync(sample('facts.json'), 'utf8')) as { question: string; answer: string }[];
  const { text } = await parseDocument(sample('report.md'));
  return [
    { name: 'report.md', text, questions: facts.map((fact) => ({ question: fact.question, expected: fact.answer })) },
  ];
}

/** Groups the candidates by the text that is read before the document. */
function byReading(names: string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const { system, documentBefore } = { ...plain, ...candidates[name] };
    const key = JSON.stringify([system, documentBefore]);
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return groups;
}

function withWording(model: OpenModel, wording: Wording): OpenModel {
  const { vocabulary } = model;
  const { bosText, eosText } = vocabulary;
  const options = { system: wording.system, bosText, eosText };
  const own = promptPieces(vocabulary, model.native.info);
  const pieces =
    vocabulary.chatTemplate === undefined ? own.pieces : readChatTemplate(vocabulary.chatTemplate, options);
  return { ...model, prompt: new PromptBuilder(vocabulary, { ...own, pieces, wording }) };
}

const names = values.only?.split(';') ?? Object.keys(candidates);
for (const name of names)
  if (!candidates[name]) throw new Error(`"${name}" is none of ${Object.keys(candidates).join('; ')}.`);
const opened = await openModel(loadAddon(), {
  path: values.model,
  threads: Number(values.threads),
  device: 'cpu',
  deviceReason: null,
});
process.stdout.write(`in use: ${wordingFor(opened.native.info.architecture, opened.native.info.name).family}\n`);
process.stdout.write(`text,wording,${modes.join(',')},questions\n`);

for (const task of await tasks()) {
  const questions = task.questions.slice(0, Number(values.questions));
  for (const group of byReading(names).values()) {
    const first = withWording(opened, { ...plain, ...candidates[group[0] ?? ''] });
    const request = {
      text: task.text,
      pages: [{ label: '1', start: 0, end: task.text.length }],
      kvType: 'f16' as const,
      segment: defaultSegment,
      tile: defaultTile,
      planFor: { mode: 'full' as const, rocket: rocketOf('full'), maxNew: 64, question: questions[0]?.question ?? '' },
    };
    const read = await new Reading(request).goOn(
      first,
      () => 'doc',
      () => {},
      new AbortController().signal,
    );
    if (!read) throw new Error('the reading was paused');
    const { document } = read;
    for (const name of group) {
      const model = withWording(opened, { ...plain, ...candidates[name] });
      const right: number[] = [];
      for (const mode of modes) {
        let count = 0;
        for (const { question, expected } of questions) {
          const chat = {
            id: 'chat',
            document,
            session: document.native.fork(),
            questions: [],
            evicted: false,
            isAnswering: false,
            choice: undefined,
            map: undefined,
          };
          const ask = { chatId: 'chat', question, mode, rocket: rocketOf(mode), maxNew: 64, sampler: defaultSampler };
          const report = await answer(model, chat, ask, () => {});
          if (isRight(report.answer, expected)) count++;
          else process.stderr.write(`${name} / ${mode} / ${question} -> ${report.answer.replaceAll('\n', ' ')}\n`);
          chat.session.close();
        }
        right.push(count);
      }
      process.stdout.write(`${task.name},"${name}",${right.join(',')},${questions.length}\n`);
    }
    document.native.close();
  }
}
opened.native.close();
await opened.vocabulary.close();
