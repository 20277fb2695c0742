/** Always in sight: memory, model, method, what the engine is doing. A click on memory opens the panel. */
import { Settings as SettingsIcon } from 'lucide-react';
import { bytes, count, deviceName, percentDone, plural, speed } from '../../format.ts';
import { modeNames } from '../../mode-names.ts';
import { useDocumentChoice } from '../../stores/document-choice.ts';
import { useEngine } from '../../stores/engine.ts';
import { selectDownloads } from '../../stores/models.ts';
import { useSettings } from '../../stores/settings.ts';
import { openInspector, openModels, setSettingsOpen, useUi } from '../../stores/ui.ts';
import { IconButton } from '../../ui/button.tsx';

export function StatusBar() {
  const telemetry = useEngine((state) => state.telemetry);
  const settings = useSettings((state) => state.settings);
  const ofDocument = useDocumentChoice((state) => state.choice);
  const choice = ofDocument ?? settings;
  const connection = useUi((state) => state.connection);
  const isLibraryOpening = useUi((state) => state.waitedFor !== null);
  const engine = telemetry?.engine;
  const job = telemetry?.jobs[0];
  const used = telemetry?.engineBytes ?? null;
  const state =
    connection === 'lost'
      ? 'Connection lost, trying again'
      : isLibraryOpening
        ? 'Opening the library'
        : !engine || engine.state === 'starting'
          ? 'Opening the model'
          : engine.state === 'restarting'
            ? 'The engine stopped and is starting again'
            : engine.state === 'failed'
              ? 'The engine is not running'
              : job?.phase === 'reading'
                ? `Reading, ${percentDone(job.done, job.total)}${job.tokensPerSecond > 0 ? `, ${speed(job.tokensPerSecond)}` : ''}`
                : job?.phase === 'loading'
                  ? 'Loading from disk'
                  : job?.phase === 'paused'
                    ? 'Reading is paused'
                    : job?.kind === 'tuning'
                      ? `Tuning${job.total > 0 ? `, ${job.done} of ${job.total} measured` : ''}`
                      : job
                        ? 'Answering'
                        : 'Ready';
  return (
    <footer className="flex h-8 shrink-0 whitespace-nowrap items-center gap-4 border-t border-line bg-chrome pr-1 pl-4 text-note text-muted">
      {telemetry && used !== null && (
        <button
          type="button"
          onClick={openInspector}
          title="Open the KV cache panel"
          className="tabular flex items-center gap-2 rounded hover:text-ink"
        >
          <span>
            Engine {bytes(used)} of {bytes(telemetry.machineBytes)}
          </span>
          <Gauge share={used / telemetry.machineBytes} />
        </button>
      )}
      {engine && (
        <button
          type="button"
          onClick={openModels}
          title="Open the models"
          className="max-w-[28ch] truncate rounded hover:text-ink max-[900px]:hidden"
        >
          {engine.modelFile.title}
          {engine.model && `, ${deviceName(engine.model.device)}`}
        </button>
      )}
      <Downloads />
      {choice && (
        <span className="max-[640px]:hidden">
          {modeNames[choice.mode]}
          {choice.mode === 'full' ? '' : ` ${count(choice.tokenBudget)}`}
        </span>
      )}
      <span role="status" className="tabular ml-auto truncate" data-testid="engine-state">
        {state}
      </span>
      <IconButton label="Settings (Ctrl+,)" onClick={() => setSettingsOpen(true)}>
        <SettingsIcon size={14} aria-hidden />
      </IconButton>
    </footer>
  );
}

/** Downloads are shown here, because the Models dialog may be closed. */
function Downloads() {
  const running = useEngine(selectDownloads).filter(({ phase }) => phase === 'downloading' || phase === 'checking');
  if (running.length === 0) return null;
  const sum = (part: 'done' | 'total') => running.reduce((total, download) => total + download[part], 0);
  return (
    <button
      type="button"
      onClick={openModels}
      title="Open the models"
      className="rounded hover:text-ink max-[640px]:hidden"
    >
      Downloading {running.length === 1 ? 'a model' : plural(running.length, 'model')},{' '}
      {percentDone(sum('done'), sum('total'))}
    </button>
  );
}

/** Amber from 75 %, red from 90 %, grey below; the number beside it says the same without colour. */
function Gauge({ share }: { share: number }) {
  const color = share >= 0.9 ? 'var(--danger)' : share >= 0.75 ? 'var(--warn)' : 'var(--part-weights)';
  return (
    <span aria-hidden className="inline-block h-1.5 w-16 overflow-hidden rounded-full bg-line">
      <span className="block h-full" style={{ width: `${Math.min(100, share * 100)}%`, background: color }} />
    </span>
  );
}
