/** What readings, answers and measurements use of other rooms. */
import type { LiveCounters } from '../../contract/app-types.ts';
import type { Queue } from '../../hosts/queue.ts';
import type { CitationsNeeds } from '../citations/needs.ts';
import type { Changes } from '../documents/needs.ts';
import type { ChatStore } from '../library/chat-store.ts';
import type { DocumentStore } from '../library/document-store.ts';
import type { KeptFiles } from '../library/kept-files.ts';
import type { PlanningNeeds } from '../planning/needs.ts';
import type { EngineSession } from './engine-session.ts';
import type { Jobs } from './jobs.ts';

export interface SessionsNeeds extends PlanningNeeds, CitationsNeeds {
  documents: PlanningNeeds['documents'] & Pick<DocumentStore, 'setTuning'>;
  chats: CitationsNeeds['chats'] & Pick<ChatStore, 'beginTurn' | 'endTurn' | 'path' | 'saveAnswer' | 'turns'>;
  jobs: Pick<Jobs, 'find' | 'get' | 'start'>;
  kept: PlanningNeeds['kept'] & Pick<KeptFiles, 'add' | 'clear' | 'drop' | 'makeRoom' | 'used'>;
  /** The queue of KV caches to be written to disk, and why the last could not be written. */
  saving: { queue: Queue; failure: string | null };
  /** Counters of the answers that are being made, by chat. */
  live: Map<string, LiveCounters>;
  /** What the running engine holds. */
  session(): EngineSession;
  changes: Changes;
}
