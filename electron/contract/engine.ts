/**
 * The contract of the engine host's port: everything that it can be asked. Failures arrive as AppError with a code of errors.ts. One engine
 * holds one model; documents and chats belong to it and end with it.
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
  defaultEffort,
  documentHomeSchema,
  effortSchema,
  kvTypeSchema,
  maxNewSchema as maxNew,
  rocketOptionsSchema,
  samplerSchema,
  threadsSchema,
} from './method.ts';

/** Most UTF-16 units of one text that is counted, and most texts of one call, so that a call blocks neither side's event loop. */
export const maxCountedUnits = 1 << 17;
export const maxCountedTexts = 256;

const id = z.string().min(1).max(100);
const question = z.string().min(1, 'the question is empty').max(1_000_000);

const answerFields = { mode: answerModeSchema, rocket: rocketOptionsSchema, maxNew };

export const readRequestSchema = z.object({
  /** An id with which this reading can be paused. */
  readingId: id.optional(),
  text: z.string(),
  pages: z.array(z.object({ label: z.string(), start: z.int().nonnegative(), end: z.int().nonnegative() })),
  kvType: kvTypeSchema,
  home: documentHomeSchema.default('auto'),
  effort: effortSchema.default(defaultEffort),
  /** 0: chosen for the device. */
  segment: z.int().min(0).max(1_048_576),
  tile: z.int().min(1).max(65_536),
  /** A file that keepDocument wrote for this text: it is loaded instead. Where it does not match or is damaged, the text is read. */
  keptFile: z.string().min(1).optional(),
  /** The planned question: reading is refused if it could not be answered within the model's context or memory. */
  planFor: z.object({ ...answerFields, question }),
});
/** A request as the caller writes it; fields with a default may be left out. */
export type ReadRequest = z.input<typeof readRequestSchema>;

/** An earlier question and its answer. */
export const earlierTurnSchema = z.object({
  question,
  answer: z.string().max(1_000_000),
  /** The model thought first; the prompt does not repeat the thinking. */
  thought: z.boolean().optional(),
});
export type EarlierTurn = z.infer<typeof earlierTurnSchema>;

export const askRequestSchema = z.object({
  ...answerFields,
  chatId: id,
  /** Turns that this chat does not hold and that are read again before the question: of another branch, or of a chat whose engine ended. */
  earlier: z.array(earlierTurnSchema).max(10_000).optional(),
  question,
  /** Whether to think first, where the model's template has a choice. */
  thinking: z.boolean().optional(),
  sampler: samplerSchema,
  /** Whether what follows in the document or the chat is drafted; the usual is yes. The answer is the same. */
  drafts: z.boolean().optional(),
});
export type AskRequest = z.infer<typeof askRequestSchema>;

/** A device to compute on, as choose-device.ts chose it: cpu, or cuda:0, cuda:1, ... */
export const deviceSchema = z.string().regex(/^(cpu|cuda:\d{1,2})$/);

/** Of so many layers the experts lie in RAM while a GPU computes; absent: of as few as the GPU's memory allows. */
const expertsInRamSchema = z.int().min(0).max(100_000).optional();

export const planRequestSchema = z.object({
  /** Without a path: the open model. */
  path: z.string().optional(),
  /** With a path: the device that would compute it. */
  device: deviceSchema.default('cpu'),
  expertsInRam: expertsInRamSchema,
  ...answerFields,
  nPrompt: z.int().min(1),
  nQuestion: z.int().min(1),
  kvType: kvTypeSchema,
  home: documentHomeSchema.default('auto'),
});

/** What a model is to be computed on. */
const deviceChoiceSchema = z.object({
  /** cpu, cuda:0, ... */
  device: deviceSchema,
  /** Why the CPU was chosen although auto looks for a GPU; null where there is nothing to explain. */
  deviceReason: z.string().nullable().default(null),
  /** The person named no GPU: if the chosen one cannot compute the model, the CPU does. */
  mayUseCpu: z.boolean().default(false),
  expertsInRam: expertsInRamSchema,
});
type Chosen = z.infer<typeof deviceChoiceSchema>;
export type DeviceChoice = Pick<Chosen, 'device' | 'deviceReason'> & Partial<Chosen>;

