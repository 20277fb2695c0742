/** What planning uses of other rooms. */
import type { EngineState, HeldDocument } from '../../contract/app-types.ts';
import type { OpenedModel } from '../../contract/engine-reports.ts';
import type { EngineVerbs } from '../../engine-host/engine-client.ts';
import type { DocumentStore, DocumentText } from '../library/document-store.ts';
import type { KeptFiles } from '../library/kept-files.ts';
import type { SettingsStore } from '../library/settings-store.ts';
import type { SpeedStore } from '../library/speed-store.ts';

/** The interface of the engine supervisor for rooms that must not import sessions/. */
export interface RunningEngine {
  readonly state: EngineState;
  readonly model: OpenedModel | null;
  use<T>(work: (verbs: EngineVerbs) => Promise<T>): Promise<T>;
}

export interface PlanningNeeds {
  documents: Pick<
    DocumentStore,
    'choice' | 'countedWith' | 'get' | 'has' | 'pages' | 'setChoice' | 'setTokens' | 'text'
  >;
  settings: Pick<SettingsStore, 'get'>;
  speeds: Pick<SpeedStore, 'add' | 'list'>;
  kept: Pick<KeptFiles, 'checkRoom' | 'find' | 'list' | 'pathOf'>;
  counter: {
    readonly countedWith: string;
    count(text: DocumentText): Promise<{ total: number; pages: number[]; countedWith: string }>;
  };
  supervisor: RunningEngine;
  session(): { readonly documents: HeldDocument[]; document(documentId: string): HeldDocument | undefined };
}
