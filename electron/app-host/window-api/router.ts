/**
 * Implements the window's contract, verb by verb. Every failure leaves as a code of errors.ts and a sentence, a shortage of memory with its
 * numbers.
 */
import { setImmediate } from 'node:timers/promises';
import { implement } from '@orpc/server';
import { appContract, maxTextUnits } from '../../contract/app.ts';
import { AppError } from '../../contract/errors.ts';
import type { WindowSession } from '../../contract/window-sessions.ts';
import { Queue } from '../../hosts/queue.ts';
import { rpcErrors } from '../../hosts/rpc-errors.ts';
import { about, ownVersion } from '../about.ts';
import { citationsOf } from '../citations/answer-citations.ts';
import { documentMapOf } from '../citations/document-map.ts';
import { addGranted, addUpload, readAnew } from '../documents/add-document.ts';
import { outlineOf } from '../documents/document-texts.ts';
import { joinOfLibrary } from '../documents/join-documents.ts';
import { releaseDocument, removeDocument } from '../documents/remove-document.ts';
import { logReport, logUnforeseen } from '../log.ts';
import { mcpConfiguration } from '../mcp-configuration.ts';
import { browseFolder } from '../models/browse-folder.ts';
import {
  addFromRepository,
  downloadModel,
  listModels,
  lookUpRepository,
  openModelInPlace,
  removeModel,
  useModel,
} from '../models/models.ts';
import { changeDocumentChoice, clearDocumentChoice, documentChoice } from '../planning/method-choice.ts';
import { fitBudget, planFor, preflight } from '../planning/preflight.ts';
import { answeringJob, ask } from '../sessions/answer-question.ts';
import { exportChat } from '../sessions/export-chat.ts';
import { pauseReading, readDocument, resumeReading } from '../sessions/read-document.ts';
import { clearKept } from '../sessions/save-cache.ts';
import { tune, tuningJob } from '../sessions/tune-budget.ts';
import { failureForWindow } from '../window-words.ts';
import type { WindowApiNeeds } from './needs.ts';
import { telemetry } from './telemetry.ts';

/** The window that asks. */
export interface Caller {
  /** The session of a browser; absent: the window needs none. */
  session?: string;
}

/** The browsers that are signed in. Electron has none, because its window needs no sign-in. */
export interface SignedIn {
  list(): WindowSession[];
  revoke(id: string): void;
}

