/** Settings of what is kept on disk, and the button that clears it. */
import { useState } from 'react';
import { ranges } from '../../../electron/contract/method-values.ts';
import type { Settings } from '../../../electron/contract/settings.ts';
import { bytes, plural } from '../../format.ts';
import { api, failureOf } from '../../stores/api.ts';
import { selectKeptBytes, useEngine } from '../../stores/engine.ts';
import { changeSettings } from '../../stores/settings.ts';
import { notify } from '../../stores/ui.ts';
import { Button } from '../../ui/button.tsx';
import { type FieldIds, Select } from '../../ui/field.tsx';
import { NumberInput } from '../../ui/number-input.tsx';

export function keptSettings({ keepRead, keptGb }: Settings) {
  return [
    {
      label: 'Keep read documents on disk',
      hint: 'After a restart they are loaded in seconds instead of read again. The files are as private as the documents.',
      words: 'kv cache save restart tomorrow',
      applies: 'reading' as const,
      control: (ids: FieldIds) => (
        <Select
          {...ids}
          value={keepRead ? 'yes' : 'no'}
          options={[
            { value: 'yes', label: 'Yes' },
            { value: 'no', label: 'No' },
          ]}
          onChange={(next) => void changeSettings({ keepRead: next === 'yes' })}
        />
      ),
    },
    {
      label: 'Most on disk, in GB',
      hint: '0: a tenth of what is free there, 20 GB at the most. What was not used for longest goes first.',
      words: 'kv cache limit space',
      applies: 'reading' as const,
      control: (ids: FieldIds) => (
        <NumberInput
          {...ids}
          value={keptGb}
          range={ranges.keptGb}
          onChange={(next) => void changeSettings({ keptGb: next })}
        />
      ),
    },
    {
      label: 'Kept on disk now',
      hint: 'Clearing removes these files. Documents and chats stay.',
      words: 'clear free space kv cache',
      applies: 'now' as const,
      control: (ids: FieldIds) => <ClearKept {...ids} />,
    },
  ];
}

function ClearKept(ids: FieldIds) {
  const documents = useEngine(({ telemetry }) => telemetry?.kept.documents.length ?? 0);
  const size = useEngine(selectKeptBytes);
  const [isClearing, setClearing] = useState(false);
  const clear = async () => {
    setClearing(true);
    try {
      const freed = await api().clearKept();
      notify(`${bytes(freed.bytes)} of ${plural(freed.documents, 'document')} cleared from disk.`);
    } catch (error) {
      notify(failureOf(error).message, 'danger');
    }
    setClearing(false);
  };
  return (
    <div className="tabular flex items-center gap-2">
      <span className="text-muted">{size > 0 ? `${bytes(size)}, ${plural(documents, 'document')}` : 'nothing'}</span>
      <Button {...ids} disabled={isClearing || size === 0} onClick={() => void clear()}>
        Clear
      </Button>
    </div>
  );
}
