/** What the window's verbs use of other rooms. */
import type { Changes, DocumentsNeeds } from '../documents/needs.ts';
import type { Languages } from '../documents/recognition-languages.ts';
import type { Uploads } from '../documents/uploads.ts';
import type { Grants } from '../granted-files.ts';
import type { ChatStore } from '../library/chat-store.ts';
import type { DocumentSearch } from '../library/document-search.ts';
import type { DocumentStore } from '../library/document-store.ts';
import type { KeptFiles } from '../library/kept-files.ts';
import type { KeyStore } from '../library/key-store.ts';
import type { Revisions } from '../library/revisions.ts';
import type { SettingsStore } from '../library/settings-store.ts';
import type { ModelDownloads } from '../models/model-downloads.ts';
import type { ModelRegistry } from '../models/model-registry.ts';
import type { ModelsNeeds } from '../models/needs.ts';
import type { TokenCounter } from '../models/token-counter.ts';
import type { EngineSession } from '../sessions/engine-session.ts';
import type { EngineSupervisor } from '../sessions/engine-supervisor.ts';
import type { Jobs } from '../sessions/jobs.ts';
import type { SessionsNeeds } from '../sessions/needs.ts';

export interface WindowApiNeeds extends SessionsNeeds, DocumentsNeeds, ModelsNeeds {
  dataDir: string;
  /** The packed app's program, which agents can start as an MCP server; null: there is none. */
  agentProgram: string | null;
  documents: DocumentStore;
  uploads: DocumentsNeeds['uploads'] & Pick<Uploads, 'outgoingDir'>;
  chats: ChatStore;
  settings: SettingsStore;
  search: Pick<DocumentSearch, 'find'>;
  kept: KeptFiles;
  keys: Pick<KeyStore, 'create' | 'list' | 'revoke'>;
  /** The address at which other programs can ask now, or why they cannot. */
  readonly programs: { address: string | null; problem: string | null };
  languages: Languages;
  revisions: Revisions;
  /** What a person should know about the library when it was opened, in sentences. */
  notices: readonly string[];
  grants: Grants;
  counter: TokenCounter;
  models: ModelRegistry;
  downloads: ModelDownloads;
  supervisor: EngineSupervisor;
  jobs: Jobs;
  session(): EngineSession;
  changes: Changes & {
    on(event: 'change', listener: () => void): unknown;
    off(event: 'change', listener: () => void): unknown;
  };
}