export function appRouter(rooms: WindowApiNeeds, signedIn?: SignedIn) {
  const turnOfLoop = new Queue();
  const os = implement(appContract).$context<Caller>().use(rpcErrors(failureForWindow));
  return os.router({
    telemetry: os.telemetry.handler(({ signal }) => telemetry(rooms, signal)),
    restartEngine: os.restartEngine.handler(() => rooms.supervisor.reopen()),
    about: os.about.handler(about),
    report: os.report.handler(async () => logReport(rooms.dataDir, await ownVersion())),
    noteFailure: os.noteFailure.handler(({ input }) => logUnforeseen('The window', Object.assign(new Error(), input))),
    library: {
      list: os.library.list.handler(() => rooms.documents.list(rooms.counter.countedWith)),
      grants: os.library.grants.handler(() => rooms.grants.offered()),
      notices: os.library.notices.handler(() => [...rooms.notices]),
      addUpload: os.library.addUpload.handler(({ input: { uploadId, ...options }, signal }) =>
        addUpload(rooms, uploadId, { ...options, signal }),
      ),
      addGranted: os.library.addGranted.handler(({ input: { grantId, ...options }, signal }) =>
        addGranted(rooms, grantId, { ...options, signal }),
      ),
      readAnew: os.library.readAnew.handler(({ input: { documentId, ...options }, signal }) =>
        readAnew(rooms, documentId, { ...options, signal }),
      ),
      search: os.library.search.handler(({ input }) => rooms.search.find(input.query)),
      join: os.library.join.handler(({ input }) => joinOfLibrary(rooms, input.documentIds)),
      rename: os.library.rename.handler(({ input }) => rooms.documents.rename(input.documentId, input.name)),
      remove: os.library.remove.handler(({ input }) => removeDocument(rooms, input.documentId)),
      pages: os.library.pages.handler(({ input }) => rooms.documents.pages(input.documentId)),
      release: os.library.release.handler(({ input }) => releaseDocument(rooms, input.documentId)),
    },
    documents: {
      outline: os.documents.outline.handler(({ input }) => outlineOf(rooms.texts.get(input.documentId))),
      text: os.documents.text.handler(({ input: { documentId, start, end } }) =>
        rooms.texts.get(documentId).text.slice(start, Math.min(end, start + maxTextUnits)),
      ),
      choice: {
        get: os.documents.choice.get.handler(({ input }) => documentChoice(rooms, input.documentId)),
        set: os.documents.choice.set.handler(({ input }) =>
          changeDocumentChoice(rooms, input.documentId, input.changes),
        ),
        clear: os.documents.choice.clear.handler(({ input }) =>
          clearDocumentChoice(rooms, input.documentId, input.names),
        ),
      },
      tuning: os.documents.tuning.handler(({ input }) => rooms.documents.tuning(input.documentId)),
    },
    preflight: os.preflight.handler(({ input }) => preflight(rooms, input.documentId, input.pages)),
    plan: os.plan.handler(({ input }) => planFor(rooms, input.documentId, input.promptTokens, input.changes)),
    fitBudget: os.fitBudget.handler(({ input: { documentId, ...request } }) => fitBudget(rooms, documentId, request)),
    tune: os.tune.handler(({ input: { documentId, ...request }, signal }) =>
      tune(rooms, documentId, request).watch(signal),
    ),
    watchTuning: os.watchTuning.handler(({ input, signal }) => {
      const job = tuningJob(rooms, input.documentId);
      if (!job) throw new AppError('CLOSED', 'Nothing is being measured on this document.');
      return job.watch(signal);
    }),
    read: os.read.handler(({ input, signal }) =>
      readDocument(rooms, input.documentId, input.pages, { keep: input.keep }).watch(signal),
    ),
    clearKept: os.clearKept.handler(() => clearKept(rooms)),
    chats: {
      list: os.chats.list.handler(({ input }) => rooms.chats.list(input.documentId)),
      create: os.chats.create.handler(({ input }) => {
        rooms.documents.get(input.documentId);
        return rooms.chats.create(input.documentId);
      }),
      rename: os.chats.rename.handler(({ input }) => rooms.chats.rename(input.chatId, input.title)),
      remove: os.chats.remove.handler(async ({ input: { chatId } }) => {
        answeringJob(rooms, chatId)?.cancel();
        rooms.chats.remove(chatId);
        if (rooms.supervisor.state.state === 'ready')
          await rooms.supervisor.use((verbs) => rooms.session().closeChat(verbs, chatId));
      }),
      turns: os.chats.turns.handler(async ({ input: { chatId } }) => {
        // A window that opens requests many chats at once: each is answered in its own turn of the event loop, so that none blocks it for
        // long.
        await turnOfLoop.run(() => setImmediate());
        const { revision } = rooms.chats.get(chatId);
        return { turns: rooms.chats.turns(chatId), draft: rooms.chats.draft(chatId), revision };
      }),
      draft: os.chats.draft.handler(({ input }) => ({ draft: rooms.chats.draft(input.chatId) })),
      choose: os.chats.choose.handler(({ input }) => rooms.chats.choose(input.turnId)),
      fork: os.chats.fork.handler(({ input }) => rooms.chats.fork(input.turnId)),
      export: os.chats.export.handler(({ input }) => exportChat(rooms, input.chatId, input.format)),
      saveDraft: os.chats.saveDraft.handler(({ input }) => rooms.chats.saveDraft(input.chatId, input.draft)),
    },
    countTokens: os.countTokens.handler(async ({ input: { text } }) => ({
      tokens: await rooms.counter.countText(text),
    })),
    ask: os.ask.handler(({ input: { chatId, ...asked }, signal }) => ask(rooms, chatId, asked).watch(signal)),
    watch: os.watch.handler(({ input, signal }) => {
      const job = answeringJob(rooms, input.chatId);
      if (!job) throw new AppError('CLOSED', 'Nothing is being answered in this chat.');
      return job.watch(signal);
    }),
    cancel: os.cancel.handler(({ input }) => rooms.jobs.cancel(input.jobId)),
    pause: os.pause.handler(({ input }) => pauseReading(rooms, input.jobId)),
    resume: os.resume.handler(({ input }) => resumeReading(rooms, input.jobId)),
    documentMap: os.documentMap.handler(({ input }) => documentMapOf(rooms, input.turnId)),
    citations: os.citations.handler(({ input }) => citationsOf(rooms, input.turnId)),
    models: {
      list: os.models.list.handler(() => listModels(rooms)),
      use: os.models.use.handler(async ({ input }) => {
        await useModel(rooms, input.modelId);
        rooms.revisions.note('documents'); // tokens are counted differently now
      }),
      openInPlace: os.models.openInPlace.handler(({ input }) => openModelInPlace(rooms, input.grantId)),
      lookUp: os.models.lookUp.handler(({ input, signal }) =>
        lookUpRepository(rooms, input.address, signal ?? new AbortController().signal),
      ),
      addFromRepository: os.models.addFromRepository.handler(({ input, signal }) =>
        addFromRepository(rooms, input, signal ?? new AbortController().signal),
      ),
      browse: os.models.browse.handler(({ input }) => browseFolder(rooms.grants, input.grantId)),
      addFolder: os.models.addFolder.handler(({ input }) => rooms.models.addFolder(rooms.grants.pathOf(input.grantId))),
      forgetFolder: os.models.forgetFolder.handler(({ input }) => rooms.models.forgetFolder(input.folderId)),
      remove: os.models.remove.handler(({ input }) => removeModel(rooms, input.modelId)),
      download: os.models.download.handler(({ input }) => downloadModel(rooms, input.modelId)),
      pause: os.models.pause.handler(({ input }) => rooms.downloads.pause(input.modelId)),
      cancel: os.models.cancel.handler(({ input }) => rooms.downloads.cancel(rooms.models.catalogued(input.modelId))),
    },
    settings: {
      get: os.settings.get.handler(() => rooms.settings.get()),
      set: os.settings.set.handler(async ({ input }) => {
        const settings = rooms.settings.set(input);
        await rooms.settings.onChange?.();
        rooms.revisions.note('programs'); // their address may be another one now
        return settings;
      }),
      reset: os.settings.reset.handler(async ({ input }) => {
        const settings = rooms.settings.reset(input.names);
        await rooms.settings.onChange?.();
        rooms.revisions.note('programs'); // their address may be another one now
        return settings;
      }),
    },
    programs: {
      get: os.programs.get.handler(() => ({
        ...rooms.programs,
        keys: rooms.keys.list(),
        mcp: mcpConfiguration(rooms),
      })),
      createKey: os.programs.createKey.handler(({ input }) => rooms.keys.create(input.name)),
      revokeKey: os.programs.revokeKey.handler(({ input }) => rooms.keys.revoke(input.id)),
    },
    windows: {
      get: os.windows.get.handler(({ context }) => ({
        sessions: signedIn?.list() ?? [],
        own: context.session ?? null,
      })),
      signOut: os.windows.signOut.handler(({ input }) => signedIn?.revoke(input.id)),
    },
    ping: os.ping.handler(() => {}),
    languages: os.languages.handler(() => rooms.languages.list()),
    gpus: os.gpus.handler(() => rooms.supervisor.gpus()),
  });
}
