/**
 * Checks that a model file exists, that it is a GGUF file, and that an embedded model has its known size and SHA-256; a damaged copy is
 * refused before anything reads it. The result is stored for the state of the file (size, time, inode), so that a file is hashed once and
 * not at every start.
 */
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readFileSync, type Stats, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { AppError } from '../contract/errors.ts';
import { type EmbeddedModel, embeddedModels, modelsDir } from './embedded-models.ts';
import { checkKind } from './file-kind.ts';
import { type ModelPart, statModel } from './model-files.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** In the installation's own folder, or in the person's home where that folder cannot be written. */
const defaultCacheFiles = [join(root, '.cache'), join(homedir(), '.rocketdoc')].map((dir) =>
  join(dir, 'checked-models.json'),
);

export interface CheckOptions {
  dir?: string;
  embedded?: EmbeddedModel[];
  /** The first of these files that can be written holds the results. */
  cacheFiles?: readonly string[];
}

const getAgain = 'Get it again with: git checkout -- assets/models';

/**
 * Returns the files of a model in order, after checking that they exist and begin like GGUF files. Throws MODEL_MISSING, MODEL_FORMAT or
 * IO.
 */
export async function findModel(path: string, dir = modelsDir): Promise<ModelPart[]> {
  const parts = statModel(path, isIn(path, dir) ? ` ${getAgain}` : '');
  for (const part of parts) await checkKind(part.path);
  return parts;
}

const isIn = (path: string, dir: string) => dirname(resolve(path)) === dir;

/** Like findModel, and checks size and SHA-256 of an embedded model: MODEL_TRUNCATED, MODEL_CHECKSUM. */
export async function checkModel(path: string, options: CheckOptions = {}): Promise<ModelPart[]> {
  const dir = resolve(options.dir ?? modelsDir);
  const parts = await findModel(path, dir);
  if (!isIn(path, dir)) return parts;
  const known = new Map(
    (options.embedded ?? embeddedModels(dir)).flatMap(({ files }) => files.map((file) => [join(dir, file.file), file])),
  );
  for (const { path: file, stats } of parts) {
    const wanted = known.get(file);
    if (wanted) await checkBytes(file, stats, wanted, options.cacheFiles ?? defaultCacheFiles);
  }
  return parts;
}

async function checkBytes(
  path: string,
  stats: Stats,
  { file, size, sha256 }: EmbeddedModel['files'][number],
  cacheFiles: readonly string[],
): Promise<void> {
  if (stats.size !== size) {
    const what = stats.size < size ? 'it was cut short' : 'it is another file';
    throw new AppError(
      stats.size < size ? 'MODEL_TRUNCATED' : 'MODEL_CHECKSUM',
      `The embedded model ${file} has ${stats.size} bytes instead of ${size}: ${what}. ${getAgain}`,
    );
  }
  const verdict = `${sha256} ${stats.size} ${stats.mtimeMs} ${stats.ino}`;
  if (cacheFiles.some((cacheFile) => readCache(cacheFile)[path] === verdict)) return;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  const digest = hash.digest('hex');
  if (digest !== sha256) {
    throw new AppError(
      'MODEL_CHECKSUM',
      `The embedded model ${file} is damaged: its SHA-256 is ${digest.slice(0, 16)}…, it should be ` +
        `${sha256.slice(0, 16)}…. ${getAgain}`,
    );
  }
  // If no cache file can be written, the model is hashed at every start.
  cacheFiles.find((cacheFile) => writeCache(cacheFile, { ...readCache(cacheFile), [path]: verdict }));
}

function readCache(file: string): Record<string, string> {
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}

function writeCache(file: string, cache: Record<string, string>): boolean {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(cache));
    return true;
  } catch {
    return false;
  }
}
