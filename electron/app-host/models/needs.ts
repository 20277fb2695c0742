/** What the verbs for models use of other rooms. */
import type { HeldDocument } from '../../contract/app-types.ts';
import type { Grants } from '../granted-files.ts';
import type { ModelStore } from '../library/model-store.ts';
import type { SettingsStore } from '../library/settings-store.ts';
import type { RunningEngine } from '../planning/needs.ts';
import type { ModelDownloads } from './model-downloads.ts';
import type { ModelRegistry } from './model-registry.ts';
import type { ServedModel } from './served-model.ts';
import type { TokenCounter } from './token-counter.ts';

export interface ModelsNeeds {
  models: Pick<
    ModelRegistry,
    'addOwn' | 'catalogued' | 'checkUsable' | 'isHere' | 'list' | 'open' | 'remove' | 'served'
  >;
  modelStore: Pick<ModelStore, 'choose'>;
  downloads: Pick<ModelDownloads, 'start'>;
  counter: Pick<TokenCounter, 'switchTo'>;
  /** The origin at which repositories are looked up. */
  huggingFace: string;
  grants: Pick<Grants, 'pathOf'>;
  settings: Pick<SettingsStore, 'get'>;
  supervisor: RunningEngine & { switchTo(model: ServedModel): Promise<void> };
  jobs: { cancelAll(): Promise<void> };
  session(): { readonly documents: HeldDocument[] };
}
