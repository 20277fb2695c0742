/** `npm run -s ask -- <file>... "<question>"`: progress on stderr, the answer on stdout. */

import { withText } from '../contract/answer-text.ts';
import type { AnswerReport, AnswerText, ReadResult } from '../contract/engine-reports.ts';
import { AppError } from '../contract/errors.ts';
import { defaultEffort, effortSchema } from '../contract/method.ts';
import { chooseDevice } from '../engine-host/choose-device.ts';
import { type EngineVerbs, startEngine } from '../engine-host/engine-client.ts';
import type { SentenceIndex } from '../evidence/sentence-index.ts';
import { commandWords } from './advice-words.ts';
import { type Arguments, type Command, usageError } from './arguments.ts';
import { type AskContext, answerJson, answerSummary, evidenceLines, manyNote } from './ask-report.ts';
import {
  answerMode,
  deviceSetting,
  expertPlaces,
  modeFlag,
  modelChoice,
  modelFlags,
  readingChoice,
  readingFlags,
  rocketFlags,
  rocketOptions,
  samplerFlags,
  samplerOptions,
} from './method-flags.ts';
import { documentChoice, documentFlags, openDocuments, splitPositionals } from './open-documents.ts';
import { ProgressLine } from './progress-line.ts';
import { isStarted, runCommand } from './report-error.ts';

export const askCommand: Command = {
  run: 'npm run -s ask --',
  usage: '<file>... "<question>" [options]',
  about: 'Asks a local model about whole documents (txt, md, html, pdf, docx, epub).',
  flags: {
    question: { value: '<text>', help: 'a question; several make one chat', multiple: true },
    separate: { help: 'ask each question in a chat of its own' },
    ...documentFlags,
    think: { help: 'let the model think before it answers, where it has a choice; its thinking goes to stderr' },
    effort: {
      value: `<${effortSchema.options.join('|')}>`,
      help: `how long the model thinks, where its template takes an effort (${defaultEffort})`,
    },
    drafts: { value: '<on|off>', help: 'draft what follows in the document or the chat; the answer is the same (on)' },
    json: { help: 'print one JSON object a question' },
    ...modelFlags,
    ...modeFlag,
    ...rocketFlags,
    ...readingFlags,
    ...samplerFlags,
  },
};

/** The answers go to `write`, everything else to the progress line. */
export async function ask(
  args: Arguments,
  signal: AbortSignal,
  write: (text: string) => void = (text) => process.stdout.write(text),
): Promise<undefined> {
  const { files, questions } = splitPositionals(args.positionals, args.texts('question'));
  if (files.length === 0 || questions.length === 0)
    throw usageError(`A file and a question are needed: ${askCommand.run} ${askCommand.usage}`);
  if (questions.some((question) => question.trim() === '')) throw usageError('The question is empty.');
  // All arguments are checked before anything slow begins.
  const choice = {
    ...modelChoice(args),
    ...(await chooseDevice(deviceSetting(args), commandWords)),
    ...expertPlaces(args),
  };
  const thinking = args.has('think');
  const mode = answerMode(args);
  const drafts = args.oneOf('drafts', ['on', 'off']) !== 'off';
  const { maxNew, ...reading } = readingChoice(args);
  const rocket = rocketOptions(args, { mode, maxNew });
  const request = { mode, rocket, sampler: samplerOptions(args), thinking, drafts };
  const effort = args.oneOf('effort', effortSchema.options);

  const progress = new ProgressLine();
  const engine = startEngine();
  const { verbs } = engine;
  const ended = new AbortController();
  try {
    // In parallel: neither needs the other.
    const opening = openDocuments(files, progress, AbortSignal.any([signal, ended.signal]), documentChoice(args));
    const [document, model, { findEvidence, readsIn }, { SentenceIndex }] = await Promise.all([
      opening,
      verbs.openModel(choice, { signal }),
      // What is needed only after the answer is loaded when both hosts have started, and the model is still being opened.
      opening.then(() => import('../evidence/find-evidence.ts')),
      opening.then(() => import('../evidence/sentence-index.ts')),
    ]);
    for (const notice of model.notices) progress.print(`Note: ${notice}`);
    if (thinking && model.thinking === 'never')
      progress.print("Note: this model's template has no switch for thinking; it is asked as usual.");
    if (effort !== undefined && !model.hasEffort)
      progress.print("Note: this model's template takes no reasoning effort; it is asked as usual.");
    progress.print(`${model.info.name} on ${model.device}, ${model.threads} threads`);
    // The longest question must fit; a chat grows, and each further question is checked when it is asked.
    const question = questions.reduce((longest, next) => (next.length > longest.length ? next : longest));
    const planFor = { mode, rocket, maxNew, question };
    const { text, pages } = document;
    const read = await readAll(verbs, { text, pages, ...reading, effort, planFor }, progress, signal);
    let chatId = '';
    let index: SentenceIndex | undefined;
    for (const [i, question] of questions.entries()) {
      if (i === 0 || args.has('separate')) chatId = (await verbs.newChat({ documentId: read.documentId })).chatId;
      const isFirst = i === 0;
      if (questions.length > 1) progress.print(`Question: ${question}`);
      const quiet = args.has('json');
      const show = new AnswerOutput(quiet ? () => {} : write, (text) => progress.write(text));
      const report = await askOne(verbs, { chatId, question, maxNew, ...request }, progress, show, signal);
      const context: AskContext = { model, files, document, read, question, isFirst };
      // The index is made after the first answer, which should not wait for it.
      index ??= await SentenceIndex.of(document);
      const reads = readsIn(verbs, { documentId: read.documentId, chatId, mode, rocket }, report);
      const evidence = await findEvidence(index, { question, answer: report.answer }, reads);
      if (quiet) write(`${JSON.stringify(answerJson(report, context, evidence))}\n`);
      else {
        show.end();
        for (const line of evidenceLines(evidence)) write(`${line}\n`);
      }
      for (const notice of report.notices) progress.print(`Note: ${notice}`);
      const many = manyNote(report, context);
      if (many) progress.print(`Note: ${many}`);
      if (report.finishReason === 'length')
        progress.print(`Note: the answer was cut at ${report.maxNew} tokens; --max-new allows more.`);
      progress.print(answerSummary(report, context));
    }
  } finally {
    ended.abort(); // stops opening a document when loading the model has failed
    await engine.close();
  }
  return undefined;
}

