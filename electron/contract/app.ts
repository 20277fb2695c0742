/**
 * Everything that the window may ask, over a WebSocket or a message port: the one contract of window and app host. Failures arrive with a
 * code of errors.ts and a sentence. Reading and answering belong to the app host: leaving their stream stops the watching, only `cancel`
 * stops the work.
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
import { partialParseChoiceSchema } from './documents.ts';
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
 * Most bytes of one message over a socket or port: the longest question, whose units JSON writes in six characters each at the most, and
 * room for the other fields.
 */
export const maxMessageBytes = 6 * maxQuestionUnits + 1024 * 1024;

const readOptions = z.object({ password: password.optional(), choice: partialParseChoiceSchema.optional() });

/** Most bytes of one upload (POST /upload), jobs that wait for the engine, units of one call for text, documents joined into one. */
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
    /** `loaded`: it came from disk. `missed`: why a kept file was not used. */
    loaded: z.boolean(),
    missed: z.string().nullable(),
  }),
]);
export type ReadStreamEvent = z.infer<typeof readStreamEventSchema>;

export const askStreamEventSchema = z.discriminatedUnion('type', [
  /** The first event, also for a watcher who comes later: the turn with the answer so far. */
  z.object({ type: z.literal('turn'), turn: turnSchema }),
  progressSchema,
  z.object({ type: z.literal('kept'), stage1Ms: z.number(), prefillMs: z.number() }),
  ...answerTextSchemas,
  /** The last event. Stopped and failed answers keep the text they have. */
  z.object({ type: z.literal('ended'), turn: turnSchema }),
]);
export type AskStreamEvent = z.infer<typeof askStreamEventSchema>;

