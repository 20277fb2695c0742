/**
 * Is a model file there, and is it the one it should be? The embedded model's size and SHA-256 are known; a damaged copy is
 * refused before anything reads it. The verdict is remembered by time and size, so that it costs 0.3 s once.
 */
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readFileSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { AppError } from '../contract/errors.ts';

const catalogueSchema = z.strictObject({
  about: z.string(),
  models: z
    .array(
      z.strictObject({
        file: z.string(),
        name: z.string(),
        size: z.int().positive(),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        licence: z.string(),
        context: z.int().positive(),
        family: z.string(),
      }),
    )
    .min(1),
});
export type CatalogueModel = z.infer<typeof catalogueSchema>['models'][number];

const root = fileURLToPath(new URL('../..', import.meta.url));
export const modelsDir = join(root, 'assets', 'models');
const defaultCacheFile = join(root, '.cache', 'checked-models.json');

export function embeddedModels(): CatalogueModel[] {
  return catalogueSchema.parse(JSON.parse(readFileSync(join(modelsDir, 'models.json'), 'utf8'))).models;
}

export interface CheckOptions {
  dir?: string;
  catalogue?: CatalogueModel[];
  cacheFile?: string;
}

const embeddedHint = (path: string) =>
  dirname(resolve(path)) === modelsDir ? ' Get the embedded model again with: git checkout -- assets/models' : '';

/** The file's status, or a sentence that says why it cannot be a model. */
function statModel(path: string): Stats {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new AppError('MODEL_MISSING', `There is no model file at ${path}.${embeddedHint(path)}`);
    throw new AppError('IO', `The model file ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  if (!stats.isFile()) throw new AppError('MODEL_MISSING', `${path} is not a model file.`);
  return stats;
}

/** Throws MODEL_MISSING, MODEL_TRUNCATED or MODEL_CHECKSUM. Other people's models are only looked for. */
export async function checkModel(path: string, options: CheckOptions = {}): Promise<void> {
  const file = resolve(path);
  const stats = statModel(file);
  const dir = resolve(options.dir ?? modelsDir);
  if (dirname(file) !== dir) return;
  const known = (options.catalogue ?? embeddedModels()).find((model) => join(dir, model.file) === file);
  if (!known) return;
  if (stats.size < known.size) {
    throw new AppError(
      'MODEL_TRUNCATED',
      `The embedded model ${known.file} has ${stats.size} bytes instead of ${known.size}: it was cut short. ` +
        'Get it again with: git checkout -- assets/models',
    );
  }
  const cacheFile = options.cacheFile ?? defaultCacheFile;
  const verdict = `${known.sha256} ${stats.size} ${stats.mtimeMs}`;
  const cache = readCache(cacheFile);
  if (cache[file] === verdict) return;
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash);
  const digest = hash.digest('hex');
  if (digest !== known.sha256) {
    throw new AppError(
      'MODEL_CHECKSUM',
      `The embedded model ${known.file} is damaged: its SHA-256 is ${digest.slice(0, 16)}…, it should be ` +
        `${known.sha256.slice(0, 16)}…. Get it again with: git checkout -- assets/models`,
    );
  }
  writeCache(cacheFile, { ...cache, [file]: verdict });
}

function readCache(file: string): Record<string, string> {
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}

function writeCache(file: string, cache: Record<string, string>): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(cache));
  } catch {
    // A read-only installation checks every time.
  }
}
