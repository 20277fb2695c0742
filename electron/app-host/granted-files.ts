/**
 * Files of this machine that a window may open. Each has an id; paths never cross. The sample and files named at the start are
 * offered in the window; a file that a person drops on the Electron window or picks in a dialog is known by its id alone.
 */
import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import type { Grant } from '../contract/app-types.ts';
import { AppError } from '../contract/errors.ts';

export type GrantedFile = Grant & { path: string };

/** A window that is open for weeks: what was given first is forgotten first. */
const maxGiven = 5000;

export class Grants {
  readonly #offered: GrantedFile[];
  readonly #given = new Map<string, GrantedFile>();

  /** `given`: to the window, by an app host that ended. */
  constructor(offered: readonly GrantedFile[], given: readonly GrantedFile[] = []) {
    this.#offered = [...offered];
    for (const file of given) this.#keep(file);
  }

  /** A file that was named by a second start: shown with those of the first. */
  offer(path: string): void {
    if (this.#offered.length < maxGiven && this.#offered.every((file) => file.path !== path))
      this.#offered.push(grantedFile(path));
  }

  /** What the window may show by itself. */
  offered(): Grant[] {
    return this.#offered.map(withoutPath);
  }

  /** Only for a path that came from the system itself: a drop, a dialog, the command line. */
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
