/** Shown until the library is open: says what is waited for, and how far it is where that is known. */
import { useUi } from './stores/ui.ts';
import { ProgressBar } from './ui/progress-bar.tsx';

export function Connecting() {
  const waitedFor = useUi((ui) => ui.waitedFor);
  const percent = waitedFor?.percent ?? null;
  return (
    <div className="p-8 text-center text-muted">
      <p role="status">{waitedFor?.sentence ?? 'Connecting to RocketDoc on this machine.'}</p>
      {percent !== null && (
        <div className="mx-auto mt-4 grid w-[min(360px,80vw)] grid-cols-[1fr_auto] items-center gap-3">
          <ProgressBar value={percent / 100} label="Opening the library" />
          <span className="tabular w-10 text-right text-note">{percent} %</span>
        </div>
      )}
    </div>
  );
}
