/** Always in sight: memory, model, method, what the engine is doing. A click on memory opens the panel. */
import { Settings as SettingsIcon } from 'lucide-react';
import type { Telemetry } from '../../../electron/contract/app-types.ts';
import { bytes, count, deviceName, percentDone, plural, speed } from '../../format.ts';
import { modeNames } from '../../mode-names.ts';
import { useDocumentChoice } from '../../stores/document-choice.ts';
import { selectEngine, useEngine } from '../../stores/engine.ts';
import { selectDownloads } from '../../stores/models.ts';
import { useSettings } from '../../stores/settings.ts';
import { openInspector, openModels, setSettingsOpen, useUi } from '../../stores/ui.ts';
import { IconButton } from '../../ui/button.tsx';

export function StatusBar() {
  const settings = useSettings((state) => state.settings);
  const ofDocument = useDocumentChoice((state) => state.choice);
  const choice = ofDocument ?? settings;
  const engine = useEngine(selectEngine);
  return (
    <footer className="flex h-8 shrink-0 whitespace-nowrap items-center gap-4 border-t border-line bg-chrome pr-1 pl-4 text-note text-muted">
      <EngineMemory />
      {engine && (
        <button
          type="button"
          onClick={openModels}
          title="Open the models"
          className="max-w-[44ch] truncate rounded hover:text-ink max-[900px]:hidden"
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
      <EngineState />
      <IconButton label="Settings (Ctrl+,)" onClick={() => setSettingsOpen(true)}>
        <SettingsIcon size={14} aria-hidden />
      </IconButton>
    </footer>
  );
}

function EngineMemory() {
  const used = useEngine(({ telemetry }) => telemetry?.engineBytes ?? null);
  const machineBytes = useEngine(({ telemetry }) => telemetry?.machineBytes ?? 0);
  if (used === null) return null;
  return (
    <button
      type="button"
      onClick={openInspector}
      title="Open the KV cache panel"
      className="tabular flex items-center gap-2 rounded hover:text-ink"
    >
      <span>
        Engine {bytes(used)} of {bytes(machineBytes)}
      </span>
      <Gauge share={used / machineBytes} />
    </button>
  );
}

function EngineState() {
  const connection = useUi((state) => state.connection);
  const isLibraryOpening = useUi((state) => state.waitedFor !== null);
  const state = useEngine(({ telemetry }) => engineWords(telemetry));
  return (
    <span role="status" className="tabular ml-auto truncate" data-testid="engine-state">
      {connection === 'lost' ? 'Connection lost, trying again' : isLibraryOpening ? 'Opening the library' : state}
    </span>
  );
}

function engineWords(telemetry: Telemetry | null): string {
  const engine = telemetry?.engine;
  const job = telemetry?.jobs[0];
  if (!engine || engine.state === 'starting') return 'Opening the model';
  if (engine.state === 'restarting') return 'The engine stopped and is starting again';
  if (engine.state === 'failed') return 'The engine is not running';
  if (!job) return 'Ready';
  if (job.phase === 'reading')
    return `Reading, ${percentDone(job.done, job.total)}${job.tokensPerSecond > 0 ? `, ${speed(job.tokensPerSecond)}` : ''}`;
  if (job.phase === 'loading') return 'Loading from disk';
  if (job.phase === 'paused') return 'Reading is paused';
  if (job.kind === 'tuning') return `Tuning${job.total > 0 ? `, ${job.done} of ${job.total} measured` : ''}`;
  return 'Answering';
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
