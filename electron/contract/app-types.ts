/** What the window shows: documents, chats and their turns, settings, the state of the engine. Sizes in bytes. */
import { z } from 'zod';
import { documentFormatSchema, pageSpanSchema, parseChoiceSchema, parseStepSchema } from './documents.ts';
import {
  answerReportSchema,
  countersSchema,
  memoryPlanSchema,
  memoryShortageSchema,
  openedModelSchema,
  pageUseSchema,
} from './engine-reports.ts';
import { importNoteSchema } from './import-note-schema.ts';
import { answerModeSchema, effortSchema, kvTypeSchema, rocketOptionsSchema } from './method.ts';
import { downloadSchema, modelIdSchema } from './models.ts';
import { ownChoiceSchema } from './settings.ts';

const count = z.int().nonnegative();
/** Milliseconds since 1970. */
const instant = z.number().nonnegative();
export const idSchema = z.string().regex(/^[0-9a-f-]{36}$/);

/** First and last page, counted from 0, both included. */
export const pageRangeSchema = z
  .strictObject({ from: count, to: count })
  .refine((range) => range.to >= range.from, 'the last page comes before the first');
export type PageRange = z.infer<typeof pageRangeSchema>;

export const licenceSchema = z.object({ name: z.string(), version: z.string(), licence: z.string(), text: z.string() });
export type Licence = z.infer<typeof licenceSchema>;
export const aboutSchema = z.object({ version: z.string(), licences: z.array(licenceSchema) });
export type About = z.infer<typeof aboutSchema>;

/** An error that no code of the window handled. */
export const windowFailureSchema = z.object({
  name: z.string().max(200),
  message: z.string().max(2000),
  stack: z.string().max(20_000),
});
export type WindowFailure = z.infer<typeof windowFailureSchema>;

export const failureSchema = z.object({
  code: z.string(),
  message: z.string(),
  /** Present where memory was short and the numbers are known. */
  shortage: memoryShortageSchema.optional(),
});
export type Failure = z.infer<typeof failureSchema>;

export const libraryDocumentSchema = z.object({
  id: idSchema,
  name: z.string(),
  fileName: z.string(),
  format: documentFormatSchema,
  fileBytes: count,
  pages: count,
  characters: count,
  /** null: there was no model to count with. */
  tokens: count.nullable(),
  chats: count,
  /** How many documents it was joined from; 0: it is one file. */
  joined: count,
  addedAt: instant,
  notes: z.array(importNoteSchema),
  /** How its file was read. */
  reading: parseChoiceSchema,
  /** An older RocketDoc read it: the reader of this one may get more from its file. */
  isOfOlderReader: z.boolean(),
});
export type LibraryDocument = z.infer<typeof libraryDocumentSchema>;

export const documentPageSchema = z.object({ label: z.string(), tokens: count, opening: z.string() });
export type DocumentPage = z.infer<typeof documentPageSchema>;

/** A document in which the search found something: in its name, or on these pages, the best first. */
export const searchHitSchema = z.object({
  documentId: idSchema,
  inName: z.boolean(),
  pages: z.array(
    z.object({
      /** Counted from 0. */
      number: count,
      label: z.string(),
      snippet: z.array(z.object({ text: z.string(), isHit: z.boolean() })),
    }),
  ),
  /** How many further pages have the words. */
  morePages: count,
});
export type SearchHit = z.infer<typeof searchHitSchema>;

export const addEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('parsing'), step: parseStepSchema, done: count, total: count }),
  z.object({ type: z.literal('counting') }),
  z.object({
    type: z.literal('done'),
    document: libraryDocumentSchema,
    /**
     * added: it is new. known: the library has it already. same-text: it was read anew, and only its notes changed. replaced: its new text
     * took the place of the old one. beside: the old text stays with its chats, and the new text is a document of its own.
     */
    outcome: z.enum(['added', 'known', 'same-text', 'replaced', 'beside']),
  }),
]);
export type AddEvent = z.infer<typeof addEventSchema>;

/**
 * A file that the app host may open by its id: the sample, files named at the start, files that a person picked. Paths never reach the
 * window.
 */
export const grantSchema = z.object({
  id: z.union([z.literal('sample'), idSchema]),
  name: z.string(),
  isSample: z.boolean(),
});
export type Grant = z.infer<typeof grantSchema>;

export const presetSchema = z.enum(['paper', 'coded']);

/**
 * How much of one memory a document would take. place gpu: the GPU's memory; ram: everything on a CPU, else the KV of a document that is
 * kept in RAM.
 */
