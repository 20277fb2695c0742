/**
 * Everything that may be asked of the engine host: the one contract of its port. Failures arrive as AppError with a code of
 * errors.ts. One engine holds one model; documents and chats belong to it and end with it.
 */
import { eventIterator, oc } from '@orpc/contract';
import { z } from 'zod';
import {
  agreementSchema,
  answerEventSchema,
  countersSchema,
  memoryPlanSchema,
  modelInfoSchema,
  openedModelSchema,
  pageUseSchema,
  passageReadsSchema,
  readEventSchema,
} from './engine-reports.ts';
import {
  answerModeSchema,
  documentHomeSchema,
  kvTypeSchema,
  maxNewSchema as maxNew,
  rocketOptionsSchema,
  samplerSchema,
  threadsSchema,
} from './method.ts';

/** UTF-16 units of one text that is counted, and texts of one call: neither side's event loop is held up by one. */
export const maxCountedUnits = 1 << 17;
export const maxCountedTexts = 256;

const id = z.string().min(1).max(100);
const question = z.string().min(1, 'the question is empty').max(1_000_000);

const answerFields = { mode: answerModeSchema, rocket: rocketOptionsSchema, maxNew };

export const readRequestSchema = z.object({
  /** A name by which this reading can be paused. */
  readingId: id.optional(),
  text: z.string(),
  pages: z.array(z.object({ label: z.string(), start: z.int().nonnegative(), end: z.int().nonnegative() })),
  kvType: kvTypeSchema,
  home: documentHomeSchema.default('auto'),
  /** 0: chosen for the device. */
  segment: z.int().min(0).max(1_048_576),
  tile: z.int().min(1).max(65_536),
  /** What keepDocument left of this text: loaded instead of read. Where it does not fit, or is damaged, the text is read. */
  keptFile: z.string().min(1).optional(),
  /** What will be asked: reading is refused beforehand when this cannot be answered in the model's context or in memory. */
  planFor: z.object({ ...answerFields, question }),
});
/** As it is asked for; what has a default may be left out. */
export type ReadRequest = z.input<typeof readRequestSchema>;

/** A question and what was answered to it. */
export const earlierTurnSchema = z.object({
  question,
  answer: z.string().max(1_000_000),
  /** It was thought about first; the thinking itself is not told again. */
  thought: z.boolean().optional(),
});
export type EarlierTurn = z.infer<typeof earlierTurnSchema>;

export const askRequestSchema = z.object({
  ...answerFields,
  chatId: id,
  /** Turns that this chat does not hold, read again before the question: another branch, or the chat of an engine that ended. */
  earlier: z.array(earlierTurnSchema).max(10_000).optional(),
  question,
  /** To think first, where the model has a choice. */
  thinking: z.boolean().optional(),
  sampler: samplerSchema,
});
export type AskRequest = z.infer<typeof askRequestSchema>;

/** A device to compute on, chosen (choose-device.ts): cpu, or cuda:0, cuda:1, ... */
export const deviceSchema = z.string().regex(/^(cpu|cuda:\d{1,2})$/);

export const planRequestSchema = z.object({
  /** Without a path: the open model. */
  path: z.string().optional(),
  /** With a path: what it would be computed on. */
  device: deviceSchema.default('cpu'),
  ...answerFields,
  nPrompt: z.int().min(1),
  nQuestion: z.int().min(1),
  kvType: kvTypeSchema,
  home: documentHomeSchema.default('auto'),
});

