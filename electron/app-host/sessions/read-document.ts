/** Reads a document into the engine, as a job. There is at most one reading of a document; a second call watches the same one. */

import type { ReadStreamEvent } from '../../contract/app.ts';
import type { PageRange } from '../../contract/app-types.ts';
import { AppError } from '../../contract/errors.ts';
import { defaultSegment, defaultTile, type Effort } from '../../contract/method.ts';
import { choiceFor, effortOf, engineOptions, typicalQuestion } from '../planning/method-choice.ts';
import { keptFileFor } from '../planning/saved-caches.ts';
import { noteReading } from '../planning/speeds.ts';
import type { SessionsNeeds } from './needs.ts';
import type { RunningJob } from './running-job.ts';
import { keepOnDisk } from './save-cache.ts';

interface ReadOptions {
  /** Whether to keep the document on disk afterwards; undefined: as the settings say. */
  keep?: boolean | undefined;
  /** undefined: the document's own, or that of the settings. */
  effort?: Effort | undefined;
}

export function readDocument(
  rooms: SessionsNeeds,
  documentId: string,
  pages: PageRange | null,
  { keep = rooms.settings.get().keepRead, effort }: ReadOptions = {},
): RunningJob<ReadStreamEvent> {
  const subject = { kind: 'reading' as const, documentId, chatId: null };
  const running = rooms.jobs.find(subject);
  if (running) return running as RunningJob<ReadStreamEvent>;
  const { text, pages: spans } = rooms.documents.text(documentId, pages);
  const choice = choiceFor(rooms, documentId, { effort });
  const { kvType, documentHome: home } = choice;
  return rooms.jobs.start<ReadStreamEvent>(subject, (job) =>
    rooms.supervisor.use(async (verbs) => {
      // It was read with another page range, cache type or effort: that is freed first.
      await rooms.session().forgetDocument(verbs, documentId);
      const readAs = { kvType, effort: effortOf(rooms, choice), pages };
      const kept = keptFileFor(rooms, documentId, readAs);
      const request = {
        ...(kept ? { keptFile: rooms.kept.pathOf(documentId, kept.key) } : {}),
        readingId: job.status.id,
        text,
        pages: spans,
        kvType,
        home,
        effort: readAs.effort,
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
        rooms.session().addDocument(documentId, event, readAs);
        const { nTokens: tokens, bytes, prefillMs: readMs, loaded, missed } = event;
        if (kept && loaded) rooms.kept.used(documentId, kept.key);
        else noteReading(rooms, event);
        // A kept file that could not be used is deleted.
        if (kept && missed !== null) rooms.kept.drop(documentId, kept.key);
        job.emit({ type: 'done', tokens, bytes, readMs, loaded, missed });
        // Not awaited, so that questions can be asked meanwhile.
        if (keep && !loaded) void keepOnDisk(rooms, { documentId, engineDocumentId: event.documentId, tokens, readAs });
        return;
      }
      throw new AppError('INTERNAL', 'The engine ended the reading without a result.');
    }),
  );
}

/** Does nothing if the job is over or not a reading. */
export async function pauseReading(rooms: SessionsNeeds, jobId: string): Promise<void> {
  const job = rooms.jobs.get(jobId);
  if (job?.status.kind !== 'reading' || job.status.phase === 'paused') return;
  const { done } = await rooms.supervisor.use((verbs) => verbs.pauseReading({ readingId: jobId }));
  job.status = { ...job.status, phase: 'paused', done, tokensPerSecond: 0, secondsLeft: null };
  rooms.changes.emit('change');
}

export async function resumeReading(rooms: SessionsNeeds, jobId: string): Promise<void> {
  const job = rooms.jobs.get(jobId);
  if (job?.status.phase !== 'paused') return;
  job.status = { ...job.status, phase: 'waiting' };
  await rooms.supervisor.use((verbs) => verbs.resumeReading({ readingId: jobId }));
  rooms.changes.emit('change');
}