type ReadInput = Parameters<EngineVerbs['readDocument']>[0];

export async function readAll(
  verbs: EngineVerbs,
  input: ReadInput,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<ReadResult> {
  for await (const event of await verbs.readDocument(input, { signal })) {
    if (event.type === 'done') {
      progress.clear();
      return event;
    }
    progress.show('Reading document', { ...event, unit: 'tokens' });
  }
  throw new AppError('INTERNAL', 'The engine ended the reading without a result.');
}

/** Writes an answer as it comes, with a line break at its end; thinking goes to `writeThinking`. */
export class AnswerOutput {
  readonly #write: (text: string) => void;
  readonly #writeThinking: (text: string) => void;
  #soFar = { thinking: '', answer: '' };

  constructor(write: (text: string) => void, writeThinking: (text: string) => void) {
    this.#write = write;
    this.#writeThinking = writeThinking;
  }

  add(event: AnswerText): void {
    const before = this.#soFar;
    this.#soFar = withText(before, event);
    if (event.type === 'delta') {
      if (before.answer === '' && before.thinking !== '') this.#writeThinking('\n\n');
      this.#write(event.text);
    } else if (event.type === 'thinking')
      this.#writeThinking(before.thinking === '' ? `Thinking:\n${event.text}` : event.text);
    else this.#restate(before.answer);
  }

  /** Written text cannot be taken back: the answer is written again, and a note on stderr says why. */
  #restate(written: string): void {
    const { answer, thinking } = this.#soFar;
    if (written !== '') {
      this.#writeThinking(thinking === '' ? '\n' : '\nNote: the text above was thinking; the answer begins here.\n');
      this.#write('\n');
    } else this.#writeThinking('\n\n');
    this.#write(answer);
  }

  end(): void {
    if (!this.#soFar.answer.endsWith('\n')) this.#write('\n');
  }
}

type AskInput = Parameters<EngineVerbs['ask']>[0];

export async function askOne(
  verbs: EngineVerbs,
  input: AskInput,
  progress: ProgressLine,
  show: AnswerOutput,
  signal: AbortSignal,
): Promise<AnswerReport> {
  for await (const event of await verbs.ask(input, { signal })) {
    if (event.type === 'done') return event;
    if (event.type === 'progress') progress.show('Reading question', { ...event, unit: 'tokens' });
    else if (event.type === 'kept') progress.clear();
    else show.add(event);
  }
  throw new AppError('INTERNAL', 'The engine ended the answer without a result.');
}

if (isStarted('ask')) await runCommand(askCommand, ask);
