/**
 * One question and its answer, as a job. The answer so far is stored about once a second: whatever ends it, what was said stays,
 * marked with how it ended. The engine forgets stopped and failed answers; the stored turn says so by its state. What the model
 * remembers are the finished turns on the way to the question: those that the engine does not hold are read to it again.
 */
import { randomInt } from 'node:crypto';
import { withText } from '../../contract/answer-text.ts';
import type { AskStreamEvent } from '../../contract/app.ts';
import type { Turn } from '../../contract/app-types.ts';
import type { EarlierTurn } from '../../contract/engine.ts';
import type { AnswerText } from '../../contract/engine-reports.ts';
import { AppError } from '../../contract/errors.ts';
import type { App } from '../app.ts';
import { findEvidenceWith } from '../citations/answer-evidence.ts';
import type { NewTurn, TurnEnd } from '../library/chat-store.ts';
import { ifWritable } from '../library/storage-errors.ts';
import { choiceFor, engineOptions, samplerFor } from '../planning/method-choice.ts';
import { noteAnswer } from '../planning/speeds.ts';
import { failureForWindow } from '../window-words.ts';
import { mapOf, watchAnswer } from './document-map.ts';
import type { RunningJob } from './running-job.ts';

const saveMs = 1000;

export function answeringJob(app: App, chatId: string): RunningJob<AskStreamEvent> | undefined {
  const { documentId } = app.chats.get(chatId);
  return app.jobs.find({ kind: 'answering', documentId, chatId }) as RunningJob<AskStreamEvent> | undefined;
}

export function ask(app: App, chatId: string, asked: NewTurn): RunningJob<AskStreamEvent> {
  const { documentId } = app.chats.get(chatId);
  if (answeringJob(app, chatId)) throw new AppError('BUSY', 'This chat is being answered. Stop it, or wait.');
  if (!app.session().document(documentId))
    throw new AppError('DOC_MISSING', 'The document is not in memory. Read it first.');
  const remembered = app.chats.path(chatId, asked.parentId).filter((turn) => turn.state === 'done');
  return app.jobs.start<AskStreamEvent>({ kind: 'answering', documentId, chatId }, async (job) => {
    const turn = app.chats.beginTurn(chatId, asked);
    job.emit({ type: 'turn', turn });
    const end = await answerTurn(app, job, turn, remembered);
    job.emit({ type: 'ended', turn: app.chats.endTurn(turn.id, end) });
  });
}

async function answerTurn(
  app: App,
  job: RunningJob<AskStreamEvent>,
  turn: Turn,
  remembered: readonly Turn[],
): Promise<TurnEnd> {
  let said = { thinking: '', answer: '' };
  let savedAt = Date.now();
  let stopWatching = () => {};
  const say = (event: AnswerText) => {
    said = withText(said, event);
    job.emit(event);
    if (Date.now() - savedAt < saveMs) return;
    savedAt = Date.now();
    // The answer goes on; its end is saved, or says why not.
    ifWritable(() => app.chats.saveAnswer(turn.id, said.answer, said.thinking));
  };
  try {
    return await app.supervisor.use(async (verbs) => {
      const { documentId } = job.status;
      const { sampled, thinking, ...wishes } = turn.choice;
      const choice = choiceFor(app, documentId, wishes);
      const { mode } = choice;
      const sampler = samplerFor(app.settings.get(), sampled ? randomInt(2 ** 32) : undefined);
      const path = remembered.map(({ id }) => id);
      const { chat, held } = await orStopped(
        app.session().chatAlong(verbs, { chatId: turn.chatId, documentId }, path, mode),
        job,
      );
      const earlier = remembered.slice(held).map(toldAgain);
      const { engineChatId: chatId } = chat;
      const request = { ...engineOptions(choice), chatId, earlier, question: turn.question, thinking, sampler };
      for await (const event of await verbs.ask(request, { signal: job.signal })) {
        if (event.type === 'progress') {
          job.progress(event);
          job.emit(event);
        } else if (event.type === 'kept') {
          job.status = { ...job.status, phase: 'answer', done: 0, total: 0, tokensPerSecond: 0, secondsLeft: null };
          stopWatching = watchAnswer(app, verbs, chat, job);
          job.emit(event);
        } else if (event.type !== 'done') say(event);
        else {
          const { type: _type, answer, thinking: thought, ...report } = event;
          noteAnswer(app, report);
          chat.asked.push([...path.slice(held), turn.id]);
          chat.evicted ||= mode === 'rocketkv';
          const asked = { question: turn.question, answer, report, rocket: request.rocket };
          const evidence = await findEvidenceWith(app, verbs, chat, asked, job.signal);
          const map = await mapOf(app, verbs, chat);
          return { state: 'done' as const, answer, thinking: thought, report, map, evidence };
        }
      }
      throw new AppError('INTERNAL', 'The engine ended the answer without a result.');
    });
  } catch (error) {
    const failure = failureForWindow(error);
    if (failure.code === 'CANCELLED') return { state: 'stopped', ...said };
    return { state: 'failed', ...said, failure };
  } finally {
    stopWatching();
  }
}

const toldAgain = ({ question, answer, thinking }: Turn): EarlierTurn => ({
  question,
  answer,
  ...(thinking === '' ? {} : { thought: true }),
});

/** The engine may be busy with another document for minutes: stopping must not wait for that. */
function orStopped<T>(work: Promise<T>, { signal }: RunningJob<AskStreamEvent>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new AppError('CANCELLED', 'Stopped before it began.'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject);
  });
}
