/** Other programs of this machine: whether they may ask, at which address, and with which keys. A key is shown once, when it is made. */
import { useEffect, useState } from 'react';
import { ranges } from '../../../electron/contract/method-values.ts';
import type { Programs } from '../../../electron/contract/programs.ts';
import type { Settings } from '../../../electron/contract/settings.ts';
import { api, failureOf } from '../../stores/api.ts';
import { useEngine } from '../../stores/engine.ts';
import { changeSettings, useSettings } from '../../stores/settings.ts';
import { notify } from '../../stores/ui.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { controlClass, type FieldIds, Select } from '../../ui/field.tsx';
import { NumberInput } from '../../ui/number-input.tsx';

export function programSettings({ programs, programsPort }: Settings) {
  return [
    {
      label: 'Programs may ask',
      hint: 'Editors, scripts and agents on this machine can ask about documents as they ask OpenAI. Nothing outside it can reach RocketDoc.',
      words: 'api openai server mcp',
      applies: 'now' as const,
      control: (ids: FieldIds) => (
        <Select
          {...ids}
          value={programs ? 'on' : 'off'}
          options={[
            { value: 'off', label: 'No' },
            { value: 'on', label: 'Yes, with a key' },
          ]}
          onChange={(next) => void changeSettings({ programs: next === 'on' })}
        />
      ),
    },
    {
      label: 'Port',
      hint: 'Where they ask: http://127.0.0.1 and this port.',
      words: 'api openai server address',
      applies: 'now' as const,
      control: (ids: FieldIds) => (
        <NumberInput
          {...ids}
          value={programsPort}
          range={ranges.port}
          onChange={(next) => void changeSettings({ programsPort: next })}
        />
      ),
    },
    {
      label: 'Keys',
      hint: 'One for each program, so that one can be revoked alone. Only a hash of it is stored.',
      words: 'api openai token secret',
      applies: 'now' as const,
      isWide: true,
      control: (ids: FieldIds) => <Keys {...ids} />,
    },
    {
      label: 'Agents (MCP)',
      hint: 'For the configuration of an agent that speaks the Model Context Protocol: it asks this RocketDoc, and starts it where it is closed. It needs no key. With "--folder" and a path after the others it may also add the files of that folder.',
      words: 'mcp model context protocol agent claude server',
      applies: 'now' as const,
      isWide: true,
      control: (ids: FieldIds) => <McpBlock {...ids} />,
    },
  ];
}

function McpBlock(field: FieldIds) {
  const [block, setBlock] = useState<string | null>('');
  const load = () =>
    api()
      .programs.get()
      .then(
        ({ mcp }) => setBlock(mcp),
        () => {},
      );
  // biome-ignore lint/correctness/useExhaustiveDependencies: it does not change while RocketDoc runs
  useEffect(() => void load(), []);
  return (
    <div className="flex items-start gap-1">
      <textarea
        {...field}
        readOnly
        wrap="off"
        rows={block ? block.split('\n').length : 2}
        value={block ?? 'Not from a package on Windows: start\nRocketDoc from its source.'}
        onFocus={({ currentTarget }) => currentTarget.select()}
        className="tabular min-w-0 flex-1 resize-none rounded-md bg-sunken px-2 py-1.5 font-mono text-note leading-4"
      />
      {block !== null && <CopyButton label="Copy the configuration" text={block} />}
    </div>
  );
}

function Keys({ id, ...described }: FieldIds) {
  const answers = useSettings((state) => state.answers);
  const revision = useEngine(({ telemetry }) => telemetry?.revisions.programs);
  const [known, setKnown] = useState<Programs | null>(null);
  const [made, setMade] = useState<string | null>(null);
  const [name, setName] = useState('');
  const load = () =>
    api()
      .programs.get()
      .then(setKnown, () => {});
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address may be another one once the server has taken a change
  useEffect(() => void load(), [answers, revision]);
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      notify(failureOf(error).message, 'danger');
    }
    await load();
  };
  const create = () =>
    attempt(async () => {
      const { key } = await api().programs.createKey({ name: name.trim() });
      setMade(key);
      setName('');
    });
  return (
    <div className="flex flex-col items-start gap-2">
      {known?.address && <code className="text-note wrap-anywhere">{known.address}</code>}
      {known?.problem && (
        <p role="status" className="text-note text-danger">
          {known.problem}
        </p>
      )}
      <ul aria-label="Keys of programs" className="flex w-full flex-col gap-1">
        {known?.keys.map((key) => (
          <li key={key.id} className="flex items-center gap-3">
            <span className="min-w-0 flex-1 truncate">{key.name}</span>
            <code className="shrink-0 text-note text-muted">{key.begins}…</code>
            <Button
              aria-label={`Revoke the key of ${key.name}`}
              onClick={() => void attempt(() => api().programs.revokeKey({ id: key.id }))}
            >
              Revoke
            </Button>
          </li>
        ))}
      </ul>
      {made !== null && (
        <div className="flex w-full items-center gap-1 rounded-md bg-sunken px-2 py-1.5">
          <p role="status" className="min-w-0 flex-1 text-note leading-4 wrap-anywhere">
            The new key, shown only now: <code>{made}</code>
          </p>
          <CopyButton label="Copy the key" text={made} />
        </div>
      )}
      <form
        className="flex gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== '') void create();
        }}
      >
        <input
          id={id}
          {...described}
          value={name}
          maxLength={100}
          placeholder="Name of the program"
          onChange={(event) => setName(event.target.value)}
          className={`${controlClass} w-40`}
        />
        <Button type="submit" disabled={name.trim() === ''}>
          New key
        </Button>
      </form>
    </div>
  );
}
