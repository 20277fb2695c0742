/** What the API for programs uses of the app host. */
import type { DocumentsNeeds } from '../app-host/documents/needs.ts';
import type { Uploads } from '../app-host/documents/uploads.ts';
import type { ChatStore } from '../app-host/library/chat-store.ts';
import type { DocumentSearch } from '../app-host/library/document-search.ts';
import type { DocumentStore } from '../app-host/library/document-store.ts';
import type { KeptFiles } from '../app-host/library/kept-files.ts';
import type { KeyStore } from '../app-host/library/key-store.ts';
import type { SettingsStore } from '../app-host/library/settings-store.ts';
import type { TokenCounter } from '../app-host/models/token-counter.ts';
import type { RunningEngine } from '../app-host/planning/needs.ts';
import type { EngineSession } from '../app-host/sessions/engine-session.ts';
import type { Jobs } from '../app-host/sessions/jobs.ts';
import type { SessionsNeeds } from '../app-host/sessions/needs.ts';

export interface ProgramsNeeds extends SessionsNeeds, DocumentsNeeds {
  documents: DocumentStore;
  uploads: DocumentsNeeds['uploads'] & Pick<Uploads, 'receive'>;
  chats: ChatStore;
  settings: Pick<SettingsStore, 'get' | 'onChange'>;
  search: Pick<DocumentSearch, 'find'>;
  kept: KeptFiles;
  keys: Pick<KeyStore, 'accepts'>;
  /** Set by this room: the address at which programs can ask now, or why they cannot. */
  programs: { address: string | null; problem: string | null };
  counter: TokenCounter;
  supervisor: RunningEngine;
  jobs: Jobs;
  session(): EngineSession;
}
