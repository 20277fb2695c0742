/**
 * Evidence for the answers of the library's chats. For a new answer the engine tells what its tokens read, and the result is stored with
 * the turn. For older answers it is found by their words alone.
 */
import type { Turn, TurnReport } from '../../contract/app-types.ts';
import type { AnswerEvidence } from '../../contract/evidence.ts';
import type { RocketOptions } from '../../contract/method.ts';
import type { EngineVerbs } from '../../engine-host/engine-client.ts';
import { type AskedAndAnswered, findEvidence, type ReadsOf, readsIn } from '../../evidence/find-evidence.ts';
import { logIfUnforeseen } from '../log.ts';
import type { CitationsNeeds } from './needs.ts';

/** The stored evidence; else found by words alone. */
export async function evidenceOf(
  rooms: CitationsNeeds,
  { id, chatId, question, answer }: Turn,
): Promise<AnswerEvidence> {
  const stored = rooms.chats.evidence(id);
  if (stored) return stored;
  const { documentId } = rooms.chats.get(chatId);
  return findEvidence(await rooms.sentences.get(rooms, documentId), { question, answer });
}

/**
 * Finds the evidence of an answer that the engine has just made. It also measures what a neutral question reads, which the map shows too. A
 * failure here must not fail the answer.
 */
export async function findEvidenceWith(
  rooms: CitationsNeeds,
  verbs: EngineVerbs,
  { engineChatId, documentId }: { engineChatId: string; documentId: string },
  { report, rocket, ...asked }: AskedAndAnswered & { report: TurnReport; rocket: RocketOptions },
  signal: AbortSignal,
): Promise<AnswerEvidence | undefined> {
  try {
    const engineDocumentId = rooms.session().engineDocument(documentId) ?? '';
    const choice = { documentId: engineDocumentId, chatId: engineChatId, mode: report.mode, rocket };
    const reads = readsIn(verbs, choice, report, signal);
    await reads?.([]);
    const readsOf = reads && withinPages(rooms, documentId, reads);
    return await findEvidence(await rooms.sentences.get(rooms, documentId), asked, readsOf);
  } catch (error) {
    logIfUnforeseen('An answer’s evidence', error);
    return undefined;
  }
}

/** The engine may have read only some pages: it counts from their beginning, and has no reads of the others. */
function withinPages(rooms: CitationsNeeds, documentId: string, reads: ReadsOf): ReadsOf {
  const range = rooms.session().document(documentId)?.pages;
  if (!range) return reads;
  const { pages } = rooms.texts.get(documentId);
  const first = pages[range.from]?.start ?? 0;
  const end = pages[range.to]?.end ?? 0;
  return async (passages) => {
    const inside = passages.filter((passage) => passage.start >= first && passage.end <= end);
    const read = await reads(inside.map((passage) => ({ start: passage.start - first, end: passage.end - first })));
    return passages.map((passage) => read[inside.indexOf(passage)] ?? { read: 0 });
  };
}
