/** Models as a person chooses among them: what the catalogue says of one, where its file is, what fits, what is on its way. Sizes in bytes. */
import { z } from 'zod';
import { embeddedModelId } from './embedded-model.ts';

const count = z.int().nonnegative();

/** The default model. The other ones that come with RocketDoc have its id before their own; others are named by the catalogue, or by a digest of where their file lies. */
export { embeddedModelId };
export const modelIdSchema = z.string().regex(/^(?!(con|prn|aux|nul|com\d|lpt\d)(\.|$))[a-z0-9][a-z0-9._-]{0,63}$/);

/** Names that Windows keeps for devices, with any extension. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** One path component on every system, whatever the catalogue's author meant by it. */
export const modelFileNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,119}\.gguf$/, 'must be a plain file name that ends with .gguf')
  .refine((name) => !name.includes('..') && !reserved.test(name), 'is not a name that every system takes');

const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

/** Encrypted, or from this machine itself: a mirror of one's own. */
export function isDownloadAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopbackNames.includes(url.hostname));
}

/** A model that can be fetched: one entry of assets/models/catalogue.json, or of catalogue.json in the models folder of one's own data. */
export const catalogueModelSchema = z.strictObject({
  id: modelIdSchema.refine(
    (id) => id.split('-')[0] !== embeddedModelId && !id.startsWith('file-'),
    'is taken by RocketDoc itself',
  ),
  title: z.string().trim().min(1).max(80),
  publisher: z.string().trim().min(1).max(80),
  licence: z.string().trim().min(1).max(80),
  /** What it is good for, in one sentence. */
  note: z.string().trim().max(160).default(''),
  url: z.string().max(2000).refine(isDownloadAddress, 'must begin with https://'),
  fileName: modelFileNameSchema,
  bytes: z.int().min(1024),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** As its publisher states it; the file's header has the last word. */
  contextTokens: z.int().min(1).max(16_777_216),
  weightType: z.string().trim().min(1).max(20),
  /** What a token's KV rows take follows from these three. */
  layers: z.int().min(1).max(1024),
  kvHeads: z.int().min(1).max(1024),
  headDim: z.int().min(1).max(4096),
});
export type CatalogueModel = z.infer<typeof catalogueModelSchema>;

export const catalogueSchema = z.strictObject({
  about: z.string().default(''),
  models: z.array(z.unknown()).max(1000),
});

/**
 * Whether a document as long as the model can read has room beside it. q8_0: with the document cache in q8_0; shorter: with a
 * document of at most `tokens`; no: with none worth reading.
 */
export const modelFitSchema = z.object({
  level: z.enum(['fits', 'q8_0', 'shorter', 'no']),
  /** Tokens of the document that `need` is for. */
  tokens: count,
  need: z.number().nonnegative(),
  available: z.number().nonnegative(),
  /** Reckoned from the catalogue's numbers; else planned by the engine from the file itself. */
  isEstimate: z.boolean(),
});
export type ModelFit = z.infer<typeof modelFitSchema>;

export const modelEntrySchema = z.object({
  id: modelIdSchema,
  title: z.string(),
  publisher: z.string().nullable(),
  licence: z.string().nullable(),
  note: z.string(),
  fileName: z.string(),
  bytes: count,
  contextTokens: count.nullable(),
  weightType: z.string().nullable(),
  /** file: lies where a person keeps it and is opened there. */
  source: z.enum(['embedded', 'catalogue', 'file']),
  /** Of its file. unread: its header has not been looked at yet; unusable: `problem` says why. */
  state: z.enum(['here', 'absent', 'missing', 'unread', 'unusable']),
  problem: z.string().nullable(),
  fit: modelFitSchema.nullable(),
  /** A downloaded file is deleted; one that was opened in place is only forgotten. */
  removal: z.enum(['delete', 'forget']).nullable(),
});
export type ModelEntry = z.infer<typeof modelEntrySchema>;

export const modelListSchema = z.object({
  models: z.array(modelEntrySchema),
  /** What is wrong with entries that a person added to the catalogue. */
  problems: z.array(z.string()),
});
export type ModelList = z.infer<typeof modelListSchema>;

export const downloadSchema = z.object({
  modelId: modelIdSchema,
  /** checking: every byte is there and is compared with the publisher's SHA-256. */
  phase: z.enum(['downloading', 'checking', 'paused', 'failed']),
  done: count,
  total: count,
  bytesPerSecond: z.number().nonnegative(),
  secondsLeft: z.number().nonnegative().nullable(),
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type Download = z.infer<typeof downloadSchema>;
