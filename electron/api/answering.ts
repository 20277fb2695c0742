/**
 * Answers a question of another program. Its documents are read as the window reads them, and stay in memory; the earlier turns are read
 * again in a chat that is closed after the answer. Only one such question at a time goes to the engine, so that the window waits for at
 * most one.
 */

import { joinOfLibrary } from '../app-host/documents/join-documents.ts';
import { choiceFor, effortOf, engineOptions } from '../app-host/planning/method-choice.ts';
import { readDocument } from '../app-host/sessions/read-document.ts';
import type { LibraryDocument } from '../contract/app-types.ts';
import type { AnswerReport } from '../contract/engine-reports.ts';
import { AppError } from '../contract/errors.ts';
import type { AnswerEvidence } from '../contract/evidence.ts';
import type { Effort, Sampler } from '../contract/method.ts';
import { findEvidence, readsIn } from '../evidence/find-evidence.ts';
import { ApiError } from './api-error.ts';
import type { Conversation } from './conversation.ts';
import { addFile, bytesOf, documentOf } from './files.ts';
import type { ProgramsNeeds } from './needs.ts';
import { type ChatRequest, effortOfRequest } from './requests.ts';
import { StopSequenceFilter } from './stop-sequence-filter.ts';

export interface ProgramAnswer {
  text: string;
  /** What the model thought before the answer; empty: nothing. */
  thinking: string;
  finishReason: 'stop' | 'length';
  promptTokens: number;
  /** How many of them were read before. */
  cachedTokens: number;
  answerTokens: number;
  /** Of these, how many were thinking. */
  thinkingTokens: number;
  evidence: AnswerEvidence;
}

export interface Listener {
  onText(text: string): void;
  onThinking(text: string): void;
  /** Called while a document is read. */
  onReading(done: number, total: number): void;
}

/** The document of a conversation: one file, or several joined in their order. */
export async function documentFor(
  rooms: ProgramsNeeds,
  { files }: Conversation,
  signal: AbortSignal,
): Promise<LibraryDocument> {
  const ids: string[] = [];
  for (const { fileId, data, name } of files) {
    const document =
      fileId !== undefined
        ? documentOf(rooms, fileId)
        : await addFile(rooms, name ?? 'document', bytesOf(data ?? ''), signal);
    if (!ids.includes(document.id)) ids.push(document.id);
  }
  const [first] = ids;
  if (first === undefined)
    throw new ApiError(400, 'RocketDoc answers about documents: a user message needs a file part.', {
      param: 'messages',
      code: 'missing_file',
    });
  return ids.length === 1 ? rooms.documents.get(first) : joinOfLibrary(rooms, ids);
}

