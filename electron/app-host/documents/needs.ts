/** What adding and removing documents uses of other rooms. */
import type { StartHost } from '../../document-host/document-client.ts';
import type { EngineVerbs } from '../../engine-host/engine-client.ts';
import type { Grants } from '../granted-files.ts';
import type { DocumentStore } from '../library/document-store.ts';
import type { KeptFiles } from '../library/kept-files.ts';
import type { SettingsStore } from '../library/settings-store.ts';
import type { TokenCounter } from '../models/token-counter.ts';
import type { RunningEngine } from '../planning/needs.ts';
import type { Languages } from './recognition-languages.ts';
import type { Uploads } from './uploads.ts';

/** Tells every window that watches. */
export interface Changes {
  emit(event: 'change'): boolean;
}

export interface DocumentsNeeds {
  documents: Pick<
    DocumentStore,
    | 'choice'
    | 'clearHash'
    | 'fileHash'
    | 'findByFile'
    | 'findJoined'
    | 'findText'
    | 'get'
    | 'insert'
    | 'isAskedAbout'
    | 'noteReading'
    | 'removal'
    | 'setChoice'
    | 'text'
  >;
  uploads: Pick<
    Uploads,
    'copy' | 'discard' | 'documentDir' | 'enter' | 'get' | 'keep' | 'keepForRetry' | 'removeDocument'
  >;
  counter: Pick<TokenCounter, 'count'>;
  grants: Pick<Grants, 'pathOf'>;
  languages: Pick<Languages, 'folder'>;
  settings: Pick<SettingsStore, 'get'>;
  kept: Pick<KeptFiles, 'drop'>;
  startDocumentHost: StartHost | undefined;
  supervisor: Pick<RunningEngine, 'state' | 'use'>;
  session(): { forgetDocument(verbs: EngineVerbs, documentId: string): Promise<void> };
  jobs: { cancelOf(documentId: string): void };
  changes: Changes;
}
