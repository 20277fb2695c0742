/** Citations and evidence of an answer, computed when a window asks and kept in memory, since a finished answer does not change. */
import type { AnswerCitations } from '../../contract/evidence.ts';
import { locate } from '../../evidence/locate-claims.ts';
import { evidenceOf } from './answer-evidence.ts';
import { documentMapOf } from './document-map.ts';
import type { CitationsNeeds } from './needs.ts';

const keptAnswers = 200;

/** Results by turn for each app host; the oldest is dropped first. */
const known = new WeakMap<CitationsNeeds, Map<string, Promise<AnswerCitations>>>();

export function citationsOf(rooms: CitationsNeeds, turnId: string): Promise<AnswerCitations> {
  const { state } = rooms.chats.turn(turnId);
  if (state === 'answering') return Promise.resolve({ citations: [], evidence: [], unsupported: [], isFound: true });
  const answers = known.get(rooms) ?? new Map<string, Promise<AnswerCitations>>();
  known.set(rooms, answers);
  const before = answers.get(turnId);
  if (before) return before;
  const made = makeCitations(rooms, turnId);
  answers.set(turnId, made);
  made.catch(() => answers.delete(turnId));
  const oldest = answers.keys().next().value;
  if (answers.size > keptAnswers && oldest !== undefined) answers.delete(oldest);
  return made;
}

async function makeCitations(rooms: CitationsNeeds, turnId: string): Promise<AnswerCitations> {
  const turn = rooms.chats.turn(turnId);
  const { documentId } = rooms.chats.get(turn.chatId);
  const { question, answer } = turn;
  const map = documentMapOf(rooms, turnId);
  const [citations, evidence] = await Promise.all([
    locate(answer, rooms.texts.get(documentId), { question, map }),
    evidenceOf(rooms, turn),
  ]);
  return { citations, ...evidence };
}
