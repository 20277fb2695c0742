// Before RocketDoc is packed: the SHA-256 of every native file that may go into the package, in native/build/package, from where
// electron-builder.yml takes the list into the archive. native-files.ts looks at it before such a file is loaded. Node built-ins only.
// @ts-check
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What a dynamic loader takes. @param {string} name */
export const isNativeFile = (name) => /\.(node|so|dll|dylib|exe|metallib)(\.\d+)*$/i.test(name);

/** What electron-builder.yml takes of our own build: the addon and the CUDA kernels, nothing of the lab or of tests. */
const built = 'native/build/Release';
const isOfProduct = (/** @type {string} */ name) => /^(rocketdoc\.node|(lib)?rocketdoc_kernels\.(so|dll))$/.test(name);

/** Folders that electron-builder.yml takes native files from; of those for other systems it takes none. */
const folders = [
  built,
  'node_modules/@photostructure/sqlite/prebuilds',
  'node_modules/@node-llama-cpp',
  'node_modules/@reflink',
];

/** Paths below the project, with slashes, and the checksum of each. @returns {Record<string, string>} */
export function listNativeFiles() {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && isNativeFile(entry.name) && (folder !== built || isOfProduct(entry.name)))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const sum = (/** @type {string} */ file) => createHash('sha256').update(readFileSync(file)).digest('hex');
  return Object.fromEntries(files.sort().map((file) => [relative(root, file).split(sep).join('/'), sum(file)]));
}

/** electron-builder's hook. */
export default function beforePack() {
  const dir = join(root, 'native', 'build', 'package');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'native-files.json'), `${JSON.stringify(listNativeFiles(), null, 2)}\n`);
}
