/**
 * Everything that the window may ask, over a WebSocket or a message port: the one contract of renderer and server.
 * Failures arrive with a code of errors.ts and a sentence. Work (reading, answering) belongs to the server: leaving a stream
 * stops watching, only `cancel` stops the work.
 */
import { eventIterator, oc } from '@orpc/contract';
import { z } from 'zod';
import {
  aboutSchema,
  addEventSchema,
  askChoiceSchema,
  chatSchema,
  documentOutlineSchema,
  documentPageSchema,
  fileEventSchema,
  grantSchema,
  idSchema,
  libraryDocumentSchema,
  mapPageSchema,
  methodChoiceSchema,
  pageRangeSchema,
  preflightSchema,
  searchHitSchema,
  settingsSchema,
  telemetrySchema,
  turnSchema,
} from './app-types.ts';
import { answerCitationsSchema } from './citations.ts';
import { memoryPlanSchema, progressSchema } from './engine-reports.ts';

const ofDocument = z.object({ documentId: idSchema });
const ofChat = z.object({ chatId: idSchema });
const ofJob = z.object({ jobId: idSchema });
const ofTurn = z.object({ turnId: idSchema });
const name = z.string().trim().min(1).max(200);
const draft = z.string().max(1_000_000);
const password = z.string().max(1000);

/** Bytes of one upload (POST /upload), how many jobs may wait for the engine, how many documents may be read as one. */
export const maxUploadBytes = 64 * 1024 * 1024;
export const maxJobs = 8;
export const maxTextUnits = 200_000;
export const maxJoined = 50;

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
  /** The whole state of engine and jobs: at each change, and five times a second while something runs. */
  telemetry: oc.output(eventIterator(telemetrySchema)),
  restartEngine: oc.output(z.void()),
  /** This version, and the licences of everything in it. */
  about: oc.output(aboutSchema),

  library: {
    list: oc.output(z.array(libraryDocumentSchema)),
    grants: oc.output(z.array(grantSchema)),
    addUpload: oc
      .input(z.object({ uploadId: idSchema, password: password.optional() }))
      .output(eventIterator(addEventSchema)),
    addGranted: oc
      .input(z.object({ grantId: grantSchema.shape.id, password: password.optional() }))
      .output(eventIterator(addEventSchema)),
    /** In names and in text; every word must be there, the last may be unfinished. */
    search: oc.input(z.object({ query: z.string().trim().min(1).max(200) })).output(z.array(searchHitSchema)),
    /** Several documents as one, in this order. The same ones again are the same document. */
    join: oc.input(z.object({ documentIds: z.array(idSchema).min(2).max(maxJoined) })).output(libraryDocumentSchema),
    rename: oc.input(ofDocument.extend({ name })).output(libraryDocumentSchema),
    /** Its file, text, chats and KV cache. */
    remove: oc.input(ofDocument).output(z.void()),
    pages: oc.input(ofDocument).output(z.array(documentPageSchema)),
    /** Frees the document's KV cache; text and chats stay. */
    release: oc.input(ofDocument).output(z.void()),
  },

  /** What the document view shows. */
  documents: {
    outline: oc.input(ofDocument).output(documentOutlineSchema),
    /** [start, end) of the text, at most `maxTextUnits`. */
    text: oc.input(ofDocument.extend({ start: z.int().min(0), end: z.int().min(0) })).output(z.string()),
    /** The file as it was added, piece by piece. */
    file: oc.input(ofDocument).output(eventIterator(fileEventSchema)),
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
    /** All branches, in the order they were asked. */
    turns: oc.input(ofChat).output(z.object({ turns: z.array(turnSchema), draft })),
    /** Shows the branch that this turn is on. */
    choose: oc.input(ofTurn).output(z.void()),
    /** A chat of its own that begins with the questions and answers down to this one. */
    fork: oc.input(ofTurn).output(chatSchema),
    export: oc
      .input(ofChat.extend({ format: z.enum(['markdown', 'json']) }))
      .output(z.object({ fileName: z.string(), mediaType: z.string(), text: z.string() })),
    saveDraft: oc.input(ofChat.extend({ draft })).output(z.void()),
  },
  ask: oc
    .input(
      ofChat.extend({
        question: z.string().trim().min(1).max(1_000_000),
        /** The turn that the question follows; null: none. */
        parentId: idSchema.nullable(),
        choice: askChoiceSchema.default({}),
      }),
    )
    .output(eventIterator(askStreamEventSchema)),
  /** An answer that is being made already, from a window that was loaded anew. */
  watch: oc.input(ofChat).output(eventIterator(askStreamEventSchema)),
  cancel: oc.input(ofJob).output(z.void()),
  /** Readings only; what was read stays, and the engine is free for others. */
  pause: oc.input(ofJob).output(z.void()),
  resume: oc.input(ofJob).output(z.void()),
  /** What an answer kept and read of each page; empty where nothing was measured. */
  documentMap: oc.input(ofTurn).output(z.array(mapPageSchema)),
  citations: oc.input(ofTurn).output(answerCitationsSchema),

  settings: {
    get: oc.output(settingsSchema),
    set: oc.input(settingsSchema.partial()).output(settingsSchema),
  },
};
