/** The first screen: what RocketDoc does, with which model, on what, and the two ways to begin. */
import { FileText, FileUp } from 'lucide-react';
import { useRef } from 'react';
import { EngineProblem } from '../../engine-problem.tsx';
import { bytes, count, deviceName, plural } from '../../format.ts';
import { selectEngine, useEngine } from '../../stores/engine.ts';
import { addFiles, addGrant, useLibrary } from '../../stores/library.ts';
import { openModels } from '../../stores/ui.ts';
import { Button } from '../../ui/button.tsx';

export function FirstRun() {
  const engine = useEngine(selectEngine);
  const grants = useLibrary((library) => library.grants);
  const isBusy = useLibrary((library) => library.incoming.some(({ phase }) => phase !== 'failed'));
  const input = useRef<HTMLInputElement>(null);
  const sample = grants.find((grant) => grant.isSample);
  const { model, modelFile } = engine ?? {};
  return (
    <div className="flex min-h-full items-center justify-center p-8">
      <section aria-labelledby="first-run-title" className="w-full max-w-[560px]">
        <h1 id="first-run-title" className="text-hero leading-8 font-[640] tracking-[-0.02em]">
          Ask a whole document
        </h1>
        <p className="mt-2 max-w-[56ch] text-prose leading-6 text-muted">
          RocketDoc gives a local model the full text, not excerpts, and shows what that costs in memory while it
          answers.
        </p>
        <div className="mt-6 rounded-xl border border-dashed border-line-strong bg-surface px-6 py-8 text-center">
          <FileUp size={24} aria-hidden className="mx-auto text-accent" />
          <p className="mt-3 font-[520]">Drop a document here</p>
          <p className="mt-1 text-balance text-muted">
            PDF, Word, EPUB, web pages, slides, tables, e-mail, notebooks, text or source code
          </p>
          <div className="mt-4 flex flex-wrap justify-center gap-2">
            <Button kind="primary" onClick={() => input.current?.click()} disabled={isBusy}>
              Choose a file
            </Button>
            {sample && (
              <Button onClick={() => addGrant(sample)} disabled={isBusy}>
                <FileText size={14} aria-hidden />
                Try the sample report
              </Button>
            )}
          </div>
          <input
            ref={input}
            type="file"
            multiple
            hidden
            onChange={(event) => {
              addFiles([...(event.target.files ?? [])]);
              event.target.value = '';
            }}
          />
        </div>
        {engine?.state === 'failed' && (
          <div className="mt-6">
            <EngineProblem />
          </div>
        )}
        <dl className="mt-6 grid grid-cols-[96px_1fr] gap-x-4 gap-y-2">
          <dt className="text-muted">Model</dt>
          <dd>
            {modelFile?.title ?? 'starting'}
            {model && `, reads up to ${count(model.info.nCtxTrain)} tokens`}
            {modelFile && (
              <span className="block text-muted">
                {bytes(modelFile.bytes)}, {modelFile.licence}
              </span>
            )}
            <Button kind="bare" className="-ml-2" onClick={openModels}>
              Other models
            </Button>
          </dd>
          <dt className="text-muted">Device</dt>
          <dd>
            {model
              ? `${deviceName(model.device)}, ${plural(model.threads, 'thread')}`
              : engine?.state === 'failed'
                ? 'no model is open'
                : 'opening the model'}
          </dd>
          <dt className="text-muted">Privacy</dt>
          <dd>Nothing leaves this machine. No account, no telemetry, works offline.</dd>
        </dl>
      </section>
    </div>
  );
}
