/** A model that is being downloaded: progress, speed, time left, and why it stopped. */
import type { Download } from '../../../electron/contract/models.ts';
import { bytes, percentDone, seconds } from '../../format.ts';
import { cancelDownload, downloadModel, pauseDownload } from '../../stores/models.ts';
import { Button } from '../../ui/button.tsx';
import { Problem } from '../../ui/problem.tsx';
import { ProgressBar } from '../../ui/progress-bar.tsx';

export function DownloadProgress({ download, title }: { download: Download; title: string }) {
  const { modelId, phase, done, total, failure } = download;
  const goOn = () => void downloadModel(modelId);
  const cancel = () => void cancelDownload(modelId);
  if (phase === 'failed')
    return (
      <Problem message={failure?.message ?? 'The download stopped.'}>
        <Button kind="primary" onClick={goOn}>
          {done > 0 ? 'Go on' : 'Download again'}
        </Button>
        <Button onClick={cancel}>{done > 0 ? `Discard ${bytes(done)}` : 'Leave it'}</Button>
      </Problem>
    );
  return (
    <div className="space-y-2">
      <ProgressBar value={done / total} label={`${phase === 'checking' ? 'Checking' : 'Downloading'} ${title}`} />
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p className="tabular text-muted" data-testid={`download-${modelId}`}>
          {progressWords(download)}
        </p>
        <div className="flex shrink-0 gap-2">
          {phase === 'downloading' && (
            <Button aria-label={`Pause ${title}`} onClick={() => void pauseDownload(modelId)}>
              Pause
            </Button>
          )}
          {phase === 'paused' && (
            <Button kind="primary" aria-label={`Go on with ${title}`} onClick={goOn}>
              Go on
            </Button>
          )}
          <Button aria-label={`Cancel ${title}`} onClick={cancel}>
            Cancel
          </Button>
        </div>
      </div>
    </div>
  );
}

export function progressWords({ phase, done, total, bytesPerSecond, secondsLeft, isDeclared }: Download): string {
  const share = percentDone(done, total);
  const size = `${bytes(done)} of ${bytes(total)}`;
  const whose = isDeclared ? 'the SHA-256 that the server declares' : "the publisher's SHA-256";
  if (phase === 'checking') return `Comparing it with ${whose}, ${share}`;
  if (phase === 'paused') return `Paused at ${share}, ${size} are here and stay`;
  const rate = bytesPerSecond > 0 ? `, ${bytes(bytesPerSecond)}/s` : '';
  return `${share}, ${size}${rate}${secondsLeft === null ? '' : `, ${seconds(secondsLeft)} left`}`;
}
