/** Reading a document into the engine, as a job. One at a time for each document; who asks twice watches the same one. */

import type { ReadStreamEvent } from '../../contract/app.ts';
import type { PageRange } from '../../contract/app-types.ts';
import { AppError } from '../../contract/errors.ts';
import { defaultSegment, defaultTile } from '../../contract/method.ts';
import type { App } from '../app.ts';
import { choiceFor, engineOptions, typicalQuestion } from '../planning/method-choice.ts';
import { keptFileFor } from '../planning/saved-caches.ts';
import { noteReading } from '../planning/speeds.ts';
import type { RunningJob } from './running-job.ts';
import { keepOnDisk } from './save-cache.ts';

/** `keep`: on disk afterwards. */
export function readDocument(
  app: App,
  documentId: string,
  pages: PageRange | null,
  keep: boolean = app.settings.get().keepRead,
): RunningJob<ReadStreamEvent> {
  const subject = { kind: 'reading' as const, documentId, chatId: null };
  const running = app.jobs.find(subject);
  if (running) return running as RunningJob<ReadStreamEvent>;
  const { text, pages: spans } = app.documents.text(documentId, pages);
  const choice = choiceFor(app, documentId);
  const { kvType, documentHome: home } = choice;
  return app.jobs.start<ReadStreamEvent>(subject, (job) =>
    app.supervisor.use(async (verbs) => {
      // Another page range, or another cache type: what was read before makes room first.
      await app.session().forgetDocument(verbs, documentId);
      const keptFile = keptFileFor(app, documentId, kvType, pages);
      const request = {
        ...(keptFile === undefined ? {} : { keptFile }),
        readingId: job.status.id,
        text,
        pages: spans,
        kvType,
        home,
        segment: defaultSegment,
        tile: defaultTile,
        planFor: { ...engineOptions(choice), question: typicalQuestion },
      };
      for await (const event of await verbs.readDocument(request, { signal: job.signal })) {
        if (event.type === 'progress') {
          job.progress(event);
          job.emit(event);
          continue;
        }
        app.session().addDocument(documentId, event, kvType, pages);
        const { nTokens: tokens, bytes, prefillMs: readMs, loaded, missed } = event;
        if (loaded) app.kept.used(documentId);
        else noteReading(app, event);
        // What cannot be used makes room for what can.
        if (missed !== null) app.kept.drop(documentId);
        job.emit({ type: 'done', tokens, bytes, readMs, loaded, missed });
        // Not waited for: questions may be asked meanwhile.
        if (keep && !loaded)
          void keepOnDisk(app, { documentId, engineDocumentId: event.documentId, tokens, kvType, pages });
        return;
      }
      throw new AppError('INTERNAL', 'The engine ended the reading without a result.');
    }),
  );
}

/** Nothing happens to a job that is over or no reading. */
export async function pauseReading(app: App, jobId: string): Promise<void> {
  const job = app.jobs.get(jobId);
  if (job?.status.kind !== 'reading' || job.status.phase === 'paused') return;
  const { done } = await app.supervisor.use((verbs) => verbs.pauseReading({ readingId: jobId }));
  job.status = { ...job.status, phase: 'paused', done, tokensPerSecond: 0, secondsLeft: null };
  app.changes.emit('change');
}

export async function resumeReading(app: App, jobId: string): Promise<void> {
  const job = app.jobs.get(jobId);
  if (job?.status.phase !== 'paused') return;
  job.status = { ...job.status, phase: 'waiting' };
  await app.supervisor.use((verbs) => verbs.resumeReading({ readingId: jobId }));
  app.changes.emit('change');
}
