/** Device and threads of the engine. Both apply when the engine starts anew; where they differ from what runs, a button restarts it. */
import { useEffect } from 'react';
import type { DeviceSetting } from '../../../electron/contract/method.ts';
import { ranges } from '../../../electron/contract/method-values.ts';
import { bytes } from '../../format.ts';
import { findGpus, restartEngine, useEngine } from '../../stores/engine.ts';
import { changeSettings } from '../../stores/settings.ts';
import { Button } from '../../ui/button.tsx';
import { type FieldIds, Select } from '../../ui/field.tsx';
import { NumberInput } from '../../ui/number-input.tsx';

function Restart() {
  return (
    <Button title="Frees the documents in memory; they must be read again" onClick={() => void restartEngine()}>
      Restart the engine
    </Button>
  );
}

/** `running` is the engine's name of its device: cuda:0 with the card's name, or a CPU. */
export function DeviceField({
  value,
  running,
  ...ids
}: FieldIds & { value: DeviceSetting; running: string | undefined }) {
  const found = useEngine((state) => state.gpus);
  useEffect(() => void findGpus(), []);
  const isOther =
    running !== undefined &&
    value !== 'auto' &&
    (value === 'cpu' ? running.startsWith('cuda') : !running.startsWith(`${value} `));
  const gpus = found?.gpus ?? [];
  const options: { value: DeviceSetting; label: string }[] = [
    { value: 'auto', label: 'Automatic' },
    { value: 'cpu', label: 'CPU' },
    ...gpus.map(({ device, name, totalBytes, failure }) => ({
      value: device as DeviceSetting,
      label: failure === null ? `${name}, ${bytes(totalBytes)}` : `${name}, cannot be used`,
    })),
  ];
  if (!options.some((option) => option.value === value)) options.push({ value, label: `${value}, not found` });
  const reasons = [found?.reason ?? null, ...gpus.map(({ failure }) => failure)].filter((reason) => reason !== null);
  return (
    <div className="flex max-w-[300px] flex-col items-end gap-1">
      <div className="flex flex-wrap items-center justify-end gap-2">
        {isOther && <Restart />}
        <Select {...ids} value={value} options={options} onChange={(next) => void changeSettings({ device: next })} />
      </div>
      <p role="status" className="text-right text-note leading-4 text-muted">
        {found === null ? 'Looking for GPUs.' : reasons.length > 0 ? reasons.join(' ') : ''}
      </p>
    </div>
  );
}

export function ThreadsField({ value, running, ...ids }: FieldIds & { value: number; running: number | undefined }) {
  const isOther = running !== undefined && value !== 0 && value !== running;
  return (
    <div className="flex flex-wrap items-center justify-end gap-2">
      {isOther && <Restart />}
      <NumberInput
        {...ids}
        value={value}
        range={ranges.threads}
        onChange={(next) => void changeSettings({ threads: next })}
      />
    </div>
  );
}
