/** Models: what is on this machine, what can be fetched. Nothing is fetched before somebody says so. */

import { FolderOpen, FolderSearch } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { ModelEntry } from '../../../electron/contract/models.ts';
import { modelChooser } from '../../stores/api.ts';
import { browseFolder, forgetFolder } from '../../stores/model-sources.ts';
import { chooseModelFile, loadModels, type ModelsState, useModels } from '../../stores/models.ts';
import { openOverlay, useUi } from '../../stores/ui.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Problem } from '../../ui/problem.tsx';
import { AddFromRepository } from './add-from-repository.tsx';
import { FolderBrowser } from './folder-browser.tsx';
import { ModelRow } from './model-row.tsx';

export function ModelsDialog() {
  const isOpen = useUi((ui) => ui.overlay === 'models');
  return (
    <Dialog title="Models" open={isOpen} onClose={() => openOverlay(null)} wide="columns">
      <Models />
    </Dialog>
  );
}

function Models() {
  const { models, folders, problems, failure } = useModels(
    useShallow(({ models, folders, problems, failure }) => ({ models, folders, problems, failure })),
  );
  useEffect(() => void loadModels(), []);
  const isHere = ({ state }: ModelEntry) => state !== 'absent';
  return (
    <div className="space-y-6">
      {failure && (
        <Problem message={failure.message}>
          <Button onClick={() => void loadModels()}>Look again</Button>
        </Problem>
      )}
      {!models && !failure && (
        <p role="status" className="text-muted">
          Looking for models and what they would take.
        </p>
      )}
      {models && (
        <>
          <ModelGroup title="On this machine" models={models.filter(isHere)}>
            <InPlace folders={folders} />
          </ModelGroup>
          <ModelGroup title="To download" models={models.filter((model) => !isHere(model))}>
            <p className="text-note leading-4 text-muted">
              From huggingface.co, when you choose Download and at no other time. A file is opened only after its
              SHA-256 was compared with its publisher's; where the catalogue does not know it, with the one that the
              server declares.
            </p>
            <AddFromRepository />
          </ModelGroup>
        </>
      )}
      {problems.map((problem) => (
        <Problem key={problem} message={problem} tone="warn" />
      ))}
    </div>
  );
}

function ModelGroup({ title, models, children }: { title: string; models: ModelEntry[]; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <h3 className="text-note leading-4 font-[620] text-muted">{title}</h3>
      {models.length > 0 && (
        <ul className="divide-y divide-line">
          {models.map((model) => (
            <ModelRow key={model.id} model={model} />
          ))}
        </ul>
      )}
      <div className="mt-1">{children}</div>
    </section>
  );
}

/** Adds models where they lie: by the system's dialog in Electron, or by browsing folders of the machine that RocketDoc runs on. */
function InPlace({ folders }: { folders: ModelsState['folders'] }) {
  return (
    <div className="space-y-2">
      <div className="flex flex-wrap gap-2">
        {modelChooser() && (
          <Button onClick={() => void chooseModelFile()}>
            <FolderOpen size={14} aria-hidden />
            Open a model file
          </Button>
        )}
        <Button onClick={() => void browseFolder(null)}>
          <FolderSearch size={14} aria-hidden />
          Look for a model file or folder
        </Button>
      </div>
      <FolderBrowser />
      {folders.map(({ id, name }) => (
        <p key={id} className="flex items-center gap-2 text-note leading-4 text-muted">
          Models of the folder {name} are listed.
          <Button kind="bare" aria-label={`Forget the folder ${name}`} onClick={() => void forgetFolder(id)}>
            Forget
          </Button>
        </p>
      ))}
    </div>
  );
}
