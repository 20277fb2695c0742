/**
 * The SHA-256 of every native file in a package, listed when it was packed (list-native-files.mjs) and looked at
 * before such a file is loaded. Sources have no list: what is there was installed or built on this machine.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../electron/contract/errors.ts';
import { isNativeFile } from './list-native-files.mjs';

export interface NativeFiles {
  /** What names in the list are relative to. */
  readonly root: string;
  /** Whether there is a list: this is a packed RocketDoc. */
  readonly isPacked: boolean;
  /**
   * Each path is a file or a folder. Throws NATIVE_MISSING where a native file there is not the one that was packed, or was
   * added; one that is missing is for the loader to find out. Looks at each file once. Without a list everything passes.
   */
  check(paths: readonly string[]): void;
}

/** `root`: of the project, or in a package the folder beside the archive; the list itself lies in the archive. */
export function nativeFilesOf(root: string): NativeFiles {
  const list = readList(join(root.replace(/\bapp\.asar\.unpacked$/, 'app.asar'), 'out', 'main', 'native-files.json'));
  const nameOf = (path: string) => relative(realpathSync(root), realpathSync(path)).split(sep).join('/');
  const seen = new Set<string>();
  const checkFile = (path: string, name: string) => {
    if (seen.has(name)) return;
    const expected = list?.get(name);
    if (expected === undefined) throw changed(path, 'did not come with it');
    let actual: string;
    try {
      actual = sha256(path);
    } catch (error) {
      throw changed(path, 'cannot be read', error);
    }
    if (actual !== expected) throw changed(path, 'is not the one that was packed: its checksum differs');
    seen.add(name);
  };
  return {
    root,
    isPacked: list !== undefined,
    check(paths) {
      if (!list) return;
      for (const path of paths) for (const file of filesBelow(path)) checkFile(file, nameOf(file));
    },
  };
}

/** Of this RocketDoc. */
export const nativeFiles = nativeFilesOf(join(dirname(fileURLToPath(import.meta.url)), '..'));

function readList(file: string): Map<string, string> | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
}

/** Native files, and links, which may lead to some; a path that is not there has none. */
function filesBelow(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats ? [path] : [];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isSymbolicLink() || (entry.isFile() && isNativeFile(entry.name)))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Piece by piece: the GPU's library has 150 MB. */
function sha256(path: string): string {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(1 << 20);
  const file = openSync(path, 'r');
  try {
    for (let length = readSync(file, piece); length > 0; length = readSync(file, piece))
      hash.update(piece.subarray(0, length));
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}

function changed(path: string, how: string, cause?: unknown): AppError {
  const message = `RocketDoc was changed after it was packed: ${basename(path)} ${how}. It is not loaded. Install RocketDoc again.`;
  return new AppError('NATIVE_MISSING', message, { cause });
}
