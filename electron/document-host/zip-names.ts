/** Finds the entry of an archive that a reference in it means, also if they are spelled differently. */
import { posix } from 'node:path';

export class ZipNames {
  readonly #exact: ReadonlySet<string>;
  readonly #alike = new Map<string, string>(); // comparable name to entry name

  constructor(names: readonly string[]) {
    this.#exact = new Set(names);
    for (const name of names) this.#alike.set(comparable(name), name);
  }

  /** `from`: the entry with the reference. The reference is only looked up in the archive, so "../.." is harmless. */
  find(from: string, reference: string): string | undefined {
    for (const path of [reference.replace(/#.*$/s, ''), reference.replace(/[?#].*$/s, '')]) {
      if (path === '') continue;
      const base = path.startsWith('/') ? '' : posix.dirname(from);
      // First as written, then decoded ("%20" as a space): archives have one or the other.
      for (const spelling of [path, decoded(path)]) {
        const name = posix.normalize(posix.join(base, spelling)).replace(/^\//, '');
        if (this.#exact.has(name)) return name;
      }
      const alike = this.#alike.get(comparable(posix.normalize(posix.join(base, decoded(path)))));
      if (alike !== undefined) return alike;
    }
    return undefined;
  }
}

/** A form in which equivalent names are equal: without escapes, differences of accents' encoding, case and slashes. */
function comparable(name: string): string {
  return decoded(name).replaceAll('\\', '/').replace(/^\//, '').normalize('NFC').toLowerCase();
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // "%" not followed by two digits: a name written unescaped
  }
}
