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
  budgetFitSchema,
  chatSchema,
  documentOutlineSchema,
  documentPageSchema,
  foundGpusSchema,
  grantSchema,
  idSchema,
  libraryDocumentSchema,
  mapPageSchema,
  pageRangeSchema,
  plannedSchema,
  preflightSchema,
  searchHitSchema,
  telemetrySchema,
  turnSchema,
  windowFailureSchema,
} from './app-types.ts';
import { parseWishSchema } from './documents.ts';
import { answerTextSchemas, progressSchema } from './engine-reports.ts';
import { answerCitationsSchema } from './evidence.ts';
import { usualBudgets } from './method-values.ts';
import { folderListSchema, modelIdSchema, modelListSchema, repositorySchema } from './models.ts';
import { keyNameSchema, programsSchema } from './programs.ts';
import { documentChoiceSchema, ownChoiceSchema, settingNameSchema, settingsSchema } from './settings.ts';
import { tunedBudgetsSchema, tuneEventSchema, tuningSchema } from './tuning.ts';
import { windowSessionsSchema } from './window-sessions.ts';

const ofDocument = z.object({ documentId: idSchema });
const ofChat = z.object({ chatId: idSchema });
const ofJob = z.object({ jobId: idSchema });
const ofTurn = z.object({ turnId: idSchema });
const ofModel = z.object({ modelId: modelIdSchema });
const name = z.string().trim().min(1).max(200);
/** UTF-16 units of a question or a draft. */
export const maxQuestionUnits = 1_000_000;
const question = z.string().trim().min(1).max(maxQuestionUnits);
const promptTokens = z.int().min(1).max(16_777_216);
const draft = z.string().max(maxQuestionUnits);
const password = z.string().max(1000);

/**
 * Bytes of one message over a socket or port: the longest question, of which JSON writes each unit in six characters at the most, and
 * room for what comes with it.
 */
export const maxMessageBytes = 6 * maxQuestionUnits + 1024 * 1024;

const howRead = z.object({ password: password.optional(), choice: parseWishSchema.optional() });

/** Bytes of one upload (POST /upload), how many jobs may wait for the engine, how many documents may be read as one. */
export const maxUploadBytes = 64 * 1024 * 1024;
export const maxJobs = 8;
export const maxTextUnits = 200_000;
export const maxJoined = 50;

export const readStreamEventSchema = z.discriminatedUnion('type', [
  progressSchema,
  z.object({
    type: z.literal('done'),
    tokens: z.int(),
    bytes: z.number(),
    readMs: z.number(),
    /** From disk; where something lay there and was not used, why. */
    loaded: z.boolean(),
    missed: z.string().nullable(),
  }),
]);
export type ReadStreamEvent = z.infer<typeof readStreamEventSchema>;