export async function answerProgram(
  rooms: ProgramsNeeds,
  document: LibraryDocument,
  conversation: Conversation,
  request: ChatRequest,
  listener: Listener,
  signal: AbortSignal,
): Promise<ProgramAnswer> {
  const isReadNow = await ensureRead(rooms, document.id, effortOfRequest(request), listener, signal);
  const { mode, budget } = request.rocketdoc ?? {};
  const maxNew = request.max_completion_tokens ?? request.max_tokens ?? undefined;
  const choice = choiceFor(rooms, document.id, { mode, tokenBudget: budget, maxNew });
  const options = engineOptions(choice);
  const subject = { kind: 'answering' as const, documentId: document.id, chatId: null };
  let answer: ProgramAnswer | undefined;
  const job = rooms.jobs.start(subject, async (running) => {
    const stop = () => running.cancel();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const filter = new StopSequenceFilter(stopsOf(request), (text) => listener.onText(text));
    answer = await rooms.supervisor.use((verbs) =>
      rooms.session().inPassingChat(verbs, document.id, async (chatId) => {
        const { question, earlier } = conversation;
        const stopped = new AbortController();
        const ended = AbortSignal.any([running.signal, stopped.signal]);
        let report: AnswerReport | undefined;
        let thinking = '';
        try {
          const { drafts } = rooms.settings.get();
          const ask = { ...options, chatId, earlier, question, sampler: samplerOf(rooms, request), drafts };
          for await (const event of await verbs.ask(ask, { signal: ended })) {
            if (event.type === 'progress') running.progress(event);
            else if (event.type === 'thinking') {
              thinking += event.text;
              listener.onThinking(event.text);
            } else if (event.type === 'delta') {
              if (!filter.push(event.text)) stopped.abort();
            } else if (event.type === 'restated') {
              thinking = event.thinking;
              if (!filter.restate(event.answer)) stopped.abort();
            } else if (event.type === 'done') report = event;
          }
        } catch (error) {
          if (!filter.isStopped || running.signal.aborted) throw error;
        }
        filter.end();
        const { text } = filter;
        const index = await rooms.sentences.get(rooms, document.id);
        const engineDocument = rooms.session().engineDocument(document.id) ?? '';
        const { mode, rocket } = options;
        const reads = report && readsIn(verbs, { documentId: engineDocument, chatId, mode, rocket }, report, signal);
        const evidence = await findEvidence(index, { question: conversation.asked, answer: text }, reads);
        const counted = report ?? (await countedTokens(rooms, document, question, text));
        return {
          text,
          thinking: report?.thinking ?? thinking,
          finishReason: report?.finishReason ?? 'stop',
          promptTokens: counted.promptTokens,
          cachedTokens: isReadNow ? 0 : Math.max(0, counted.promptTokens - counted.prefilledTokens),
          answerTokens: counted.generatedTokens,
          thinkingTokens: report?.thinkingTokens ?? 0,
          evidence,
        };
      }),
    );
  });
  for await (const _ of job.watch());
  if (!answer) throw new AppError('CANCELLED', 'Stopped.');
  return answer;
}

/** Token counts for an answer that a stop sequence ended, which has no report: counted with the model's vocabulary. */
async function countedTokens(rooms: ProgramsNeeds, document: LibraryDocument, question: string, text: string) {
  const asked = await rooms.counter.countText(question);
  const held = rooms.session().document(document.id)?.tokens ?? 0;
  return { promptTokens: held + asked, prefilledTokens: asked, generatedTokens: await rooms.counter.countText(text) };
}

/** Makes sure the document is in memory, read with this effort. Returns whether it had to be read, not loaded from disk. */
async function ensureRead(
  rooms: ProgramsNeeds,
  documentId: string,
  effort: Effort | undefined,
  listener: Listener,
  signal: AbortSignal,
): Promise<boolean> {
  // If the window had only some pages read, or another effort is wanted, all are read now.
  const held = rooms.session().document(documentId);
  if (held?.pages === null && held.effort === effortOf(rooms, choiceFor(rooms, documentId, { effort }))) return false;
  const wasRunning = rooms.jobs.find({ kind: 'reading', documentId, chatId: null }) !== undefined;
  const job = readDocument(rooms, documentId, null, { effort });
  // A reading that another client began is not cancelled when this client goes away.
  const stop = () => void (wasRunning || job.cancel());
  signal.addEventListener('abort', stop, { once: true });
  try {
    let loaded = false;
    for await (const event of job.watch(signal)) {
      if (event.type === 'done') loaded = event.loaded;
      else listener.onReading(event.done, event.total);
    }
    if (signal.aborted) throw new AppError('CANCELLED', 'Stopped.');
    // What another client was reading may be some pages, or with another effort.
    if (wasRunning) await ensureRead(rooms, documentId, effort, listener, signal);
    return !loaded;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function samplerOf(rooms: ProgramsNeeds, { temperature, top_p, seed }: ChatRequest): Sampler {
  const { sampler } = rooms.settings.get();
  return {
    ...sampler,
    temperature: temperature ?? sampler.temperature,
    topP: top_p ?? sampler.topP,
    seed: seed ?? sampler.seed,
  };
}

const stopsOf = ({ stop }: ChatRequest) => (typeof stop === 'string' ? [stop] : (stop ?? []));
