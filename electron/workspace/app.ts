/** Everything the server keeps, put together once: stores, engine, jobs. The router's verbs are thin around it. */
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import type { LiveAnswer, Settings } from '../contract/app-types.ts';
import type { StartHost } from '../document-host/document-client.ts';
import { ChatStore } from '../library/chat-store.ts';
import { type Database, openDatabase } from '../library/database.ts';
import { DocumentSearch } from '../library/document-search.ts';
import { DocumentStore } from '../library/document-store.ts';
import { SettingsStore } from '../library/settings-store.ts';
import { DocumentTexts } from './document-texts.ts';
import { EngineSupervisor, type SupervisorOptions } from './engine-supervisor.ts';
import { type GrantedFile, Grants } from './grants.ts';
import { Holdings } from './holdings.ts';
import { JobBoard } from './job-board.ts';
import { clearOutgoing } from './outgoing.ts';
import { TokenCounter } from './token-counter.ts';
import { Uploads } from './uploads.ts';

export interface AppOptions {
  dataDir: string;
  modelPath: string;
  /** Names the model's exact bytes, for counts that depend on them. */
  modelHash: string;
  modelTitle: string;
  modelLicence: string;
  grants: GrantedFile[];
  defaults?: Partial<Settings>;
  /** Other than a child process of node: Electron's utility processes. */
  startEngine?: SupervisorOptions['start'];
  startDocumentHost?: StartHost;
}

export interface App {
  documents: DocumentStore;
  texts: DocumentTexts;
  search: DocumentSearch;
  chats: ChatStore;
  settings: SettingsStore;
  uploads: Uploads;
  grants: Grants;
  startDocumentHost: StartHost | undefined;
  counter: TokenCounter;
  supervisor: EngineSupervisor;
  board: JobBoard;
  /** Answers that are being made, by chat. */
  live: Map<string, LiveAnswer>;
  /** What the engine of this moment holds. */
  holdings(): Holdings;
  changes: EventEmitter<{ change: [] }>;
  close(): Promise<void>;
}

export async function createApp(options: AppOptions): Promise<App> {
  const database: Database = openDatabase(join(options.dataDir, 'library.sqlite'));
  const settings = new SettingsStore(database, options.defaults);
  const chats = new ChatStore(database);
  chats.closeInterrupted();
  const uploads = new Uploads(options.dataDir);
  await uploads.clear();
  await clearOutgoing(options.dataDir);
  const changes = new EventEmitter<{ change: [] }>();
  changes.setMaxListeners(0); // one for each window that watches
  const onChange = () => changes.emit('change');
  const supervisor = new EngineSupervisor({
    modelPath: options.modelPath,
    title: options.modelTitle,
    licence: options.modelLicence,
    threads: () => settings.get().threads,
    onChange,
    ...(options.startEngine ? { start: options.startEngine } : {}),
  });
  const holdings = new Holdings();
  const counter = new TokenCounter(options.modelPath, options.modelHash);
  void supervisor.start();
  const documents = new DocumentStore(database);
  return {
    documents,
    texts: new DocumentTexts(documents),
    live: new Map(),
    search: new DocumentSearch(database),
    chats,
    settings,
    uploads,
    grants: new Grants(options.grants),
    startDocumentHost: options.startDocumentHost,
    counter,
    supervisor,
    board: new JobBoard(onChange),
    holdings: () => holdings.at(supervisor.generation),
    changes,
    async close() {
      await supervisor.close();
      await counter.close();
      database.close();
    },
  };
}
