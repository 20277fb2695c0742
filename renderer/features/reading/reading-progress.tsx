/** While a document is read: progress, speed, time left, and buttons to pause and to cancel. */
import type { Job } from '../../../electron/contract/app-types.ts';
import { count, percentDone, seconds, speed } from '../../format.ts';
import { cancelJob, pauseJob, resumeJob } from '../../stores/engine.ts';
import { Button } from '../../ui/button.tsx';
import { ProgressBar } from '../../ui/progress-bar.tsx';

export function ReadingProgress({ job, name }: { job: Job; name: string }) {
  const share = job.total > 0 ? job.done / job.total : 0;
  const isLoading = job.phase === 'loading';
  const isPaused = job.phase === 'paused';
  const isWaiting = job.phase === 'waiting' || job.total === 0;
  return (
    <section aria-label="Reading" className="rounded-xl border border-line bg-raised p-5">
      <div className="flex items-baseline justify-between gap-4">
        <h2 className="min-w-0 truncate text-prose font-[620]">
          {isPaused ? 'Paused' : isLoading ? 'Loading from disk' : 'Reading'} {name}
        </h2>
        <span className="tabular text-prose">{isWaiting ? '' : percentDone(job.done, job.total)}</span>
      </div>
      <div className="mt-3">
        <ProgressBar value={share} label={`${isLoading ? 'Loading' : 'Reading'} ${name}`} />
      </div>
      <div className="mt-2 flex items-center justify-between gap-4">
        <p className="tabular text-muted">
          {isPaused
            ? `${count(job.done)} of ${count(job.total)} tokens are read and stay.`
            : isWaiting
              ? 'Waiting for the engine.'
              : isLoading
                ? `${count(job.done)} of ${count(job.total)} tokens, read before.`
                : `${count(job.done)} of ${count(job.total)} tokens${job.tokensPerSecond > 0 ? `, ${speed(job.tokensPerSecond)}` : ''}${job.secondsLeft === null ? '' : `, ${seconds(job.secondsLeft)} left`}`}
        </p>
        <div className="flex shrink-0 gap-2">
          {isPaused ? (
            <Button kind="primary" onClick={() => void resumeJob(job.id)}>
              Go on
            </Button>
          ) : (
            <Button onClick={() => void pauseJob(job.id)}>Pause</Button>
          )}
          <Button onClick={() => void cancelJob(job.id)}>Cancel</Button>
        </div>
      </div>
      <p className="mt-3 text-note leading-4 text-muted">
        {isLoading
          ? 'What the model read before is brought back into memory. If it is damaged the text is read again.'
          : 'The model reads the whole text once. Questions then start from what it has read. Cancelling discards what was read so far.'}
      </p>
    </section>
  );
}
