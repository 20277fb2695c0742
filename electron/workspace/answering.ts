/**
 * One question and its answer, as a job. The answer so far is stored about once a second: whatever ends it, what was said stays,
 * marked with how it ended. The engine forgets stopped and failed answers; the stored turn says so by its state.
 */

import type { AskStreamEvent } from '../contract/app.ts';
import type { MapPage, Turn } from '../contract/app-types.ts';
import { AppError, toAppError } from '../contract/errors.ts';
import { defaultSampler } from '../contract/method.ts';
import type { EngineVerbs } from '../engine-host/engine-client.ts';
import type { TurnEnd } from '../library/chat-store.ts';
import type { App } from './app.ts';
import type { HeldChat } from './holdings.ts';
import type { RunningJob } from './job.ts';
import { engineOptions } from './method-choice.ts';

const saveMs = 1000;

export function answeringJob(app: App, chatId: string): RunningJob<AskStreamEvent> | undefined {
  const { documentId } = app.chats.get(chatId);
  return app.board.find({ kind: 'answering', documentId, chatId }) as RunningJob<AskStreamEvent> | undefined;
}

export async function ask(app: App, chatId: string, question: string): Promise<RunningJob<AskStreamEvent>> {
  const { documentId } = app.chats.get(chatId);
  if (answeringJob(app, chatId)) throw new AppError('BUSY', 'This chat is being answered. Stop it, or wait.');
  if (!app.holdings().document(documentId))
    throw new AppError('DOC_MISSING', 'The document is not in memory. Read it first.');
  const held = await app.supervisor.use((verbs) => app.holdings().chat(verbs, chatId, documentId));
  // Asked twice at once: the first one is there by now.
  if (answeringJob(app, chatId)) throw new AppError('BUSY', 'This chat is being answered. Stop it, or wait.');
  return app.board.start<AskStreamEvent>({ kind: 'answering', documentId, chatId }, async (job) => {
    const turn = app.chats.beginTurn(chatId, question, held.session);
    job.emit({ type: 'turn', turn });
    const end = await answerTurn(app, job, turn, held);
    job.emit({ type: 'ended', turn: app.chats.endTurn(turn.id, end) });
  });
}

async function answerTurn(app: App, job: RunningJob<AskStreamEvent>, turn: Turn, held: HeldChat): Promise<TurnEnd> {
  let answer = '';
  let savedAt = Date.now();
  const say = (text: string) => {
    // Many models begin with line breaks.
    const shown = answer === '' ? text.trimStart() : text;
    if (shown === '') return;
    answer += shown;
    job.emit({ type: 'delta', text: shown });
    if (Date.now() - savedAt < saveMs) return;
    savedAt = Date.now();
    app.chats.saveAnswer(turn.id, answer);
  };
  try {
    return await app.supervisor.use(async (verbs) => {
      const options = engineOptions(app.settings.get());
      const request = { ...options, chatId: held.engineChatId, question: turn.question, sampler: defaultSampler };
      for await (const event of await verbs.ask(request, { signal: job.signal })) {
        if (event.type === 'progress') {
          job.progress(event);
          job.emit(event);
        } else if (event.type === 'kept') {
          job.status = { ...job.status, phase: 'answer', done: 0, total: 0, tokensPerSecond: 0, secondsLeft: null };
          job.emit(event);
        } else if (event.type === 'delta') say(event.text);
        else {
          const { type: _type, answer: whole, ...report } = event;
          return { state: 'done' as const, answer: whole, report, map: await mapOf(app, verbs, held) };
        }
      }
      throw new AppError('INTERNAL', 'The engine ended the answer without a result.');
    });
  } catch (error) {
    const { code, message } = toAppError(error);
    if (code === 'CANCELLED') return { state: 'stopped', answer };
    return { state: 'failed', answer, failure: { code, message } };
  }
}

/** Which pages were kept and read, with each page's first words. An answer without a map is still an answer. */
async function mapOf(app: App, verbs: EngineVerbs, held: HeldChat): Promise<MapPage[] | undefined> {
  try {
    const uses = await verbs.documentMap({ chatId: held.engineChatId });
    const first = app.holdings().document(held.documentId)?.pages?.from ?? 0;
    const pages = app.documents.pages(held.documentId);
    return uses.map((use, i) => ({ ...use, opening: pages[first + i]?.opening ?? '' }));
  } catch {
    return undefined;
  }
}