export const appContract = {
  /** The whole state of engine and jobs: at each change, and five times a second while something runs. */
  telemetry: oc.output(eventIterator(telemetrySchema)),
  restartEngine: oc.output(z.void()),
  /** The version, and the licences of everything in it. */
  about: oc.output(aboutSchema),
  /** A text for a report of a fault: versions, machine, the end of the log. */
  report: oc.output(z.string()),
  /** Writes an unforeseen error of the window into the log. */
  noteFailure: oc.input(windowFailureSchema).output(z.void()),

  library: {
    list: oc.output(z.array(libraryDocumentSchema)),
    grants: oc.output(z.array(grantSchema)),
    /** What a person should know about the library when it was opened: that it was damaged, or cannot be written. */
    notices: oc.output(z.array(z.string())),
    /** Leaving this stream stops the work, as in the two below. A file that an older RocketDoc read is read anew. */
    addUpload: oc.input(readOptions.extend({ uploadId: idSchema })).output(eventIterator(addEventSchema)),
    addGranted: oc.input(readOptions.extend({ grantId: grantSchema.shape.id })).output(eventIterator(addEventSchema)),
    /**
     * Reads the document's kept file again; what `choice` leaves out comes from the last reading and the settings. A changed text becomes
     * another document.
     */
    readAnew: oc.input(readOptions.extend({ documentId: idSchema })).output(eventIterator(addEventSchema)),
    /** Searches names and texts; every word must be there, the last may be unfinished. */
    search: oc.input(z.object({ query: z.string().trim().min(1).max(200) })).output(z.array(searchHitSchema)),
    /** Joins several documents into one, in this order. Joining the same ones again gives the same document. */
    join: oc.input(z.object({ documentIds: z.array(idSchema).min(2).max(maxJoined) })).output(libraryDocumentSchema),
    rename: oc.input(ofDocument.extend({ name })).output(libraryDocumentSchema),
    /** Removes its file, text, chats and KV cache. */
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
    /** What is chosen for this document alone, and what applies to it with the settings. */
    choice: {
      get: oc.input(ofDocument).output(documentChoiceSchema),
      set: oc.input(ofDocument.extend({ changes: ownChoiceSchema })).output(documentChoiceSchema),
      /** Takes the document's own choice back, for these names or for all. */
      clear: oc
        .input(ofDocument.extend({ names: z.array(ownChoiceSchema.keyof()).optional() }))
        .output(documentChoiceSchema),
    },
    /** The document's last tuning; null: there was none. */
    tuning: oc.input(ofDocument).output(tuningSchema.nullable()),
  },

  preflight: oc.input(ofDocument.extend({ pages: pageRangeSchema.nullable() })).output(preflightSchema),
  /** Bytes, budgets and speed for a prompt of this many tokens: what a slider shows while it moves. */
  plan: oc.input(ofDocument.extend({ changes: ownChoiceSchema, promptTokens })).output(plannedSchema),
  /** The largest token budget with which an answer's KV, or everything on the computing device, stays within `bytes`. */
  fitBudget: oc
    .input(ofDocument.extend({ promptTokens, bytes: z.number().positive(), of: z.enum(['kv', 'device']) }))
    .output(budgetFitSchema),
  /** Measures one question at several budgets against full KV. Changes no chat. A second call while one runs watches the same tuning. */
  tune: oc
    .input(ofDocument.extend({ question, budgets: tunedBudgetsSchema.default([...usualBudgets]) }))
    .output(eventIterator(tuneEventSchema)),
  /** A tuning that is going on, from its beginning. */
  watchTuning: oc.input(ofDocument).output(eventIterator(tuneEventSchema)),
  /**
   * Reads a document, or loads it from disk where it is kept. `keep`: whether it is kept on disk afterwards; absent: as the settings say.
   */
  read: oc
    .input(ofDocument.extend({ pages: pageRangeSchema.nullable(), keep: z.boolean().optional() }))
    .output(eventIterator(readStreamEventSchema)),
  /** Removes every KV cache that is kept on disk; returns how many bytes that freed. */
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
    /** Makes a new chat that begins with the questions and answers down to this one. */
    fork: oc.input(ofTurn).output(chatSchema),
    export: oc
      .input(ofChat.extend({ format: z.enum(['markdown', 'json']) }))
      .output(z.object({ fileName: z.string(), mediaType: z.string(), text: z.string() })),
    saveDraft: oc.input(ofChat.extend({ draft })).output(z.void()),
  },
  /** Counts the tokens of a question while it is written, with the open model's vocabulary. */
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
  /** Watches an answer that is being made already, for a window that was loaded anew. */
  watch: oc.input(ofChat).output(eventIterator(askStreamEventSchema)),
  cancel: oc.input(ofJob).output(z.void()),
  /** For readings only; what was read stays, and the engine is free for others. */
  pause: oc.input(ofJob).output(z.void()),
  resume: oc.input(ofJob).output(z.void()),
  /** What an answer kept and read of each page; empty where nothing was measured. */
  documentMap: oc.input(ofTurn).output(z.array(mapPageSchema)),
  citations: oc.input(ofTurn).output(answerCitationsSchema),

  models: {
    list: oc.output(modelListSchema),
    /**
     * Opens this model in the engine in place of the other one, and at each later start. Running work ends, and documents in memory are
     * freed.
     */
    use: oc.input(ofModel).output(z.void()),
    /** A file that the person named; it is never copied. */
    openInPlace: oc.input(z.object({ grantId: grantSchema.shape.id })).output(ofModel),
    /** Looks up a repository of huggingface.co: owner/name, or the address of its page or of a file. */
    lookUp: oc.input(z.object({ address: z.string().trim().min(1).max(2000) })).output(repositorySchema),
    /** Adds a model of the repository to the person's own catalogue, and begins its download. */
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
    /** Lists the models of a folder from now on. */
    addFolder: oc.input(z.object({ grantId: grantSchema.shape.id })).output(z.void()),
    forgetFolder: oc.input(z.object({ folderId: modelIdSchema })).output(z.void()),
    /** Deletes a downloaded file; forgets one that was opened in place. */
    remove: oc.input(ofModel).output(z.void()),
    /** Begins or continues a download; refused if the disk has no room. The telemetry has its progress. */
    download: oc.input(ofModel).output(z.void()),
    pause: oc.input(ofModel).output(z.void()),
    /** Stops the download and deletes what was fetched. */
    cancel: oc.input(ofModel).output(z.void()),
  },

  settings: {
    get: oc.output(settingsSchema),
    set: oc.input(settingsSchema.partial()).output(settingsSchema),
    /** Resets settings to their defaults. */
    reset: oc.input(z.object({ names: z.array(settingNameSchema) })).output(settingsSchema),
  },
  /** Access for other programs of this machine: the address, and their keys. */
  programs: {
    get: oc.output(programsSchema),
    /** The key is only returned here. */
    createKey: oc.input(z.object({ name: keyNameSchema })).output(z.object({ id: z.string(), key: z.string() })),
    revokeKey: oc.input(z.object({ id: idSchema })).output(z.void()),
  },
  /** Browsers that are signed in. */
  windows: {
    get: oc.output(windowSessionsSchema),
    /** Ends a browser's connection and revokes its token at once; the asking browser may name itself. */
    signOut: oc.input(z.object({ id: idSchema })).output(z.void()),
  },
  /** Lets a window find out that its connection is dead. */
  ping: oc.output(z.void()),
  /** Languages of text recognition whose data are installed, as Tesseract names them. */
  languages: oc.output(z.array(z.string())),
  /** Tries each GPU out in a process of its own, which takes seconds the first time. */
  gpus: oc.output(foundGpusSchema),
};
