/**
 * Everything that the window may ask, over a WebSocket or a message port: the one contract of renderer and server.
 * Failures arrive with a code of errors.ts and a sentence. Work (reading, answering) belongs to the server: leaving a stream
 * stops watching, only `cancel` stops the work.
 */
import { eventIterator, oc } from '@orpc/contract';
import { z } from 'zod';
import {
  addEventSchema,
  chatSchema,
  documentPageSchema,
  grantSchema,
  idSchema,
  libraryDocumentSchema,
  mapPageSchema,
  methodChoiceSchema,
  pageRangeSchema,
  preflightSchema,
  settingsSchema,
  telemetrySchema,
  turnSchema,
} from './app-types.ts';
import { memoryPlanSchema, progressSchema } from './engine-reports.ts';

const ofDocument = z.object({ documentId: idSchema });
const ofChat = z.object({ chatId: idSchema });
const name = z.string().trim().min(1).max(200);
const draft = z.string().max(1_000_000);
const password = z.string().max(1000);

/** Bytes of one upload (POST /upload), and how many jobs may wait for the engine. */
export const maxUploadBytes = 64 * 1024 * 1024;
export const maxJobs = 8;

export const readStreamEventSchema = z.discriminatedUnion('type', [
  progressSchema,
  z.object({ type: z.literal('done'), tokens: z.int(), bytes: z.number(), readMs: z.number() }),
]);
export type ReadStreamEvent = z.infer<typeof readStreamEventSchema>;

export const askStreamEventSchema = z.discriminatedUnion('type', [
  /** First, also for a watcher who comes later: the turn with the answer so far. */
  z.object({ type: z.literal('turn'), turn: turnSchema }),
  progressSchema,
  z.object({ type: z.literal('kept'), stage1Ms: z.number(), prefillMs: z.number() }),
  z.object({ type: z.literal('delta'), text: z.string() }),
  /** Last. Stopped and failed answers keep what was said. */
  z.object({ type: z.literal('ended'), turn: turnSchema }),
]);
export type AskStreamEvent = z.infer<typeof askStreamEventSchema>;

export const appContract = {
  /** The whole state of engine and jobs: at each change, and four times a second while something runs. */
  telemetry: oc.output(eventIterator(telemetrySchema)),
  restartEngine: oc.output(z.void()),

  library: {
    list: oc.output(z.array(libraryDocumentSchema)),
    grants: oc.output(z.array(grantSchema)),
    addUpload: oc
      .input(z.object({ uploadId: idSchema, password: password.optional() }))
      .output(eventIterator(addEventSchema)),
    addGranted: oc
      .input(z.object({ grantId: z.string().max(100), password: password.optional() }))
      .output(eventIterator(addEventSchema)),
    rename: oc.input(ofDocument.extend({ name })).output(libraryDocumentSchema),
    /** Its file, text, chats and KV cache. */
    remove: oc.input(ofDocument).output(z.void()),
    pages: oc.input(ofDocument).output(z.array(documentPageSchema)),
    /** Frees the document's KV cache; text and chats stay. */
    release: oc.input(ofDocument).output(z.void()),
  },

  preflight: oc
    .input(ofDocument.extend({ choice: methodChoiceSchema, pages: pageRangeSchema.nullable() }))
    .output(preflightSchema),
  /** Bytes and budgets for a prompt of this many tokens: what a slider shows while it moves. */
  plan: oc
    .input(z.object({ choice: methodChoiceSchema, promptTokens: z.int().min(1).max(16_777_216) }))
    .output(memoryPlanSchema),
  read: oc.input(ofDocument.extend({ pages: pageRangeSchema.nullable() })).output(eventIterator(readStreamEventSchema)),

  chats: {
    list: oc.input(ofDocument).output(z.array(chatSchema)),
    create: oc.input(ofDocument).output(chatSchema),
    rename: oc.input(ofChat.extend({ title: name })).output(chatSchema),
    remove: oc.input(ofChat).output(z.void()),
    turns: oc.input(ofChat).output(z.object({ turns: z.array(turnSchema), draft })),
    saveDraft: oc.input(ofChat.extend({ draft })).output(z.void()),
  },
  ask: oc
    .input(ofChat.extend({ question: z.string().trim().min(1).max(1_000_000) }))
    .output(eventIterator(askStreamEventSchema)),
  /** An answer that is being made already, from a window that was loaded anew. */
  watch: oc.input(ofChat).output(eventIterator(askStreamEventSchema)),
  cancel: oc.input(z.object({ jobId: idSchema })).output(z.void()),
  /** What an answer kept and read of each page; empty where nothing was measured. */
  documentMap: oc.input(z.object({ turnId: idSchema })).output(z.array(mapPageSchema)),

  settings: {
    get: oc.output(settingsSchema),
    set: oc.input(settingsSchema.partial()).output(settingsSchema),
  },
};