export const memoryNeedSchema = z.object({
  place: z.enum(['gpu', 'ram']),
  needed: count,
  /** What is free now, plus what this document and the weights hold there already. */
  available: count,
  fits: z.boolean(),
});
export type MemoryNeed = z.infer<typeof memoryNeedSchema>;

/** Something that would make a document fit, and what it would then need. */
export const remedySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('pages'), range: pageRangeSchema, tokens: count }),
  z.object({
    type: z.literal('choice'),
    changes: ownChoiceSchema,
    memory: z.array(memoryNeedSchema),
    /** Bytes of the KV cache that an answer works on. */
    cache: count,
    fits: z.boolean(),
  }),
  /** Freeing other documents that are in memory; `bytes` is what they hold. */
  z.object({ type: z.literal('release'), documentIds: z.array(idSchema), bytes: count, fits: z.boolean() }),
]);
export type Remedy = z.infer<typeof remedySchema>;

/** Predicted from earlier answers on this machine; null where too little was measured. */
export const speedPredictionSchema = z.object({
  tokensPerSecond: z.number().positive().nullable(),
  firstTokenSeconds: z.number().positive().nullable(),
});
export type SpeedPrediction = z.infer<typeof speedPredictionSchema>;

/** What the next question would need and take with a choice. */
export const plannedSchema = z.object({ plan: memoryPlanSchema, speed: speedPredictionSchema });
export type Planned = z.infer<typeof plannedSchema>;

/** The largest budget within some bytes; null: not even the smallest fits, which would take `least`. */
export const budgetFitSchema = z.object({
  fit: z.object({ tokenBudget: rocketOptionsSchema.shape.tokenBudget, bytes: count }).nullable(),
  least: count,
});
export type BudgetFit = z.infer<typeof budgetFitSchema>;

/**
 * The disk space that a kept document would take, or takes. `problem`: why it cannot be kept. `keeps`: whether the settings keep documents.
 */
export const keptOnDiskSchema = z.object({
  bytes: count,
  isThere: z.boolean(),
  problem: z.string().nullable(),
  keeps: z.boolean(),
});
export type KeptOnDisk = z.infer<typeof keptOnDiskSchema>;

export const preflightSchema = z.object({
  documentTokens: count,
  /** Tokens kept free for the prompt's own words, the question and the answer. */
  roomTokens: count,
  contextTokens: count,
  modelName: z.string(),
  fitsContext: z.boolean(),
  fitsMemory: z.boolean(),
  /** null, and `memory` empty: the document does not fit the model's context. */
  plan: memoryPlanSchema.nullable(),
  memory: z.array(memoryNeedSchema),
  /** null: nothing was read with this model on this machine yet. */
  readSeconds: z.number().nullable(),
  speed: speedPredictionSchema,
  /** null when the document does not fit the model's context. */
  disk: keptOnDiskSchema.nullable(),
  remedies: z.array(remedySchema),
});
export type Preflight = z.infer<typeof preflightSchema>;

export const chatSchema = z.object({
  id: idSchema,
  documentId: idSchema,
  title: z.string(),
  createdAt: instant,
  turns: count,
  /** `revision` grows with each change of the questions and answers since the start, `draftRevision` with each change of the draft. */
  revision: count,
  draftRevision: count,
});
export type Chat = z.infer<typeof chatSchema>;

export const turnStateSchema = z.enum(['answering', 'done', 'stopped', 'failed']);

/** What one question asks for instead of what the settings say. */
export const askChoiceSchema = z.strictObject({
  mode: answerModeSchema.optional(),
  tokenBudget: rocketOptionsSchema.shape.tokenBudget.optional(),
  /** Tokens are sampled: taking the likeliest each time would give the same answer again. */
  sampled: z.boolean().optional(),
  /** The model thinks first, where its template has a choice. */
  thinking: z.boolean().optional(),
});
export type AskChoice = z.infer<typeof askChoiceSchema>;

/** A question and its answer. */
export const turnSchema = z.object({
  id: idSchema,
  chatId: idSchema,
  /** The turn it follows; null: it is a first question. Turns with the same parent are branches. */
  parentId: idSchema.nullable(),
  /** Among the turns with its parent, it is the one that is shown. */
  chosen: z.boolean(),
  choice: askChoiceSchema,
  question: z.string(),
  answer: z.string(),
  /**
   * What the model thought before the answer; empty: nothing. It is no part of the answer: it is not cited, and later prompts leave it out.
   */
  thinking: z.string(),
  state: turnStateSchema,
  failure: failureSchema.nullable(),
  report: answerReportSchema.omit({ type: true, answer: true, thinking: true }).nullable(),
  createdAt: instant,
});
export type Turn = z.infer<typeof turnSchema>;
export type TurnReport = NonNullable<Turn['report']>;

