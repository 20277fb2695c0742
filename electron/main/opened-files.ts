/**
 * Files that come from the system: named on the command line, opened with RocketDoc in a file manager, picked in the dialog, sent by a
 * second start. Each becomes a grant; files wait until the window listens.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type BrowserWindow, dialog } from 'electron';
import { z } from 'zod';
import type { Grant } from '../contract/app-types.ts';
import { documentExtensions } from '../contract/document-kinds.ts';

/** What a second start sends to the first. */
export const secondStartSchema = z.object({ files: z.array(z.string().min(1).max(32_768)).max(1000) });
export type SecondStart = z.infer<typeof secondStartSchema>;

/** `words`: the command line after the program. Options and words that name no file are left out. */
export function filesNamed(words: readonly string[], cwd: string): string[] {
  return words
    .filter((word) => !word.startsWith('-'))
    .map((word) => resolve(cwd, word))
    .filter(isFile);
}

/** Folders named with `--models <folder>`: the window lists their GGUF files. */
export function modelFoldersNamed(words: readonly string[], cwd: string): string[] {
  const named = words.flatMap((word, at) => {
    if (word === '--models') return words[at + 1] ?? [];
    return word.startsWith('--models=') ? word.slice('--models='.length) : [];
  });
  return named.filter((folder) => folder !== '').map((folder) => resolve(cwd, folder));
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export class OpenedFiles {
  readonly #grant: (path: string) => Promise<Grant>;
  #waiting: string[] = [];
  #deliver: ((grants: Grant[]) => void) | undefined;

  constructor(grant: (path: string) => Promise<Grant>) {
    this.#grant = grant;
  }

  open(paths: readonly string[]): void {
    this.#waiting.push(...paths);
    if (!this.#deliver || this.#waiting.length === 0) return;
    void this.#grantAll(this.#waiting.splice(0));
  }

  /** To be called when a window begins to listen; undefined: it has stopped. */
  connect(deliver: ((grants: Grant[]) => void) | undefined): void {
    this.#deliver = deliver;
    this.open([]);
  }

  /** If the app host ended meanwhile, the files wait for the next one. */
  async #grantAll(paths: string[]): Promise<void> {
    const grants = await Promise.all(paths.map((path) => this.#grant(path))).catch(() => undefined);
    if (grants && this.#deliver) this.#deliver(grants);
    else this.#waiting.unshift(...paths);
  }
}

export async function chooseDocuments(window: BrowserWindow): Promise<string[]> {
  const { canceled, filePaths } = await dialog.showOpenDialog(window, {
    title: 'Open documents',
    properties: ['openFile', 'multiSelections'],
    filters: [
      { name: 'Documents', extensions: [...documentExtensions] },
      { name: 'All files', extensions: ['*'] },
    ],
  });
  return canceled ? [] : filePaths;
}

/** undefined: nothing was picked. */
export async function chooseModelFile(window: BrowserWindow): Promise<string | undefined> {
  const { canceled, filePaths } = await dialog.showOpenDialog(window, {
    title: 'Open a model where it is',
    properties: ['openFile'],
    filters: [{ name: 'Models', extensions: ['gguf'] }],
  });
  return canceled ? undefined : filePaths[0];
}