export const engineContract = {
  /** Loads a model, in place of the one that was open. The embedded model's checksum is checked first. */
  openModel: oc
    .input(
      deviceChoiceSchema.extend({
        path: z.string().min(1),
        threads: threadsSchema,
        /** Quantized weights as 16-bit floats: slower and larger, but no product rounds its activations. For measuring. */
        floatWeights: z.boolean().default(false),
      }),
    )
    .output(openedModelSchema),
  /** Tries a GPU out. This host may die when the GPU cannot compute: ask a host that holds nothing. */
  probeDevice: oc
    .input(z.object({ device: deviceSchema }))
    .output(z.object({ name: z.string(), freeBytes: z.number(), totalBytes: z.number() })),
  /** Reads a model file's header, without loading the model. */
  inspect: oc.input(z.object({ path: z.string().min(1) })).output(modelInfoSchema),
  /** Counts the tokens of each text with a model file's vocabulary. The weights stay on disk, and no model needs to be open. */
  countTokens: oc
    .input(z.object({ path: z.string().min(1), texts: z.array(z.string().max(maxCountedUnits)).max(maxCountedTexts) }))
    .output(z.object({ counts: z.array(z.int().nonnegative()) })),
  /** Bytes per component, before anything is allocated. */
  plan: oc.input(planRequestSchema).output(memoryPlanSchema),

  readDocument: oc.input(readRequestSchema).output(eventIterator(readEventSchema)),
  /** Stops a reading at once and keeps its whole segments; other work can run meanwhile. Returns how many tokens stay read. */
  pauseReading: oc.input(z.object({ readingId: id })).output(z.object({ done: z.int() })),
  resumeReading: oc.input(z.object({ readingId: id })).output(z.void()),
  /** Writes a document's KV into a file, whole or not at all, while other questions are answered. The KV of chats is not written. */
  keepDocument: oc.input(z.object({ documentId: id, path: z.string().min(1) })).output(z.object({ bytes: z.number() })),
  /** Frees a document and its chats. */
  forgetDocument: oc.input(z.object({ documentId: id })).output(z.void()),

  newChat: oc.input(z.object({ documentId: id })).output(z.object({ chatId: id })),
  closeChat: oc.input(z.object({ chatId: id })).output(z.void()),
  ask: oc.input(askRequestSchema).output(eventIterator(answerEventSchema)),
  /** Drops the last question and its answer, and asks the same question again. */
  regenerate: oc
    .input(askRequestSchema.omit({ question: true, earlier: true }))
    .output(eventIterator(answerEventSchema)),
  /** Keeps the first `turns` questions and answers of a chat; earlier turns that came with a question go with it. */
  truncate: oc.input(z.object({ chatId: id, turns: z.int().min(0) })).output(z.void()),
  /** Cancels the work of this document or chat, which ends with CANCELLED; leaving the event stream does the same. */
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

  /** Measuring: makes full KV's greedy answer, and keeps its logits in the host until forgetReference. */
  measureReference: oc
    .input(z.object({ chatId: id, question, maxNew }))
    .output(z.object({ referenceId: id, answer: z.string(), positions: z.int() })),
  /** Measuring: forces another chat of the same document along the reference's tokens and compares each position. */
  measureAgainst: oc
    .input(z.object({ chatId: id, referenceId: id, mode: answerModeSchema, rocket: rocketOptionsSchema }))
    .output(z.object({ positions: z.array(agreementSchema), counters: countersSchema })),
  forgetReference: oc.input(z.object({ referenceId: id })).output(z.void()),
  /** Frees the model and everything on it. */
  close: oc.input(z.void()).output(z.void()),
};
