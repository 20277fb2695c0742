// Checks that only native/open_file.cpp opens files: paths are UTF-8 in the native code, Windows needs UTF-16, and that file converts them.
// @ts-check
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { root } from './paths.mjs';
import { filesBelow } from './staleness.mjs';

const opener = 'open_file.cpp';

/** @type {{ call: RegExp, instead: string }[]} */
const forbidden = [
  { call: /\b(_?w?fopen|freopen|fopen_s)\s*\(/, instead: 'open_to_read, open_to_append or create_private' },
  {
    call: /\b(CreateFile|CreateFileMapping|LoadLibrary|LoadLibraryEx)A\b/,
    instead: 'the function whose name ends in W',
  },
  { call: /\bstd::(basic_)?[io]?fstream\b/, instead: 'open_to_read' },
  { call: /\bu8path\b/, instead: 'path_from_utf8' },
  { call: /\b(filename|extension|stem|parent_path)\(\)\.string\(\)/, instead: 'utf8_from_path' },
  {
    call: /\b(directory_iterator|space|remove|rename|absolute|exists)\((dir|path|name)\b/,
    instead: 'path_from_utf8 around it',
  },
];

/**
 * @param {string} file path below native/, with slashes
 * @param {string} text
 * @returns {string[]} one sentence for each line that opens a file past open_file.cpp
 */
export function wrongOpens(file, text) {
  if (file === opener) return [];
  return text
    .split('\n')
    .flatMap((line, i) =>
      forbidden
        .filter(({ call }) => call.test(line.replace(/\/\/.*$/, '')))
        .map(({ instead }) => `native/${file}:${i + 1} opens a file by a path that Windows misreads: use ${instead}`),
    );
}

/** Returns every such line of native/, and how many files were checked. */
export function checkOpens(nativeDir = join(root, 'native')) {
  const isSource = (/** @type {string} */ name) =>
    name.endsWith('/') ? !name.startsWith('build') : /\.(c|cc|cpp|cu|cuh|h)$/.test(name);
  const files = filesBelow(nativeDir, isSource);
  const wrong = files.flatMap((path) =>
    wrongOpens(relative(nativeDir, path).split(sep).join('/'), readFileSync(path, 'utf8')),
  );
  return { wrong, count: files.length };
}