export const askStreamEventSchema = z.discriminatedUnion('type', [
  /** First, also for a watcher who comes later: the turn with the answer so far. */
  z.object({ type: z.literal('turn'), turn: turnSchema }),
  progressSchema,
  z.object({ type: z.literal('kept'), stage1Ms: z.number(), prefillMs: z.number() }),
  ...answerTextSchemas,
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
  /** For whoever helps: versions, machine, the end of the log. */
  report: oc.output(z.string()),
  /** Into the log: what nobody foresaw in the window. */
  noteFailure: oc.input(windowFailureSchema).output(z.void()),

  library: {
    list: oc.output(z.array(libraryDocumentSchema)),
    grants: oc.output(z.array(grantSchema)),
    /** What a person should know about the library as it was opened: it was damaged, it cannot be written. */
    notices: oc.output(z.array(z.string())),
    /** Who leaves this stream stops the work, as in the two below. A file of which the library has an older text is read anew. */
    addUpload: oc.input(howRead.extend({ uploadId: idSchema })).output(eventIterator(addEventSchema)),
    addGranted: oc.input(howRead.extend({ grantId: grantSchema.shape.id })).output(eventIterator(addEventSchema)),
    /** Its kept file once more; what is not chosen now is as it was. Another text is another document. */
    readAnew: oc.input(howRead.extend({ documentId: idSchema })).output(eventIterator(addEventSchema)),
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
    /** What is chosen for this document alone, and what applies to it then. */
    choice: {
      get: oc.input(ofDocument).output(documentChoiceSchema),
      set: oc.input(ofDocument.extend({ changes: ownChoiceSchema })).output(documentChoiceSchema),
      /** As in the settings again, in these points or in all. */
      clear: oc
        .input(ofDocument.extend({ names: z.array(ownChoiceSchema.keyof()).optional() }))
        .output(documentChoiceSchema),
    },
    /** The last tuning; null: none. */
    tuning: oc.input(ofDocument).output(tuningSchema.nullable()),
  },

  preflight: oc.input(ofDocument.extend({ pages: pageRangeSchema.nullable() })).output(preflightSchema),
  /** Bytes, budgets and speed for a prompt of this many tokens: what a slider shows while it moves. */
  plan: oc.input(ofDocument.extend({ changes: ownChoiceSchema, promptTokens })).output(plannedSchema),
  /** The largest token budget with which an answer's KV, or everything on the computing device, stays within `bytes`. */
  fitBudget: oc
    .input(ofDocument.extend({ promptTokens, bytes: z.number().positive(), of: z.enum(['kv', 'device']) }))
    .output(budgetFitSchema),
  /** Measures one question at several budgets against full KV. Touches no chat. Who asks twice watches the same one. */
  tune: oc
    .input(ofDocument.extend({ question, budgets: tunedBudgetsSchema.default([...usualBudgets]) }))
    .output(eventIterator(tuneEventSchema)),
  /** A tuning that is going on, from its beginning. */
  watchTuning: oc.input(ofDocument).output(eventIterator(tuneEventSchema)),
  /** Loaded from disk where it is kept. `keep`: on disk afterwards; absent: as the settings say. */
  read: oc
    .input(ofDocument.extend({ pages: pageRangeSchema.nullable(), keep: z.boolean().optional() }))
    .output(eventIterator(readStreamEventSchema)),
  /** Removes every KV cache that is kept on disk; how many bytes that freed. */
  clearKept: oc.output(z.object({ bytes: z.int().nonnegative(), documents: z.int().nonnegative() })),

  chats: {
    list: oc.input(ofDocument).output(z.array(chatSchema)),
    create: oc.input(ofDocument).output(chatSchema),
    rename: oc.input(ofChat.extend({ title: name })).output(chatSchema),
    remove: oc.input(ofChat).output(z.void()),
    /** All branches, in the order they were asked. */
    turns: oc.input(ofChat).output(z.object({ turns: z.array(turnSchema), draft, revision: z.int().nonnegative() })),
    draft: oc.input(ofChat).output(z.object({ draft })),
    /** Shows the branch that this turn is on. */
    choose: oc.input(ofTurn).output(z.void()),
    /** A chat of its own that begins with the questions and answers down to this one. */
    fork: oc.input(ofTurn).output(chatSchema),
    export: oc
      .input(ofChat.extend({ format: z.enum(['markdown', 'json']) }))
      .output(z.object({ fileName: z.string(), mediaType: z.string(), text: z.string() })),
    saveDraft: oc.input(ofChat.extend({ draft })).output(z.void()),
  },
  /** Of a question while it is written, as the open model counts. */
  countTokens: oc.input(z.object({ text: draft })).output(z.object({ tokens: z.int().nonnegative() })),
  ask: oc
    .input(
      ofChat.extend({
        question,
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

  models: {
    list: oc.output(modelListSchema),
    /** Opens it in the engine, in place of the other, and at each start from now on. Work ends, documents in memory are let go. */
    use: oc.input(ofModel).output(z.void()),
    /** A file that the person named; it is never copied. */
    openInPlace: oc.input(z.object({ grantId: grantSchema.shape.id })).output(ofModel),
    /** Looks a repository of huggingface.co up: owner/name, or the address of its page or of a file. */
    lookUp: oc.input(z.object({ address: z.string().trim().min(1).max(2000) })).output(repositorySchema),
    /** An entry of one's own for a model of it, and its download begins. */
    addFromRepository: oc
      .input(
        z.object({
          repository: z.string().min(3).max(200),
          revision: z.string().min(1).max(100),
          path: z.string().min(1).max(500),
        }),
      )
      .output(ofModel),
    /** A folder of the machine that RocketDoc runs on; null: the person's home. */
    browse: oc.input(z.object({ grantId: grantSchema.shape.id.nullable() })).output(folderListSchema),
    /** Its models are listed from now on. */
    addFolder: oc.input(z.object({ grantId: grantSchema.shape.id })).output(z.void()),
    forgetFolder: oc.input(z.object({ folderId: modelIdSchema })).output(z.void()),
    /** Deletes a downloaded file; forgets one that was opened in place. */
    remove: oc.input(ofModel).output(z.void()),
    /** Begins, or goes on with what is here; refused where the disk has no room. Telemetry tells how far it is. */
    download: oc.input(ofModel).output(z.void()),
    pause: oc.input(ofModel).output(z.void()),
    /** And forgets what was fetched. */
    cancel: oc.input(ofModel).output(z.void()),
  },

  settings: {
    get: oc.output(settingsSchema),
    set: oc.input(settingsSchema.partial()).output(settingsSchema),
    /** Back to what they were before anybody chose. */
    reset: oc.input(z.object({ names: z.array(settingNameSchema) })).output(settingsSchema),
  },
  /** Other programs of this machine: where they ask, and their keys. */
  programs: {
    get: oc.output(programsSchema),
    /** The key is told here and never again. */
    createKey: oc.input(z.object({ name: keyNameSchema })).output(z.object({ id: z.string(), key: z.string() })),
    revokeKey: oc.input(z.object({ id: idSchema })).output(z.void()),
  },
  /** Browsers that are signed in. */
  windows: {
    get: oc.output(windowSessionsSchema),
    /** Its link and what it holds are void at once; its own too. */
    signOut: oc.input(z.object({ id: idSchema })).output(z.void()),
  },
  /** For a window to find out that its line is dead. */
  ping: oc.output(z.void()),
  /** Of text recognition, as Tesseract names them: those whose data are here. */
  languages: oc.output(z.array(z.string())),
  /** Tried out one by one, each in a process of its own: seconds at the first time. */
  gpus: oc.output(foundGpusSchema),
};