/** `page`: counted from 0 in the whole document, of which only some pages may have been read. */
export const mapPageSchema = pageUseSchema.extend({ page: count, opening: z.string() });
export type MapPage = z.infer<typeof mapPageSchema>;

/** Pages as spans of the whole text, in UTF-16 units. Each page is shown in blocks; `blocks` has where each begins. */
export const documentOutlineSchema = z.object({
  length: count,
  pages: z.array(
    pageSpanSchema.pick({ label: true, start: true, end: true, recognised: true }).extend({ blocks: z.array(count) }),
  ),
});
export type DocumentOutline = z.infer<typeof documentOutlineSchema>;

/** An answer that is being made: counters of its cache, and its map as plain numbers, page by page from `firstPage` on. */
export const liveCountersSchema = z.object({
  chatId: idSchema,
  documentId: idSchema,
  counters: countersSchema,
  firstPage: count,
  uses: z.array(pageUseSchema.pick({ kept: true, read: true, usual: true, parts: true })),
});
export type LiveCounters = z.infer<typeof liveCountersSchema>;

export const engineStateSchema = z.object({
  state: z.enum(['starting', 'ready', 'restarting', 'failed']),
  model: openedModelSchema.nullable(),
  /** Facts of the model's file that are known before it is loaded; `title` is the name that people know. */
  modelFile: z.object({ id: modelIdSchema, title: z.string(), bytes: count, licence: z.string() }),
  /** Presets that this engine and model can plan with. */
  presets: z.array(presetSchema),
  failure: failureSchema.nullable(),
  restarts: count,
});
export type EngineState = z.infer<typeof engineStateSchema>;

/** A GPU of this machine that was tried out; `failure` says why it cannot be used. */
export const gpuSchema = z.object({
  device: z.string(),
  name: z.string(),
  freeBytes: count,
  totalBytes: count,
  failure: z.string().nullable(),
});
export type Gpu = z.infer<typeof gpuSchema>;
/** `reason`: why there is no GPU. */
export const foundGpusSchema = z.object({ gpus: z.array(gpuSchema), reason: z.string().nullable() });
export type FoundGpus = z.infer<typeof foundGpusSchema>;

export const jobSchema = z.object({
  id: idSchema,
  kind: z.enum(['reading', 'answering', 'tuning']),
  documentId: idSchema,
  chatId: idSchema.nullable(),
  phase: z.enum(['waiting', 'loading', 'reading', 'paused', 'question', 'answer', 'measuring']),
  done: count,
  total: count,
  tokensPerSecond: z.number().nonnegative(),
  secondsLeft: z.number().nonnegative().nullable(),
  startedAt: instant,
});
export type Job = z.infer<typeof jobSchema>;

export const heldDocumentSchema = z.object({
  documentId: idSchema,
  tokens: count,
  bytes: z.number(),
  kvType: kvTypeSchema,
  effort: effortSchema,
  /** True: its KV is on the computing device; false: it is in RAM, while a GPU computes. */
  onDevice: z.boolean(),
  pages: pageRangeSchema.nullable(),
  readMs: z.number(),
});
export type HeldDocument = z.infer<typeof heldDocumentSchema>;
/** What a document's rows depend on beside its text, the model and the device. */
export type ReadAs = Pick<HeldDocument, 'kvType' | 'effort' | 'pages'>;

/** How often each part of the library changed since the start: a window fetches a part again when its number grew. */
export const revisionsSchema = z.object({
  documents: count,
  /** What is chosen for one document, and its tuning. */
  choices: count,
  chats: count,
  settings: count,
  programs: count,
  windows: count,
});
export type Revisions = z.infer<typeof revisionsSchema>;

export const telemetrySchema = z.object({
  at: instant,
  revisions: revisionsSchema,
  engine: engineStateSchema,
  /** `downloads`: models that are being fetched; `revision` grows with each change of the list of models. */
  models: z.object({ revision: count, downloads: z.array(downloadSchema) }),
  jobs: z.array(jobSchema),
  held: z.array(heldDocumentSchema),
  /**
   * Documents kept on disk. isReady: with the present model and settings it would be loaded instead of read. failure: why the last document
   * could not be kept.
   */
  kept: z.object({
    documents: z.array(z.object({ documentId: idSchema, bytes: count, isReady: z.boolean() })),
    failure: z.string().nullable(),
  }),
  live: z.array(liveCountersSchema),
  /** The engine's resident memory; null where the system does not report it. */
  engineBytes: z.number().nullable(),
  machineBytes: z.number(),
});
export type Telemetry = z.infer<typeof telemetrySchema>;
