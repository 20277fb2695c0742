/**
 * What ties an answer to its document, worked out when a window asks, and kept: a finished answer does not change.
 */
import type { AnswerCitations } from '../../contract/evidence.ts';
import { locate } from '../../evidence/locate-claims.ts';
import type { App } from '../app.ts';
import { evidenceOf } from './answer-evidence.ts';
import { documentMapOf } from './document-map.ts';

const keptAnswers = 200;

/** Each app's answers; the oldest leaves first. */
const known = new WeakMap<App, Map<string, Promise<AnswerCitations>>>();

export function citationsOf(app: App, turnId: string): Promise<AnswerCitations> {
  const { state } = app.chats.turn(turnId);
  if (state === 'answering') return Promise.resolve({ citations: [], evidence: [], unsupported: [], isFound: true });
  const answers = known.get(app) ?? new Map<string, Promise<AnswerCitations>>();
  known.set(app, answers);
  const before = answers.get(turnId);
  if (before) return before;
  const made = makeCitations(app, turnId);
  answers.set(turnId, made);
  made.catch(() => answers.delete(turnId));
  const oldest = answers.keys().next().value;
  if (answers.size > keptAnswers && oldest !== undefined) answers.delete(oldest);
  return made;
}

async function makeCitations(app: App, turnId: string): Promise<AnswerCitations> {
  const turn = app.chats.turn(turnId);
  const { documentId } = app.chats.get(turn.chatId);
  const { question, answer } = turn;
  const map = documentMapOf(app, turnId);
  const [citations, evidence] = await Promise.all([
    locate(answer, app.texts.get(documentId), { question, map }),
    evidenceOf(app, turn),
  ]);
  return { citations, ...evidence };
}
