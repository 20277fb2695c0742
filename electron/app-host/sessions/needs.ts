/** What readings, answers and measurements are given of other rooms. */
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
  /** The KV cache that is being written to disk, and why the last could not be. */
  saving: { queue: Queue; failure: string | null };
  /** Answers that are being made, by chat. */
  live: Map<string, LiveCounters>;
  /** What the engine of this moment holds. */
  session(): EngineSession;
  changes: Changes;
}
