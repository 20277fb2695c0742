/** The models that come with RocketDoc: assets/models/models.json. The first one is the default. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { AppError } from '../contract/errors.ts';
import { modelIdSchema } from '../contract/models.ts';

const listSchema = z.strictObject({
  about: z.string(),
  models: z
    .array(
      z.strictObject({
        id: modelIdSchema,
        name: z.string().min(1),
        /** What it is good for, in one sentence. */
        note: z.string(),
        publisher: z.string().min(1),
        licence: z.string().min(1),
        /** From which published file it was made, and how; null: it is the publisher's own file. */
        made: z
          .strictObject({
            repository: z.string(),
            revision: z.string().regex(/^[0-9a-f]{40}$/),
            file: z.string(),
            sha256: z.string().regex(/^[0-9a-f]{64}$/),
            changes: z.string(),
          })
          .nullable(),
        context: z.int().positive(),
        /** The parts in their order; most models are one file. */
        files: z
          .array(
            z.strictObject({
              file: z.string(),
              size: z.int().positive(),
              sha256: z.string().regex(/^[0-9a-f]{64}$/),
            }),
          )
          .min(1),
      }),
    )
    .min(1),
});
export type EmbeddedModel = z.infer<typeof listSchema>['models'][number];

export const modelsDir = fileURLToPath(new URL('../../assets/models', import.meta.url));

export function embeddedModels(dir = modelsDir): EmbeddedModel[] {
  return listSchema.parse(JSON.parse(readFileSync(join(dir, 'models.json'), 'utf8'))).models;
}

export function defaultModel(): EmbeddedModel {
  const [model] = embeddedModels();
  if (!model) throw new AppError('INTERNAL', 'assets/models/models.json names no model.');
  return model;
}

/** The model's first file, with which it is opened. */
export const embeddedPath = ({ files }: EmbeddedModel, dir = modelsDir): string => join(dir, files[0]?.file ?? '');

/** A hash that identifies the exact bytes of all its files. */
export function embeddedHash({ files }: EmbeddedModel): string {
  const [first, ...more] = files.map(({ sha256 }) => sha256);
  if (more.length === 0) return first ?? '';
  return createHash('sha256')
    .update([first, ...more].join(' '))
    .digest('hex');
}
