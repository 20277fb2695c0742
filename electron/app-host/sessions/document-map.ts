/** Gets from the engine what an answer kept and read of each page, while it is made and when it is done. */
import type { Job, LiveCounters, MapPage } from '../../contract/app-types.ts';
import type { EngineVerbs } from '../../engine-host/engine-client.ts';
import { logIfUnforeseen } from '../log.ts';
import type { SessionChat } from './engine-session.ts';
import type { SessionsNeeds } from './needs.ts';

/** The map of an answer; if it fails, the answer has none and does not fail. */
export async function mapOf(
  rooms: SessionsNeeds,
  verbs: EngineVerbs,
  held: SessionChat,
): Promise<MapPage[] | undefined> {
  try {
    const uses = await verbs.documentMap({ chatId: held.engineChatId });
    const first = firstPage(rooms, held.documentId);
    const pages = rooms.documents.pages(held.documentId);
    return uses.map((use, i) => ({ ...use, page: first + i, opening: pages[first + i]?.opening ?? '' }));
  } catch (error) {
    logIfUnforeseen('An answer’s map', error);
    return undefined;
  }
}

/** Six times a second: often enough for a map that grows, at a negligible cost. */
const lookMs = 160;

/** Fetches counters and map while an answer is made, for the telemetry. Call the returned function to end it. */
export function watchAnswer(
  rooms: SessionsNeeds,
  verbs: EngineVerbs,
  held: SessionChat,
  job: { status: Job },
): () => void {
  const { chatId } = job.status;
  const { engineChatId, documentId } = held;
  if (chatId === null) return () => {};
  let ended = false;
  let timer: NodeJS.Timeout | undefined;
  let first: { rows: number; at: number } | undefined;
  const look = async () => {
    const [counters, uses] = await Promise.all([
      verbs.counters({ chatId: engineChatId }),
      verbs.documentMap({ chatId: engineChatId }),
    ]);
    if (ended) return;
    first ??= { rows: counters.rowsTotal, at: Date.now() };
    const done = counters.rowsTotal - first.rows;
    const seconds = (Date.now() - first.at) / 1000;
    job.status = { ...job.status, done, tokensPerSecond: seconds > 0 ? done / seconds : 0 };
    const live: LiveCounters = {
      chatId,
      documentId,
      counters,
      firstPage: firstPage(rooms, documentId),
      uses: uses.map((use) => ({ ...rounded(use), parts: use.parts.map(rounded) })),
    };
    rooms.live.set(chatId, live);
  };
  const again = () => {
    if (!ended) timer = setTimeout(() => void look().then(again, () => {}), lookMs);
  };
  again();
  return () => {
    ended = true;
    clearTimeout(timer);
    rooms.live.delete(chatId);
  };
}

function firstPage(rooms: SessionsNeeds, documentId: string): number {
  return rooms.session().document(documentId)?.pages?.from ?? 0;
}

/** Rounded to four digits: more cannot be seen, and this is sent six times a second. */
const rounded = ({ kept, read, usual }: { kept: number; read: number; usual?: number | undefined }) => ({
  kept: Number(kept.toPrecision(4)),
  read: Number(read.toPrecision(4)),
  ...(usual === undefined ? {} : { usual: Number(usual.toPrecision(4)) }),
});
