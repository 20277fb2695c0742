/** Puts the rooms of the app host together: stores, engine, jobs. Each room's needs.ts names what it uses. */
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import type { LiveCounters } from '../contract/app-types.ts';
import { embeddedModelId } from '../contract/models.ts';
import type { Settings } from '../contract/settings.ts';
import type { StartWait } from '../contract/shell.ts';
import type { StartHost } from '../document-host/document-client.ts';
import { Queue } from '../hosts/queue.ts';
import { ownVersion } from './about.ts';
import { SentenceIndexes } from './citations/sentence-indexes.ts';
import { DocumentTexts } from './documents/document-texts.ts';
import { Languages } from './documents/recognition-languages.ts';
import { repair } from './documents/repair.ts';
import { Uploads } from './documents/uploads.ts';
import { type GrantedFile, Grants } from './granted-files.ts';
import { ChatStore } from './library/chat-store.ts';
import { closeLibrary } from './library/database.ts';
import { DocumentSearch } from './library/document-search.ts';
import { DocumentStore } from './library/document-store.ts';
import { KeptFiles } from './library/kept-files.ts';
import { KeyStore } from './library/key-store.ts';
import { ModelStore } from './library/model-store.ts';
import { openLibrary } from './library/open-library.ts';
import { Revisions } from './library/revisions.ts';
import { SettingsStore } from './library/settings-store.ts';
import { SpeedStore } from './library/speed-store.ts';
import { closeLog, openLog } from './log.ts';
import { huggingFace } from './models/hugging-face.ts';
import { InspectionHost } from './models/inspection-host.ts';
import { type DownloadOptions, ModelDownloads } from './models/model-downloads.ts';
import { ModelHeaders } from './models/model-headers.ts';
import { ModelRegistry } from './models/model-registry.ts';
import type { ModelPlaces } from './models/registered-models.ts';
import { TokenCounter } from './models/token-counter.ts';
import { EngineSession } from './sessions/engine-session.ts';
import { EngineSupervisor, type SupervisorOptions } from './sessions/engine-supervisor.ts';
import { Jobs } from './sessions/jobs.ts';

export interface AppOptions {
  dataDir: string;
  /** Models that come with RocketDoc; the first, `embeddedModelId`, is the default. */
  embedded: ModelPlaces['embedded'];
  /** The catalogue of models that can be fetched; absent: only the person's own catalogue. */
  catalogueFile?: string;
  /** Where repositories are looked up; default: huggingface.co. Tests name a server of their own. */
  huggingFace?: string;
  /** Folders whose GGUF files are listed, opened where they are. */
  modelFolders?: readonly string[];
  grants: GrantedFile[];
  /** Files that an earlier app host gave to the window. */
  given?: readonly GrantedFile[];
  defaults?: Partial<Settings>;
  /** The program that an agent can start with --mcp, in a package that supports it. */
  agentProgram?: string | null;
  /** How to start the hosts; default: child processes of node. Electron uses utility processes. */
  startEngine?: SupervisorOptions['start'];
  startDocumentHost?: StartHost;
  /** Called with what is waited for, when the library takes a while to open. */
  onWait?: (wait: StartWait) => void;
}

export interface AppHost {
  dataDir: string;
  agentProgram: string | null;
  documents: DocumentStore;
  texts: DocumentTexts;
  sentences: SentenceIndexes;
  search: DocumentSearch;
  chats: ChatStore;
  settings: SettingsStore;
  /** Keys of other programs; `programs`: where they can ask now, or why they cannot. */
  keys: KeyStore;
  programs: { address: string | null; problem: string | null };
  speeds: SpeedStore;
  uploads: Uploads;
  languages: Languages;
  /** Counters of the changes of each part of the library. */
  revisions: Revisions;
  /** What a person should know about the library when it was opened, in sentences. */
  notices: readonly string[];
  grants: Grants;
  startDocumentHost: StartHost | undefined;
  counter: TokenCounter;
  models: ModelRegistry;
  modelStore: ModelStore;
  downloads: ModelDownloads;
  huggingFace: string;
  supervisor: EngineSupervisor;
  jobs: Jobs;
  /** Documents whose KV is kept on disk; `saving`: the queue of those to be written, and why the last could not be. */
  kept: KeptFiles;
  saving: { queue: Queue; failure: string | null };
  /** Counters of the answers that are being made, by chat. */
  live: Map<string, LiveCounters>;
  /** What the running engine holds. */
  session(): EngineSession;
  changes: EventEmitter<{ change: [] }>;
  close(): Promise<void>;
}

export async function createAppHost(options: AppOptions): Promise<AppHost> {
  openLog(options.dataDir, await ownVersion());
  const { onWait = () => {} } = options;
  const { database, notices } = await openLibrary(join(options.dataDir, 'library.sqlite'), { onWait });
  const changes = new EventEmitter<{ change: [] }>();
  changes.setMaxListeners(0); // no limit: each window that watches adds a listener
  const onChange = () => changes.emit('change');
  const revisions = new Revisions(onChange);
  const settings = new SettingsStore(database, options.defaults, revisions);
  const chats = new ChatStore(database, revisions);
  const documents = new DocumentStore(database, revisions);
  const uploads = new Uploads(options.dataDir);
  await uploads.clear();
  notices.push(...(await repair({ documents, chats, uploads })));
  const modelStore = new ModelStore(database);
  const inspection = new InspectionHost(options.startEngine);
  const headers = new ModelHeaders(modelStore, inspection);
  const { catalogueFile, embedded, modelFolders: folders = [] } = options;
  const dir = join(options.dataDir, 'models');
  const places = { dir, folders, catalogueFile, embedded };
  const models = new ModelRegistry(places, modelStore, headers, onChange);
  const onDone: DownloadOptions['onDone'] = (_, file, sha256) => models.noteChecked(file, sha256);
  const downloads = new ModelDownloads({ dir, onChange, onDone });
  await downloads.findParts(models.catalogue.models);
  const model = models.served(modelStore.chosen() ?? embeddedModelId);
  const supervisor = new EngineSupervisor({
    model,
    threads: () => settings.get().threads,
    device: () => settings.get().device,
    onChange,
    ...(options.startEngine ? { start: options.startEngine } : {}),
  });
  const session = new EngineSession();
  const counter = new TokenCounter(inspection, model.modelPath, model.modelHash);
  void supervisor.start();
  return {
    dataDir: options.dataDir,
    agentProgram: options.agentProgram ?? null,
    documents,
    texts: new DocumentTexts(documents),
    sentences: new SentenceIndexes(),
    kept: new KeptFiles(join(options.dataDir, 'kv'), (id) => documents.has(id)),
    saving: { queue: new Queue(), failure: null },
    live: new Map(),
    search: new DocumentSearch(database),
    chats,
    settings,
    keys: new KeyStore(database, revisions),
    programs: { address: null, problem: null },
    speeds: new SpeedStore(database),
    uploads,
    languages: new Languages(options.dataDir),
    notices,
    revisions,
    grants: new Grants(options.grants, options.given),
    startDocumentHost: options.startDocumentHost,
    counter,
    models,
    modelStore,
    downloads,
    huggingFace: options.huggingFace ?? huggingFace,
    supervisor,
    jobs: new Jobs(onChange),
    session: () => session.at(supervisor.generation),
    changes,
    async close() {
      await downloads.close();
      await inspection.close();
      await supervisor.close();
      closeLibrary(database);
      closeLog();
    },
  };
}
