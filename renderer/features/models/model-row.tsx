/** One model: what it is, whether it fits, and what can be done with it. An action that costs something asks first, in the same row. */
import { Cpu, HardDriveDownload } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { ModelEntry } from '../../../electron/contract/models.ts';
import { bytes, count, plural } from '../../format.ts';
import { useEngine } from '../../stores/engine.ts';
import { downloadModel, removeModel, selectDownload, switchModel, useModels } from '../../stores/models.ts';
import { Button } from '../../ui/button.tsx';
import { Problem } from '../../ui/problem.tsx';
import { DownloadProgress } from './download-progress.tsx';
import { FitBadge } from './fit-badge.tsx';

export function ModelRow({ model }: { model: ModelEntry }) {
  const { id, title, fit, problem, state } = model;
  const download = useEngine(selectDownload(id));
  const isServed = useEngine(({ telemetry }) => telemetry?.engine.modelFile.id === id);
  const engineState = useEngine(({ telemetry }) => telemetry?.engine.state);
  const refusal = useModels(({ refusals }) => refusals[id]);
  const [asking, setAsking] = useState<'switch' | 'remove' | null>(null);
  const ask = (what: typeof asking) => () => setAsking(what);
  return (
    <li aria-label={title} className="space-y-2 py-3">
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1 basis-64 space-y-0.5">
          <h4 className="flex flex-wrap items-center gap-x-2 font-[560]">
            <span className="wrap-anywhere">{title}</span>
            {isServed && <InUse engineState={engineState} />}
          </h4>
          <p className="text-note leading-4 text-muted wrap-anywhere">{factsOf(model)}</p>
          {fit && <FitBadge fit={fit} />}
        </div>
        <div className="flex shrink-0 gap-2">
          <Actions model={model} isServed={isServed} hasDownload={download !== undefined} ask={ask} />
        </div>
      </div>
      {download && <DownloadProgress download={download} title={title} />}
      {asking === 'switch' && <ConfirmSwitch model={model} onClose={ask(null)} />}
      {asking === 'remove' && <ConfirmRemoval model={model} onClose={ask(null)} />}
      {problem && <Problem message={problem} tone="warn" />}
      {state === 'missing' && (
        <Problem
          message={`${model.fileName} is not where it was. Put it back, or remove it from this list.`}
          tone="warn"
        />
      )}
      {refusal && <Problem message={refusal.message} />}
    </li>
  );
}

function InUse({ engineState }: { engineState: string | undefined }) {
  const words = engineState === 'ready' ? 'In use' : engineState === 'failed' ? 'Chosen, not running' : 'Being opened';
  return (
    <span className="inline-flex items-center gap-1 rounded bg-accent-soft px-1.5 py-0.5 text-note leading-4 font-[520] text-accent">
      <Cpu size={12} aria-hidden />
      {words}
    </span>
  );
}

interface ActionsProps {
  model: ModelEntry;
  isServed: boolean;
  hasDownload: boolean;
  ask: (what: 'switch' | 'remove') => () => void;
}

function Actions({ model, isServed, hasDownload, ask }: ActionsProps) {
  const { id, title, state, removal, bytes: size } = model;
  const switchingTo = useModels((models) => models.switchingTo);
  const mustAsk = useEngine(({ telemetry }) => (telemetry?.held.length ?? 0) + (telemetry?.jobs.length ?? 0) > 0);
  const canUse = !isServed && (state === 'here' || state === 'unread');
  return (
    <>
      {canUse && (
        <Button
          aria-label={`Use ${title}`}
          disabled={switchingTo !== null}
          onClick={mustAsk ? ask('switch') : () => void switchModel(id)}
        >
          {switchingTo === id ? 'Opening' : 'Use'}
        </Button>
      )}
      {state === 'absent' && !hasDownload && (
        <Button aria-label={`Download ${title}, ${bytes(size)}`} onClick={() => void downloadModel(id)}>
          <HardDriveDownload size={14} aria-hidden />
          Download
        </Button>
      )}
      {removal && !isServed && (
        <Button
          kind="bare"
          aria-label={`${removal === 'delete' ? 'Delete' : 'Forget'} ${title}`}
          onClick={ask('remove')}
        >
          {removal === 'delete' ? 'Delete' : 'Forget'}
        </Button>
      )}
    </>
  );
}

function ConfirmSwitch({ model, onClose }: { model: ModelEntry; onClose: () => void }) {
  const held = useEngine(({ telemetry }) => telemetry?.held.length ?? 0);
  const jobs = useEngine(({ telemetry }) => telemetry?.jobs.length ?? 0);
  const lost = [
    held > 0 ? `${plural(held, 'document')} in memory ${held === 1 ? 'is' : 'are'} let go and must be read again` : '',
    jobs > 0 ? `what the engine is doing now (${plural(jobs, 'job')}) is stopped` : '',
  ].filter((words) => words !== '');
  return (
    <Confirmation
      words={`${lost.length > 0 ? `When the model changes, ${lost.join(', and ')}. ` : ''}Chats stay.`}
      action={
        <Button
          kind="primary"
          onClick={() => {
            onClose();
            void switchModel(model.id);
          }}
        >
          Switch to {model.title}
        </Button>
      }
      onClose={onClose}
    />
  );
}

function ConfirmRemoval({ model, onClose }: { model: ModelEntry; onClose: () => void }) {
  const isDeletion = model.removal === 'delete';
  return (
    <Confirmation
      words={
        isDeletion
          ? `${bytes(model.bytes)} are freed on the disk. It can be downloaded again.`
          : 'It leaves this list. The file stays where it is.'
      }
      action={
        <Button
          kind="danger"
          onClick={() => {
            onClose();
            void removeModel(model.id);
          }}
        >
          {isDeletion ? 'Delete' : 'Forget'} {model.title}
        </Button>
      }
      onClose={onClose}
    />
  );
}

function Confirmation({ words, action, onClose }: { words: string; action: ReactNode; onClose: () => void }) {
  return (
    <div role="alert" className="rounded-lg bg-sunken p-3">
      <p>{words}</p>
      <div className="mt-2 flex flex-wrap gap-2">
        {action}
        <Button onClick={onClose}>Leave it as it is</Button>
      </div>
    </div>
  );
}

function factsOf(model: ModelEntry) {
  const { bytes: size, publisher, licence, contextTokens, weightType, fileName, source, note } = model;
  const { family, kvBytesPerToken, state, hashFrom } = model;
  const facts = [
    size === 0 ? null : bytes(size),
    family,
    weightType,
    contextTokens === null ? null : `reads ${count(contextTokens)} tokens`,
    kvBytesPerToken === null ? null : `${count(kvBytesPerToken)} bytes of KV a token`,
    licence ?? 'licence not stated',
    publisher,
    source === 'file' ? fileName : null,
    state === 'absent' && hashFrom === 'server' ? 'size and SHA-256 as the server declares them' : null,
  ];
  return `${facts.filter((fact) => fact !== null && fact !== '').join(', ')}${note === '' ? '' : `. ${note}`}`;
}
