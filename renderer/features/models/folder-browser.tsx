/** Folders of the machine that RocketDoc runs on, looked through for models. */
import { ArrowUp, Cpu, Folder } from 'lucide-react';
import type { ReactNode } from 'react';
import { bytes, plural } from '../../format.ts';
import { addBrowsedFolder, browseFolder, closeFolder, openBrowsed, useSources } from '../../stores/model-sources.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Problem } from '../../ui/problem.tsx';

export function FolderBrowser() {
  const folder = useSources((sources) => sources.folder);
  const problem = useSources((sources) => sources.folderProblem);
  if (!folder) return problem ? <Problem message={problem} /> : null;
  const { name, parentGrantId, folders, models, isCut } = folder;
  return (
    <section aria-label={`Folder ${name}`} className="mt-2 rounded-lg border border-line p-3">
      <div className="flex items-center gap-2">
        <IconButton
          label="One folder up"
          disabled={parentGrantId === null}
          onClick={() => void browseFolder(parentGrantId)}
        >
          <ArrowUp size={14} aria-hidden />
        </IconButton>
        <h4 className="min-w-0 flex-1 font-[560] wrap-anywhere">{name}</h4>
        <Button disabled={models.length === 0} onClick={() => void addBrowsedFolder()}>
          List this folder&apos;s models
        </Button>
        <Button kind="bare" onClick={closeFolder}>
          Close
        </Button>
      </div>
      {problem && <Problem message={problem} />}
      <ul className="mt-2 max-h-72 overflow-y-auto">
        {models.map((model) => (
          <li key={model.grantId}>
            <Row onClick={() => void openBrowsed(model.grantId)} label={`Open ${model.name}`}>
              <Cpu size={14} aria-hidden className="shrink-0 text-accent" />
              <span className="min-w-0 flex-1 wrap-anywhere">{model.name}</span>
              <span className="tabular text-note text-muted">{bytes(model.bytes)}</span>
            </Row>
          </li>
        ))}
        {folders.map((inside) => (
          <li key={inside.grantId}>
            <Row onClick={() => void browseFolder(inside.grantId)} label={`Look into ${inside.name}`}>
              <Folder size={14} aria-hidden className="shrink-0 text-muted" />
              <span className="min-w-0 flex-1 wrap-anywhere">{inside.name}</span>
            </Row>
          </li>
        ))}
      </ul>
      <p className="mt-1 text-note leading-4 text-muted">
        {plural(models.length, 'model')} here{isCut ? '; not everything is shown' : ''}. A model is opened where it
        lies, on the machine that RocketDoc runs on.
      </p>
    </section>
  );
}

function Row({ onClick, label, children }: { onClick: () => void; label: string; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-label={label}
      onClick={onClick}
      className="flex w-full items-center gap-2 rounded-md px-2 py-1 text-left hover:bg-sunken"
    >
      {children}
    </button>
  );
}
