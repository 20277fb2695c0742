/** Models that a person can choose: what the catalogue says of one, where its file is, whether it fits, its download. Sizes in bytes. */
import { z } from 'zod';
import { embeddedModelId } from './embedded-model.ts';

const count = z.int().nonnegative();

/**
 * The id of the default model. The other models that come with RocketDoc have ids that begin with it; further ids come from the catalogue,
 * or are a digest of the file's path.
 */
export { embeddedModelId };
export const modelIdSchema = z.string().regex(/^(?!(con|prn|aux|nul|com\d|lpt\d)(\.|$))[a-z0-9][a-z0-9._-]{0,63}$/);

/** Names that Windows reserves for devices, with any extension. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** A catalogue's file name must be a single path component on every system. */
export const modelFileNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,119}\.gguf$/, 'must be a plain file name that ends with .gguf')
  .refine((name) => !name.includes('..') && !reserved.test(name), 'is not a name that every system takes');

const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

/** HTTPS, or HTTP from this machine itself, for a mirror of one's own. */
export function isDownloadAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopbackNames.includes(url.hostname));
}

const modelFileShape = {
  url: z.string().max(2000).refine(isDownloadAddress, 'must begin with https://'),
  fileName: modelFileNameSchema,
  /** null: the download is checked against what the server declares. */
  bytes: z.int().min(1024).nullable().default(null),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable()
    .default(null),
};

const layerCount = z.int().min(1).max(1024);
const kvHeads = z.int().min(1).max(1024);
const headDim = z.int().min(1).max(4096);

/** A model that can be downloaded: an entry of assets/models/catalogue.json, or of the person's catalogue.json in the models folder. */
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
  /** For a model in several files: the further ones, in order. */
  more: z.array(z.strictObject(modelFileShape)).max(999).default([]),
  /** The architecture's name in the file's header; null, here and below: not known until the file is here and its header is read. */
  family: z.string().trim().min(1).max(40).nullable().default(null),
  contextTokens: z.int().min(1).max(16_777_216).nullable().default(null),
  weightType: z.string().trim().min(1).max(20),
  /** These three give the KV bytes of a token: layers that keep the whole text, KV heads, width of a head. */
  layers: layerCount.nullable().default(null),
  kvHeads: kvHeads.nullable().default(null),
  headDim: headDim.nullable().default(null),
  /** The other layers that keep rows, by their sliding window in tokens; KV heads and width only where they differ from those above. */
  windows: z
    .array(
      z.strictObject({
        layers: layerCount,
        tokens: z.int().min(1).max(16_777_216),
        kvHeads: kvHeads.nullable().default(null),
        headDim: headDim.nullable().default(null),
      }),
    )
    .max(16)
    .default([]),
  /** Layers that see the whole text in the rows of another layer, and keep none: each chooses rows for itself. */
  sharingLayers: z.int().min(0).max(1024).default(0),
  /** Of all layers that remember a text of any length in a state of one size, and keep no rows. */
  stateBytes: z.int().min(0).default(0),
  /** About how large all files are together, where one size is not known: for estimating whether the model fits. */
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
 * Whether memory has room for the model and a document as long as its context. q8_0: with the document cache in q8_0; shorter: with a
 * document of at most `tokens`; no: not with any useful document.
 */
export const modelFitSchema = z.object({
  level: z.enum(['fits', 'q8_0', 'shorter', 'no']),
  /** Tokens of the document that `need` is for. */
  tokens: count,
  need: z.number().nonnegative(),
  available: z.number().nonnegative(),
  /** True: estimated from the catalogue's numbers; false: planned by the engine from the file itself. */
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
  /** Bytes of K and V of one token in f16, over all layers that see the whole text. */
  kvBytesPerToken: z.number().nonnegative().nullable(),
  weightType: z.string().nullable(),
  /**
   * Where the SHA-256 comes from that a download is compared with: the catalogue's entry, or the server; null: the model is not downloaded.
   */
  hashFrom: z.enum(['catalogue', 'server']).nullable(),
  /** file: a person's own file, opened where it is. */
  source: z.enum(['embedded', 'catalogue', 'file']),
  /** State of its file. unread: its header has not been read yet; unusable: `problem` says why. */
  state: z.enum(['here', 'absent', 'missing', 'unread', 'unusable']),
  problem: z.string().nullable(),
  fit: modelFitSchema.nullable(),
  /** A downloaded file is deleted; one that was opened in place is only forgotten. */
  removal: z.enum(['delete', 'forget']).nullable(),
});
export type ModelEntry = z.infer<typeof modelEntrySchema>;

export const modelListSchema = z.object({
  models: z.array(modelEntrySchema),
  /** The person's folders whose models are listed. */
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
  /** The size or the SHA-256 is what the server declares. */
  isDeclared: z.boolean(),
});
export type Download = z.infer<typeof downloadSchema>;

/** A model of a repository that can be chosen: one file, or one in parts. Sizes and SHA-256 are what the repository declares. */
export const repositoryModelSchema = z.object({
  /** The path of its first file in the repository. */
  path: z.string().min(1).max(500),
  /** The quantisation in its file name, such as Q4_K_M; else the file's name. */
  quantisation: z.string(),
  bytes: count,
  parts: z.int().min(1),
});
export const repositorySchema = z.object({
  repository: z.string(),
  /** The commit that was looked up, from which files are fetched. */
  revision: z.string(),
  licence: z.string().nullable(),
  family: z.string().nullable(),
  contextTokens: count.nullable(),
  models: z.array(repositoryModelSchema),
  /** The path of the file that the address named. */
  named: z.string().nullable(),
});
export type Repository = z.infer<typeof repositorySchema>;

/** A folder of the machine that RocketDoc runs on, shown to look for models. Paths do not reach the window: folders and files have ids. */
export const folderListSchema = z.object({
  name: z.string(),
  grantId: z.uuid(),
  parentGrantId: z.uuid().nullable(),
  folders: z.array(z.object({ name: z.string(), grantId: z.uuid() })),
  /** Model files; a model in several files is listed once. */
  models: z.array(z.object({ name: z.string(), grantId: z.uuid(), bytes: count })),
  /** The folder has more entries than the list. */
  isCut: z.boolean(),
});
export type FolderList = z.infer<typeof folderListSchema>;
