/**
 * Files of this machine that a window may open. Each has an id; paths never reach the window. The sample and files named at the start are
 * listed in the window; a file that a person drops on the Electron window or picks in a dialog is opened by its id.
 */
import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import type { Grant } from '../contract/app-types.ts';
import { AppError } from '../contract/errors.ts';

export type GrantedFile = Grant & { path: string };

/** A limit for windows that are open for weeks: the oldest grant is dropped first. */
const maxGiven = 5000;

export class Grants {
  readonly #offered: GrantedFile[];
  readonly #given = new Map<string, GrantedFile>();

  /** `given`: files that an app host before this one gave to the window. */
  constructor(offered: readonly GrantedFile[], given: readonly GrantedFile[] = []) {
    this.#offered = [...offered];
    for (const file of given) this.#keep(file);
  }

  /** Adds a file that a second start named to the listed ones. */
  offer(path: string): void {
    if (this.#offered.length < maxGiven && this.#offered.every((file) => file.path !== path))
      this.#offered.push(grantedFile(path));
  }

  /** The files that the window lists. */
  offered(): Grant[] {
    return this.#offered.map(withoutPath);
  }

  /** Grants a path that came from the system: a drop, a dialog, the command line. Never one that the window names. */
  give(path: string): Grant {
    const file = grantedFile(path);
    this.#keep(file);
    return withoutPath(file);
  }

  #keep(file: GrantedFile): void {
    this.#given.set(file.id, file);
    const oldest = this.#given.keys().next().value;
    if (this.#given.size > maxGiven && oldest !== undefined) this.#given.delete(oldest);
  }

  pathOf(id: string): string {
    const file = this.#given.get(id) ?? this.#offered.find((entry) => entry.id === id);
    if (!file) throw new AppError('DOC_MISSING', 'RocketDoc was not given this file. Add it again.');
    return file.path;
  }
}

export function grantedFile(path: string): GrantedFile {
  return { id: randomUUID(), name: basename(path), isSample: false, path };
}

const withoutPath = ({ path: _, ...grant }: GrantedFile): Grant => grant;
