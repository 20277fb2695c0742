// Decides whether something must be built again: a stamp file has the hash of what it was built from.
// @ts-check
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/**
 * @param {string} file
 * @returns {string | undefined} undefined when the file cannot be read
 */
export function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Every file below `dir` that `take` accepts, sorted, so that the hash does not depend on the file system's order.
 * @param {string} dir
 * @param {(relativePath: string) => boolean} take false for a folder skips what is in it
 * @returns {string[]}
 */
export function filesBelow(dir, take) {
  /** @type {string[]} */
  const found = [];
  /** @param {string} folder */
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      const name = relative(dir, path).split(sep).join('/');
      if (entry.isDirectory()) {
        if (take(`${name}/`)) walk(path);
      } else if (take(name)) {
        found.push(path);
      }
    }
  };
  walk(dir);
  return found.sort();
}

/**
 * One hash over names and contents, not times, which a fresh checkout changes.
 * @param {string} base names are taken relative to it
 * @param {string[]} files
 * @param {string[]} [words] further inputs, such as versions and flags
 */
export function hashOf(base, files, words = []) {
  const hash = createHash('sha256');
  for (const word of words) hash.update(`${word}\n`);
  for (const file of files) {
    hash.update(`${relative(base, file).split(sep).join('/')}\n`);
    hash.update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** @param {string} stamp @param {string} hash */
export function isFresh(stamp, hash) {
  return readText(stamp)?.trim() === hash;
}

/** @param {string} stamp @param {string} hash */
export function writeStamp(stamp, hash) {
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, `${hash}\n`);
}

/**
 * Whether the packages that npm has installed are those of package-lock.json. A package that is optional, or for another system, may be
 * missing.
 * @param {string | undefined} wanted text of package-lock.json
 * @param {string | undefined} installed text of node_modules/.package-lock.json
 */
export function lockIsInstalled(wanted, installed) {
  if (wanted === undefined || installed === undefined) return false;
  try {
    /** @type {Record<string, { version?: string, optional?: boolean, devOptional?: boolean, link?: boolean }>} */
    const want = JSON.parse(wanted).packages;
    /** @type {Record<string, { version?: string }>} */
    const have = JSON.parse(installed).packages;
    return Object.entries(want).every(([path, entry]) => {
      if (path === '' || entry.link) return true;
      const there = have[path];
      if (there === undefined) return entry.optional === true || entry.devOptional === true;
      return there.version === entry.version;
    });
  } catch {
    return false;
  }
}
