/**
 * Runs one question and its answer as a job. The answer so far is stored about once a second, so its text stays however it ends, with a
 * state that says how. The engine drops stopped and failed answers. The model gets the finished turns on the path to the question: those
 * that the engine does not hold are read again.
 */
import { randomInt } from 'node:crypto';
import { withText } from '../../contract/answer-text.ts';
import type { AskStreamEvent } from '../../contract/app.ts';
import type { Turn } from '../../contract/app-types.ts';
import type { EarlierTurn } from '../../contract/engine.ts';
import type { AnswerText } from '../../contract/engine-reports.ts';
import { AppError } from '../../contract/errors.ts';
import { findEvidenceWith } from '../citations/answer-evidence.ts';
import type { NewTurn, TurnEnd } from '../library/chat-store.ts';
import { ifWritable } from '../library/storage-errors.ts';
import { choiceFor, engineOptions, samplerFor } from '../planning/method-choice.ts';
import { noteAnswer } from '../planning/speeds.ts';
import { failureForWindow } from '../window-words.ts';
import { mapOf, watchAnswer } from './document-map.ts';
import type { SessionsNeeds } from './needs.ts';
import type { RunningJob } from './running-job.ts';

const saveMs = 1000;

export function answeringJob(rooms: SessionsNeeds, chatId: string): RunningJob<AskStreamEvent> | undefined {
  const { documentId } = rooms.chats.get(chatId);
  return rooms.jobs.find({ kind: 'answering', documentId, chatId }) as RunningJob<AskStreamEvent> | undefined;
}

export function ask(rooms: SessionsNeeds, chatId: string, asked: NewTurn): RunningJob<AskStreamEvent> {
  const { documentId } = rooms.chats.get(chatId);
  if (answeringJob(rooms, chatId)) throw new AppError('BUSY', 'This chat is being answered. Stop it, or wait.');
  if (!rooms.session().document(documentId))
    throw new AppError('DOC_MISSING', 'The document is not in memory. Read it first.');
  const remembered = rooms.chats.path(chatId, asked.parentId).filter((turn) => turn.state === 'done');
  return rooms.jobs.start<AskStreamEvent>({ kind: 'answering', documentId, chatId }, async (job) => {
    const turn = rooms.chats.beginTurn(chatId, asked);
    job.emit({ type: 'turn', turn });
    const end = await answerTurn(rooms, job, turn, remembered);
    job.emit({ type: 'ended', turn: rooms.chats.endTurn(turn.id, end) });
  });
}

async function answerTurn(
  rooms: SessionsNeeds,
  job: RunningJob<AskStreamEvent>,
  turn: Turn,
  remembered: readonly Turn[],
): Promise<TurnEnd> {
  let soFar = { thinking: '', answer: '' };
  let savedAt = Date.now();
  let stopWatching = () => {};
  const send = (event: AnswerText) => {
    soFar = withText(soFar, event);
    job.emit(event);
    if (Date.now() - savedAt < saveMs) return;
    savedAt = Date.now();
    // If this cannot be written the answer goes on; saving its end reports the error.
    ifWritable(() => rooms.chats.saveAnswer(turn.id, soFar.answer, soFar.thinking));
  };
  try {
    return await rooms.supervisor.use(async (verbs) => {
      const { documentId } = job.status;
      const { sampled, thinking, ...changes } = turn.choice;
      const choice = choiceFor(rooms, documentId, changes);
      const { mode } = choice;
      const sampler = samplerFor(rooms.settings.get(), sampled ? randomInt(2 ** 32) : undefined);
      const path = remembered.map(({ id }) => id);
      const { chat, held } = await orStopped(
        rooms.session().chatAlong(verbs, { chatId: turn.chatId, documentId }, path, mode),
        job,
      );
      const earlier = remembered.slice(held).map(asEarlierTurn);
      const { engineChatId: chatId } = chat;
      const { drafts } = rooms.settings.get();
      const request = { ...engineOptions(choice), chatId, earlier, question: turn.question, thinking, sampler, drafts };
      for await (const event of await verbs.ask(request, { signal: job.signal })) {
        if (event.type === 'progress') {
          job.progress(event);
          job.emit(event);
        } else if (event.type === 'kept') {
          job.status = { ...job.status, phase: 'answer', done: 0, total: 0, tokensPerSecond: 0, secondsLeft: null };
          stopWatching = watchAnswer(rooms, verbs, chat, job);
          job.emit(event);
        } else if (event.type !== 'done') send(event);
        else {
          const { type: _type, answer, thinking: thought, ...report } = event;
          noteAnswer(rooms, report);
          chat.asked.push([...path.slice(held), turn.id]);
          chat.evicted ||= mode === 'rocketkv';
          const asked = { question: turn.question, answer, report, rocket: request.rocket };
          const evidence = await findEvidenceWith(rooms, verbs, chat, asked, job.signal);
          const map = await mapOf(rooms, verbs, chat);
          return { state: 'done' as const, answer, thinking: thought, report, map, evidence };
        }
      }
      throw new AppError('INTERNAL', 'The engine ended the answer without a result.');
    });
  } catch (error) {
    const failure = failureForWindow(error);
    if (failure.code === 'CANCELLED') return { state: 'stopped', ...soFar };
    return { state: 'failed', ...soFar, failure };
  } finally {
    stopWatching();
  }
}

const asEarlierTurn = ({ question, answer, thinking }: Turn): EarlierTurn => ({
  question,
  answer,
  ...(thinking === '' ? {} : { thought: true }),
});

/** Rejects as soon as the job is stopped: the engine may be busy with another document for minutes. */
function orStopped<T>(work: Promise<T>, { signal }: RunningJob<AskStreamEvent>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new AppError('CANCELLED', 'Stopped before it began.'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject);
  });
}