export const engineContract = {
  /** Loads a model, in place of the one that was open. The embedded model's checksum is checked first. */
  openModel: oc
    .input(
      z.object({
        path: z.string().min(1),
        threads: threadsSchema,
        device: deviceSchema,
        deviceReason: z.string().nullable().default(null),
        cpuWillDo: z.boolean().default(false),
        /** Quantized weights as 16-bit floats: slower and larger, but no product rounds its activations. For measuring. */
        floatWeights: z.boolean().default(false),
      }),
    )
    .output(openedModelSchema),
  /** Tries a GPU out. Where it cannot compute, this host may die: ask one that holds nothing. */
  probeDevice: oc
    .input(z.object({ device: deviceSchema }))
    .output(z.object({ name: z.string(), freeBytes: z.number(), totalBytes: z.number() })),
  /** A model file's header, without loading it. */
  inspect: oc.input(z.object({ path: z.string().min(1) })).output(modelInfoSchema),
  /** How many tokens each text has with a file's vocabulary; its weights stay on disk, and no model need be open. */
  countTokens: oc
    .input(z.object({ path: z.string().min(1), texts: z.array(z.string().max(maxCountedUnits)).max(maxCountedTexts) }))
    .output(z.object({ counts: z.array(z.int().nonnegative()) })),
  /** Bytes per component, before anything is allocated. */
  plan: oc.input(planRequestSchema).output(memoryPlanSchema),

  readDocument: oc.input(readRequestSchema).output(eventIterator(readEventSchema)),
  /** Stops where whole segments end, at once; others may be answered meanwhile. How many tokens stay read. */
  pauseReading: oc.input(z.object({ readingId: id })).output(z.object({ done: z.int() })),
  resumeReading: oc.input(z.object({ readingId: id })).output(z.void()),
  /** Writes a document's KV into a file, whole or not at all, while others are answered. No chat's part of it. */
  keepDocument: oc.input(z.object({ documentId: id, path: z.string().min(1) })).output(z.object({ bytes: z.number() })),
  /** Frees a document and its chats. */
  forgetDocument: oc.input(z.object({ documentId: id })).output(z.void()),

  newChat: oc.input(z.object({ documentId: id })).output(z.object({ chatId: id })),
  closeChat: oc.input(z.object({ chatId: id })).output(z.void()),
  ask: oc.input(askRequestSchema).output(eventIterator(answerEventSchema)),
  /** Drops the last answer and its question, and asks the same again. */
  regenerate: oc
    .input(askRequestSchema.omit({ question: true, earlier: true }))
    .output(eventIterator(answerEventSchema)),
  /** Keeps the first `turns` questions and answers of a chat; earlier turns that came with a question go with it. */
  truncate: oc.input(z.object({ chatId: id, turns: z.int().min(0) })).output(z.void()),
  /** Ends what this document or chat is doing with CANCELLED; leaving the event stream does the same. */
  cancel: oc.input(z.object({ target: id })).output(z.void()),
  counters: oc.input(z.object({ chatId: id })).output(countersSchema),
  /** What the last answer kept and read of each page. */
  documentMap: oc.input(z.object({ chatId: id })).output(z.array(pageUseSchema)),

  /** Measures, once for a document and a choice, what a neutral question reads of it. */
  measureUsualReads: oc
    .input(z.object({ documentId: id, mode: answerModeSchema, rocket: rocketOptionsSchema }))
    .output(z.void()),
  /** What the last answer read of stretches of the document's text (UTF-16 units of the text that was read). */
  passageReads: oc
    .input(
      z.object({
        chatId: id,
        passages: z.array(z.object({ start: z.int().min(0), end: z.int().min(1) })).max(1000),
      }),
    )
    .output(z.array(passageReadsSchema)),

  /** Measuring: full KV's greedy answer, its logits held in the host until forgetReference. */
  measureReference: oc
    .input(z.object({ chatId: id, question, maxNew }))
    .output(z.object({ referenceId: id, answer: z.string(), positions: z.int() })),
  /** Measuring: another chat of the same document along the reference's tokens, position by position. */
  measureAgainst: oc
    .input(z.object({ chatId: id, referenceId: id, mode: answerModeSchema, rocket: rocketOptionsSchema }))
    .output(z.object({ positions: z.array(agreementSchema), counters: countersSchema })),
  forgetReference: oc.input(z.object({ referenceId: id })).output(z.void()),
  /** Frees the model and everything on it. */
  close: oc.input(z.void()).output(z.void()),
};
