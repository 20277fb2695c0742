/** The jobs that wait for the engine or run on it, which the window can watch and cancel. */
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { maxJobs } from '../../contract/app.ts';
import type { Job } from '../../contract/app-types.ts';
import { AppError } from '../../contract/errors.ts';
import { RunningJob } from './running-job.ts';

const noticeMs = 3000;

type Subject = Pick<Job, 'kind' | 'documentId' | 'chatId'>;

export class Jobs {
  readonly #jobs = new Map<string, RunningJob<unknown>>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get list(): Job[] {
    return [...this.#jobs.values()].map((job) => job.status);
  }

  find(subject: Subject): RunningJob<unknown> | undefined {
    return [...this.#jobs.values()].find(
      ({ status }) =>
        status.kind === subject.kind && status.documentId === subject.documentId && status.chatId === subject.chatId,
    );
  }

  /** Starts `work`; the job is removed from the list when it is over. */
  start<Event>(subject: Subject, work: (job: RunningJob<Event>) => Promise<void>): RunningJob<Event> {
    if (this.#jobs.size >= maxJobs)
      throw new AppError('BUSY', `${maxJobs} jobs are waiting already. Let one finish first.`);
    const progress = { phase: 'waiting' as const, done: 0, total: 0, tokensPerSecond: 0, secondsLeft: null };
    const job = new RunningJob<Event>({ id: randomUUID(), ...subject, ...progress, startedAt: Date.now() });
    this.#jobs.set(job.status.id, job);
    this.#onChange();
    void work(job).then(
      () => this.#end(job),
      (error) => this.#end(job, error),
    );
    return job;
  }

  get(id: string): RunningJob<unknown> | undefined {
    return this.#jobs.get(id);
  }

  cancel(id: string): void {
    this.#jobs.get(id)?.cancel();
  }

  cancelOf(documentId: string): void {
    for (const job of this.#jobs.values()) if (job.status.documentId === documentId) job.cancel();
  }

  /** Resolves when all jobs are over, or after a limited time. */
  async cancelAll(): Promise<void> {
    const jobs = [...this.#jobs.values()];
    for (const job of jobs) job.cancel();
    const late = new AbortController();
    const over = Promise.all(jobs.map((job) => job.over)).finally(() => late.abort());
    await Promise.race([over, setTimeout(noticeMs, undefined, { signal: late.signal }).catch(() => {})]);
  }

  #end(job: RunningJob<never> | RunningJob<unknown>, error?: unknown): void {
    this.#jobs.delete(job.status.id);
    this.#onChange();
    job.end(error);
  }
}
