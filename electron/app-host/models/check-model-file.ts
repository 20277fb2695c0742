/** Checks that a model's file exists and has the size and SHA-256 of the catalogue. */

import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AppError, toAppError } from '../../contract/errors.ts';
import { type CatalogueModel, filesOfModel, modelBytes } from '../../contract/models.ts';
import { count } from '../../contract/number-words.ts';
import { partPaths, statModel } from '../../engine-host/model-files.ts';
import type { ModelStore } from '../library/model-store.ts';
import { stampOf, withoutFolders } from './model-headers.ts';
import type { RegisteredModel } from './registered-models.ts';

/** Rejects with the sentence that is shown. A hash that matches is stored and not computed again. */
export async function checkModelFile(
  store: ModelStore,
  { path, catalogued }: RegisteredModel,
  title: string,
): Promise<void> {
  const stamp = stampOf(path);
  if (!stamp)
    throw new AppError('MODEL_MISSING', `${title} is not there any more: the file ${basename(path)} cannot be read.`);
  if (!catalogued) return;
  const bytes = modelBytes(catalogued);
  if (bytes !== undefined && stamp.bytes !== bytes)
    throw new AppError('MODEL_TRUNCATED', otherSize(catalogued, bytes, stamp.bytes));
  // The first file's hash is stored for the state of all files. If the catalogue has none, the server's was compared at the download.
  const first = catalogued.sha256;
  if (first === null || store.sha256(path, stamp) === first) return;
  for (const file of filesOfModel(catalogued)) {
    const sha256 = await sha256Of(join(dirname(path), file.fileName));
    if (file.sha256 === null || sha256 === file.sha256) continue;
    throw new AppError(
      'MODEL_CHECKSUM',
      `${title} is not the publisher's file: the SHA-256 of ${file.fileName} is ${sha256.slice(0, 16)}…, it should be ` +
        `${file.sha256.slice(0, 16)}…. Delete it and download it again.`,
    );
  }
  store.note(path, stamp, { sha256: first });
}

/** For a model in several files of which some are present: a sentence on the missing one. */
export function incomplete(path: string): string | null {
  if (!partPaths(path).some((part) => existsSync(part))) return null;
  try {
    statModel(path);
    return null;
  } catch (error) {
    return withoutFolders(toAppError(error).message, path);
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest('hex');
}

export function otherSize({ title }: CatalogueModel, bytes: number, has: number): string {
  return `${title} has ${count(has)} bytes instead of ${count(bytes)}. Delete it and download it again.`;
}
