/** What a person may choose, each with the sentence that says what it changes and when. */
import type { AnswerMode } from '../../../electron/contract/method.ts';
import { restartEngine, selectEngine, useEngine } from '../../stores/engine.ts';
import { changeSettings, useSettings } from '../../stores/settings.ts';
import { setSettingsOpen, useUi } from '../../stores/ui.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { controlClass, Field, Select } from '../../ui/field.tsx';

const modes: { value: AnswerMode; label: string; hint: string }[] = [
  {
    value: 'rocketkv-mt',
    label: 'RocketKV-MT',
    hint: 'Each question chooses its own rows of the document; the whole stays in memory for the next one.',
  },
  {
    value: 'rocketkv',
    label: 'RocketKV',
    hint: 'The first question chooses the rows that are kept. Later questions see only those.',
  },
  { value: 'full', label: 'Full KV', hint: 'Reads every row: the baseline, slowest on long documents.' },
  {
    value: 'snapkv',
    label: 'SnapKV (stage 1 only)',
    hint: 'For comparison: rows are chosen once, all of them are read.',
  },
  { value: 'hsa', label: 'HSA (stage 2 only)', hint: 'For comparison: every row is kept, a part is read.' },
];

export function SettingsDialog() {
  const open = useUi((state) => state.settingsOpen);
  const settings = useSettings((state) => state.settings);
  const engine = useEngine(selectEngine);
  if (!settings) return null;
  const { mode, preset, kvType, maxNew, threads, theme, tokenBudget } = settings;
  const runsWith = engine?.model?.threads;
  const isOtherThreads = runsWith !== undefined && threads !== 0 && threads !== runsWith;
  return (
    <Dialog title="Settings" open={open} onClose={() => setSettingsOpen(false)} wide>
      <div className="divide-y divide-line">
        <Field label="Mode" hint={modes.find((entry) => entry.value === mode)?.hint ?? 'For inspection.'}>
          {(ids) => (
            <Select {...ids} value={mode} options={modes} onChange={(next) => void changeSettings({ mode: next })} />
          )}
        </Field>
        <Field
          label="Token budget"
          hint="Rows read for each token and KV head. The panel's slider shows what a value means."
        >
          {(ids) => (
            <NumberInput
              {...ids}
              value={tokenBudget}
              min={16}
              max={16_777_216}
              onChange={(next) => void changeSettings({ tokenBudget: next })}
            />
          )}
        </Field>
        {engine && engine.presets.length > 1 && (
          <Field
            label="Selection"
            hint={
              preset === 'paper'
                ? 'As published: page summaries and max pooling.'
                : 'Key codes and triangle pooling: fewer bytes for the same answer.'
            }
          >
            {(ids) => (
              <Select
                {...ids}
                value={preset}
                options={engine.presets.map((value) => ({ value, label: value === 'paper' ? 'Paper' : 'Coded' }))}
                onChange={(next) => void changeSettings({ preset: next })}
              />
            )}
          </Field>
        )}
        <Field
          label="Document KV type"
          hint="q8_0 takes about half the memory of f16. Applies when a document is read."
        >
          {(ids) => (
            <Select
              {...ids}
              value={kvType}
              options={[
                { value: 'f16', label: 'f16' },
                { value: 'q8_0', label: 'q8_0' },
              ]}
              onChange={(next) => void changeSettings({ kvType: next })}
            />
          )}
        </Field>
        <Field label="Longest answer" hint="In tokens. This room is kept free in the model's context.">
          {(ids) => (
            <NumberInput
              {...ids}
              value={maxNew}
              min={16}
              max={8192}
              onChange={(next) => void changeSettings({ maxNew: next })}
            />
          )}
        </Field>
        <Field
          label="Threads"
          hint={
            <>
              0 chooses for this machine. Applies when the engine starts
              {runsWith === undefined ? '' : `; it runs with ${runsWith} now`}.
            </>
          }
        >
          {(ids) => (
            <div className="flex items-center gap-2">
              {isOtherThreads && <Button onClick={() => void restartEngine()}>Restart the engine</Button>}
              <NumberInput
                {...ids}
                value={threads}
                min={0}
                max={256}
                onChange={(next) => void changeSettings({ threads: next })}
              />
            </div>
          )}
        </Field>
        <Field label="Theme">
          {(ids) => (
            <Select
              {...ids}
              value={theme}
              options={[
                { value: 'system', label: 'Like the system' },
                { value: 'light', label: 'Light' },
                { value: 'dark', label: 'Dark' },
              ]}
              onChange={(next) => void changeSettings({ theme: next })}
            />
          )}
        </Field>
      </div>
      {isOtherThreads && (
        <p className="mt-2 text-[12px] leading-4 text-muted">
          Restarting frees the documents in memory; they must be read again.
        </p>
      )}
    </Dialog>
  );
}

interface NumberInputProps {
  id: string;
  'aria-describedby': string | undefined;
  value: number;
  min: number;
  max: number;
  onChange: (value: number) => void;
}

/** Applies on Enter and on leaving; a value out of range goes back. */
function NumberInput({ value, min, max, onChange, ...ids }: NumberInputProps) {
  const apply = (input: HTMLInputElement) => {
    const next = Number.parseInt(input.value, 10);
    if (next >= min && next <= max) {
      if (next !== value) onChange(next);
    } else input.value = String(value);
  };
  return (
    <input
      {...ids}
      key={value}
      inputMode="numeric"
      defaultValue={value}
      onBlur={(event) => apply(event.target)}
      onKeyDown={(event) => event.key === 'Enter' && apply(event.currentTarget)}
      className={`${controlClass} w-24 text-right`}
    />
  );
}
