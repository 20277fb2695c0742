/** Always in sight: memory, model, method, what the engine is doing. A click on memory opens the panel. */
import { Settings as SettingsIcon } from 'lucide-react';
import { bytes, count, deviceName, speed } from '../../format.ts';
import { modeNames } from '../../mode-names.ts';
import { useEngine } from '../../stores/engine.ts';
import { useSettings } from '../../stores/settings.ts';
import { openInspector, setSettingsOpen, useUi } from '../../stores/ui.ts';
import { IconButton } from '../../ui/button.tsx';

export function StatusBar() {
  const telemetry = useEngine((state) => state.telemetry);
  const settings = useSettings((state) => state.settings);
  const connection = useUi((state) => state.connection);
  const engine = telemetry?.engine;
  const job = telemetry?.jobs[0];
  const used = telemetry?.engineBytes ?? null;
  const state =
    connection === 'lost'
      ? 'Connection lost, trying again'
      : !engine || engine.state === 'starting'
        ? 'Opening the model'
        : engine.state === 'restarting'
          ? 'The engine stopped and is starting again'
          : engine.state === 'failed'
            ? 'The engine is not running'
            : job?.phase === 'reading'
              ? `Reading, ${job.total > 0 ? Math.floor((job.done / job.total) * 100) : 0} %${job.tokensPerSecond > 0 ? `, ${speed(job.tokensPerSecond)}` : ''}`
              : job?.phase === 'paused'
                ? 'Reading is paused'
                : job
                  ? 'Answering'
                  : 'Ready';
  return (
    <footer className="tabular flex h-8 shrink-0 whitespace-nowrap items-center gap-4 border-t border-line bg-chrome pr-1 pl-4 text-[12px] text-muted">
      {telemetry && used !== null && (
        <button
          type="button"
          onClick={openInspector}
          title="Open the KV cache panel"
          className="flex items-center gap-2 rounded hover:text-ink"
        >
          <span>
            Engine {bytes(used)} of {bytes(telemetry.machineBytes)}
          </span>
          <Gauge share={used / telemetry.machineBytes} />
        </button>
      )}
      {engine?.model && (
        <span className="max-[900px]:hidden">
          {engine.modelFile.title}, {deviceName(engine.model.device)}
        </span>
      )}
      {settings && (
        <span className="max-[640px]:hidden">
          {modeNames[settings.mode]}
          {settings.mode === 'full' ? '' : ` ${count(settings.tokenBudget)}`}
        </span>
      )}
      <span role="status" className="ml-auto truncate" data-testid="engine-state">
        {state}
      </span>
      <IconButton label="Settings (Ctrl+,)" onClick={() => setSettingsOpen(true)}>
        <SettingsIcon size={14} aria-hidden />
      </IconButton>
    </footer>
  );
}

/** Grey, from 75 % amber, from 90 % red; the number beside it says the same. */
function Gauge({ share }: { share: number }) {
  const color = share >= 0.9 ? 'var(--danger)' : share >= 0.75 ? 'var(--warn)' : 'var(--part-weights)';
  return (
    <span aria-hidden className="inline-block h-1.5 w-16 overflow-hidden rounded-full bg-line">
      <span className="block h-full" style={{ width: `${Math.min(100, share * 100)}%`, background: color }} />
    </span>
  );
}
