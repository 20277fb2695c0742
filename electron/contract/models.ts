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

const modelFileShape = {
  url: z.string().max(2000).refine(isDownloadAddress, 'must begin with https://'),
  fileName: modelFileNameSchema,
  /** null: what the server declares counts, when it is fetched. */
  bytes: z.int().min(1024).nullable().default(null),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable()
    .default(null),
};

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
  ...modelFileShape,
  /** Of a model in several files: the further ones, in order. */
  more: z.array(z.strictObject(modelFileShape)).max(999).default([]),
  /** What the architecture is called in its header; null: not known before it is here. So with the facts below, which its header tells for sure. */
  family: z.string().trim().min(1).max(40).nullable().default(null),
  contextTokens: z.int().min(1).max(16_777_216).nullable().default(null),
  weightType: z.string().trim().min(1).max(20),
  /** What a token's KV rows take follows from these three: of layers that see the whole text. */
  layers: z.int().min(1).max(1024).nullable().default(null),
  kvHeads: z.int().min(1).max(1024).nullable().default(null),
  headDim: z.int().min(1).max(4096).nullable().default(null),
  /** Of all files, where the size of one is not known: for telling whether it fits. */
  aboutBytes: z.int().min(1024).nullable().default(null),
});
export type CatalogueModel = z.infer<typeof catalogueModelSchema>;
export type CatalogueFile = Pick<CatalogueModel, 'url' | 'fileName' | 'bytes' | 'sha256'>;

export const filesOfModel = ({ url, fileName, bytes, sha256, more }: CatalogueModel): CatalogueFile[] => [
  { url, fileName, bytes, sha256 },
  ...more,
];

/** undefined: the size of one of its files is not known. */
export function modelBytes(model: CatalogueModel): number | undefined {
  const sizes = filesOfModel(model).map(({ bytes }) => bytes);
  return sizes.some((bytes) => bytes === null)
    ? undefined
    : sizes.reduce((sum: number, bytes) => sum + (bytes ?? 0), 0);
}

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
  /** The architecture. */
  family: z.string().nullable(),
  contextTokens: count.nullable(),
  /** K and V of one token, in f16, in all layers that see the whole text. */
  kvBytesPerToken: z.number().nonnegative().nullable(),
  weightType: z.string().nullable(),
  /** Whose word the SHA-256 is that a download is compared with: its entry's, or the server's own; null: none is fetched. */
  hashFrom: z.enum(['catalogue', 'server']).nullable(),
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
  /** Folders of one's own whose models are listed. */
  folders: z.array(z.object({ id: modelIdSchema, name: z.string() })),
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
  /** Size or SHA-256 are what the server declares. */
  isDeclared: z.boolean(),
});
export type Download = z.infer<typeof downloadSchema>;

/** A model of a repository that can be chosen: one file, or one in parts. Sizes and SHA-256 are what the repository declares. */
export const repositoryModelSchema = z.object({
  /** Its first file, within the repository. */
  path: z.string().min(1).max(500),
  /** As its file name says: Q4_K_M; or the file's name. */
  quantisation: z.string(),
  bytes: count,
  parts: z.int().min(1),
});
export const repositorySchema = z.object({
  repository: z.string(),
  /** The commit at which it was looked at, and which is fetched. */
  revision: z.string(),
  licence: z.string().nullable(),
  family: z.string().nullable(),
  contextTokens: count.nullable(),
  models: z.array(repositoryModelSchema),
  /** The one that the address named. */
  named: z.string().nullable(),
});
export type Repository = z.infer<typeof repositorySchema>;

/** A folder of the machine that RocketDoc runs on, as it is looked through for models. Paths stay there: folders and files have ids. */
export const folderListSchema = z.object({
  name: z.string(),
  grantId: z.uuid(),
  parentGrantId: z.uuid().nullable(),
  folders: z.array(z.object({ name: z.string(), grantId: z.uuid() })),
  /** Model files; those of one model in several files stand once. */
  models: z.array(z.object({ name: z.string(), grantId: z.uuid(), bytes: count })),
  /** More were there than are told. */
  isCut: z.boolean(),
});
export type FolderList = z.infer<typeof folderListSchema>;
