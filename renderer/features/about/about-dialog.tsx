/** Which version this is, what it computes with and on, and the licence of everything in it. */

import { type ReactNode, useEffect, useState } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { Licence } from '../../../electron/contract/app-types.ts';
import { bytes, deviceName, plural } from '../../format.ts';
import { loadAbout, useAbout } from '../../stores/about.ts';
import { selectEngine, useEngine } from '../../stores/engine.ts';
import { openOverlay, useUi } from '../../stores/ui.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { controlClass } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { LogReport } from './log-report.tsx';

export function AboutDialog() {
  const isOpen = useUi((ui) => ui.overlay === 'about');
  return (
    <Dialog title="About RocketDoc" open={isOpen} onClose={() => openOverlay(null)} wide>
      <AboutThis />
    </Dialog>
  );
}

function AboutThis() {
  const { about, failure } = useAbout(useShallow(({ about, failure }) => ({ about, failure })));
  const { model, modelFile } = useEngine(selectEngine) ?? {};
  useEffect(() => void loadAbout(), []);
  return (
    <>
      <dl className="grid grid-cols-[96px_1fr] gap-x-4 gap-y-2">
        <Fact name="Version">
          {about?.version ?? 'being asked for'}
          <span className="block text-muted">MIT licensed. Nothing leaves this machine.</span>
        </Fact>
        <Fact name="Model">
          {modelFile?.title ?? 'starting'}
          {modelFile && (
            <span className="block text-muted">
              {bytes(modelFile.bytes)}, {modelFile.licence}
            </span>
          )}
        </Fact>
        <Fact name="Device">
          {model ? `${deviceName(model.device)}, ${plural(model.threads, 'thread')}` : 'opening the model'}
          {model?.deviceReason && <span className="block wrap-anywhere text-muted">{model.deviceReason}</span>}
        </Fact>
        <Fact name="Log">
          <LogReport />
        </Fact>
      </dl>
      {failure && (
        <div className="mt-4">
          <Problem message={failure.message} />
        </div>
      )}
      {about && <Licences licences={about.licences} />}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}

function Licences({ licences }: { licences: readonly Licence[] }) {
  const [query, setQuery] = useState('');
  const words = query.trim().toLowerCase();
  const found = licences.filter(({ name, licence }) => `${name} ${licence}`.toLowerCase().includes(words));
  return (
    <section aria-labelledby="licences-title" className="mt-5">
      <div className="flex items-center gap-3">
        <h3 id="licences-title" className="mr-auto font-[600]">
          Licences
        </h3>
        <input
          type="search"
          aria-label="Search licences"
          placeholder="Name or licence"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          className={`${controlClass} w-44`}
        />
      </div>
      <p role="status" className="tabular mt-1 text-note leading-4 text-muted">
        {found.length === 0
          ? 'None of that name. A shorter word finds more.'
          : `${plural(found.length, 'part')} by others, each under its own licence.`}
      </p>
      <ul className="mt-2 h-64 overflow-y-auto rounded-md border border-line">
        {found.map((licence) => (
          <LicenceRow key={`${licence.name} ${licence.version}`} licence={licence} />
        ))}
      </ul>
    </section>
  );
}

function LicenceRow({ licence: { name, version, licence, text } }: { licence: Licence }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li className="border-b border-line last:border-b-0">
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className="cursor-pointer px-3 py-1.5 hover:bg-sunken">
          <span className="wrap-anywhere">{name}</span>{' '}
          <span className="text-muted">
            {version}, {licence}
          </span>
        </summary>
        {isOpen && (
          <p className="px-3 pb-3 font-mono text-note leading-4 whitespace-pre-wrap wrap-anywhere text-muted">
            {text === '' ? `The package brings no text of its licence, ${licence}.` : text}
          </p>
        )}
      </details>
    </li>
  );
}
