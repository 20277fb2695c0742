/** The window's contract, verb by verb. Every failure leaves as a code of errors.ts and a sentence; a lack of memory with its numbers. */
import { setImmediate } from 'node:timers/promises';
import { implement } from '@orpc/server';
import { appContract, maxTextUnits } from '../../contract/app.ts';
import { AppError } from '../../contract/errors.ts';
import { Queue } from '../../hosts/queue.ts';
import { rpcErrors } from '../../hosts/rpc-errors.ts';
import { about, ownVersion } from '../about.ts';
import type { App } from '../app.ts';
import { citationsOf } from '../citations/answer-citations.ts';
import { documentMapOf } from '../citations/document-map.ts';
import { addGranted, addUpload, readAnew } from '../documents/add-document.ts';
import { fileOf, outlineOf } from '../documents/document-texts.ts';
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
import { telemetry } from './telemetry.ts';

export function appRouter(app: App) {
  const turnOfLoop = new Queue();
  const os = implement(appContract).use(rpcErrors(failureForWindow));
  return os.router({
    telemetry: os.telemetry.handler(({ signal }) => telemetry(app, signal)),
    restartEngine: os.restartEngine.handler(() => app.supervisor.reopen()),
    about: os.about.handler(about),
    report: os.report.handler(async () => logReport(app.dataDir, await ownVersion())),
    noteFailure: os.noteFailure.handler(({ input }) => logUnforeseen('The window', Object.assign(new Error(), input))),
    library: {
      list: os.library.list.handler(() => app.documents.list(app.counter.countedWith)),
      grants: os.library.grants.handler(() => app.grants.offered()),
      notices: os.library.notices.handler(() => [...app.notices]),
      addUpload: os.library.addUpload.handler(({ input: { uploadId, ...how }, signal }) =>
        addUpload(app, uploadId, { ...how, signal }),
      ),
      addGranted: os.library.addGranted.handler(({ input: { grantId, ...how }, signal }) =>
        addGranted(app, grantId, { ...how, signal }),
      ),
      readAnew: os.library.readAnew.handler(({ input: { documentId, ...how }, signal }) =>
        readAnew(app, documentId, { ...how, signal }),
      ),
      search: os.library.search.handler(({ input }) => app.search.find(input.query)),
      join: os.library.join.handler(({ input }) => joinOfLibrary(app, input.documentIds)),
      rename: os.library.rename.handler(({ input }) => app.documents.rename(input.documentId, input.name)),
      remove: os.library.remove.handler(({ input }) => removeDocument(app, input.documentId)),
      pages: os.library.pages.handler(({ input }) => app.documents.pages(input.documentId)),
      release: os.library.release.handler(({ input }) => releaseDocument(app, input.documentId)),
    },
    documents: {
      outline: os.documents.outline.handler(({ input }) => outlineOf(app.texts.get(input.documentId))),
      text: os.documents.text.handler(({ input: { documentId, start, end } }) =>
        app.texts.get(documentId).text.slice(start, Math.min(end, start + maxTextUnits)),
      ),
      file: os.documents.file.handler(({ input }) => fileOf(app, input.documentId)),
      choice: {
        get: os.documents.choice.get.handler(({ input }) => documentChoice(app, input.documentId)),
        set: os.documents.choice.set.handler(({ input }) => changeDocumentChoice(app, input.documentId, input.changes)),
        clear: os.documents.choice.clear.handler(({ input }) =>
          clearDocumentChoice(app, input.documentId, input.names),
        ),
      },
      tuning: os.documents.tuning.handler(({ input }) => app.documents.tuning(input.documentId)),
    },
    preflight: os.preflight.handler(({ input }) => preflight(app, input.documentId, input.pages)),
    plan: os.plan.handler(({ input }) => planFor(app, input.documentId, input.promptTokens, input.changes)),
    fitBudget: os.fitBudget.handler(({ input: { documentId, ...wish } }) => fitBudget(app, documentId, wish)),
    tune: os.tune.handler(({ input: { documentId, ...wish }, signal }) => tune(app, documentId, wish).watch(signal)),
    watchTuning: os.watchTuning.handler(({ input, signal }) => {
      const job = tuningJob(app, input.documentId);
      if (!job) throw new AppError('CLOSED', 'Nothing is being measured on this document.');
      return job.watch(signal);
    }),
    read: os.read.handler(({ input, signal }) =>
      readDocument(app, input.documentId, input.pages, input.keep).watch(signal),
    ),
    clearKept: os.clearKept.handler(() => clearKept(app)),
    chats: {
      list: os.chats.list.handler(({ input }) => app.chats.list(input.documentId)),
      create: os.chats.create.handler(({ input }) => {
        app.documents.get(input.documentId);
        return app.chats.create(input.documentId);
      }),
      rename: os.chats.rename.handler(({ input }) => app.chats.rename(input.chatId, input.title)),
      remove: os.chats.remove.handler(async ({ input: { chatId } }) => {
        answeringJob(app, chatId)?.cancel();
        app.chats.remove(chatId);
        if (app.supervisor.state.state === 'ready')
          await app.supervisor.use((verbs) => app.session().closeChat(verbs, chatId));
      }),
      turns: os.chats.turns.handler(async ({ input: { chatId } }) => {
        // A window that opens asks for many chats at once: each is answered in a turn of the event loop of its own.
        await turnOfLoop.run(() => setImmediate());
        app.chats.get(chatId);
        return { turns: app.chats.turns(chatId), draft: app.chats.draft(chatId) };
      }),
      choose: os.chats.choose.handler(({ input }) => app.chats.choose(input.turnId)),
      fork: os.chats.fork.handler(({ input }) => app.chats.fork(input.turnId)),
      export: os.chats.export.handler(({ input }) => exportChat(app, input.chatId, input.format)),
      saveDraft: os.chats.saveDraft.handler(({ input }) => app.chats.saveDraft(input.chatId, input.draft)),
    },
    countTokens: os.countTokens.handler(async ({ input: { text } }) => ({
      tokens: await app.counter.countText(text),
    })),
    ask: os.ask.handler(({ input: { chatId, ...asked }, signal }) => ask(app, chatId, asked).watch(signal)),
    watch: os.watch.handler(({ input, signal }) => {
      const job = answeringJob(app, input.chatId);
      if (!job) throw new AppError('CLOSED', 'Nothing is being answered in this chat.');
      return job.watch(signal);
    }),
    cancel: os.cancel.handler(({ input }) => app.jobs.cancel(input.jobId)),
    pause: os.pause.handler(({ input }) => pauseReading(app, input.jobId)),
    resume: os.resume.handler(({ input }) => resumeReading(app, input.jobId)),
    documentMap: os.documentMap.handler(({ input }) => documentMapOf(app, input.turnId)),
    citations: os.citations.handler(({ input }) => citationsOf(app, input.turnId)),
    models: {
      list: os.models.list.handler(() => listModels(app)),
      use: os.models.use.handler(({ input }) => useModel(app, input.modelId)),
      openInPlace: os.models.openInPlace.handler(({ input }) => openModelInPlace(app, input.grantId)),
      lookUp: os.models.lookUp.handler(({ input, signal }) =>
        lookUpRepository(app, input.address, signal ?? new AbortController().signal),
      ),
      addFromRepository: os.models.addFromRepository.handler(({ input, signal }) =>
        addFromRepository(app, input, signal ?? new AbortController().signal),
      ),
      browse: os.models.browse.handler(({ input }) => browseFolder(app.grants, input.grantId)),
      addFolder: os.models.addFolder.handler(({ input }) => app.models.addFolder(app.grants.pathOf(input.grantId))),
      forgetFolder: os.models.forgetFolder.handler(({ input }) => app.models.forgetFolder(input.folderId)),
      remove: os.models.remove.handler(({ input }) => removeModel(app, input.modelId)),
      download: os.models.download.handler(({ input }) => downloadModel(app, input.modelId)),
      pause: os.models.pause.handler(({ input }) => app.downloads.pause(input.modelId)),
      cancel: os.models.cancel.handler(({ input }) => app.downloads.cancel(app.models.catalogued(input.modelId))),
    },
    settings: {
      get: os.settings.get.handler(() => app.settings.get()),
      set: os.settings.set.handler(async ({ input }) => {
        const settings = app.settings.set(input);
        await app.settings.onChange?.();
        return settings;
      }),
      reset: os.settings.reset.handler(async ({ input }) => {
        const settings = app.settings.reset(input.names);
        await app.settings.onChange?.();
        return settings;
      }),
    },
    programs: {
      get: os.programs.get.handler(() => ({
        ...app.programs,
        keys: app.keys.list(),
        mcp: mcpConfiguration(app.dataDir),
      })),
      createKey: os.programs.createKey.handler(({ input }) => app.keys.create(input.name)),
      revokeKey: os.programs.revokeKey.handler(({ input }) => app.keys.revoke(input.id)),
    },
    languages: os.languages.handler(() => app.languages.list()),
    gpus: os.gpus.handler(() => app.supervisor.gpus()),
  });
}
