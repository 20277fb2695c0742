/** The server as the stores see it. The bridge puts the client here; stores do not know over what it is connected. */
import type { ContractRouterClient } from '@orpc/contract';
import type { appContract } from '../../electron/contract/app.ts';
import type { Grant, WindowFailure } from '../../electron/contract/app-types.ts';
import type { MemoryShortage } from '../../electron/contract/engine-reports.ts';

export type AppClient = ContractRouterClient<typeof appContract>;

export interface CallFailure {
  code: string;
  message: string;
  /** The numbers, where memory was too small and they are known. */
  shortage?: MemoryShortage | undefined;
}

/** A file on its way into the library: its bytes were sent, or the app may open it by itself. */
export type SentFile = { uploadId: string } | { grantId: string };

/** Ways of files into the library and out of it, beside the calls. */
export interface FileWays {
  sendFile: (file: File) => Promise<SentFile>;
  /** A document's file as it was added. */
  loadFile: (documentId: string) => Promise<ArrayBuffer>;
  /**
   * The system's dialog for a model file that is opened where it lies; null: nothing was picked. Only where the app shares the person's
   * file system with the window: Electron.
   */
  chooseModel?: (() => Promise<Grant | null>) | undefined;
}

export interface Api extends FileWays {
  client: AppClient;
  failure: (error: unknown) => CallFailure;
}

let current: Api | undefined;
let connect = () => {};

/** Resolves with the first connection; what a person asks for earlier waits for it. */
export const connected = new Promise<void>((resolve) => {
  connect = resolve;
});

export function setApi(api: Api): void {
  current = api;
  connect();
}

export function api(): AppClient {
  if (!current) throw new Error('The server is not connected yet.');
  return current.client;
}

/** Without a connection nothing is reported: what failed then is often the connection itself. */
export function noteFailure(failure: WindowFailure): void {
  current?.client.noteFailure(failure).catch(() => {});
}

export function sendFile(file: File): Promise<SentFile> {
  if (!current) throw new Error('The server is not connected yet.');
  return current.sendFile(file);
}

export function loadFile(documentId: string): Promise<ArrayBuffer> {
  if (!current) throw new Error('The server is not connected yet.');
  return current.loadFile(documentId);
}

export function modelChooser(): FileWays['chooseModel'] {
  return current?.chooseModel;
}

export function failureOf(error: unknown): CallFailure {
  return current?.failure(error) ?? { code: 'CLOSED', message: 'The server is not connected yet.' };
}
