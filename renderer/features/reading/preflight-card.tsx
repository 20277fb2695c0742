/** Before reading: tokens, whether they fit, memory full against compressed, time. What does not fit says by how much and what helps. */

import { useEffect, useState } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { LibraryDocument, MemoryNeed, PageRange, Preflight } from '../../../electron/contract/app-types.ts';
import type { SmallerPlan } from '../../../electron/contract/engine-reports.ts';
import { unitTitle } from '../../../electron/contract/receipt.ts';
import { firstProposal, ownWords } from '../../choice-words.ts';
import { EngineProblem } from '../../engine-problem.tsx';
import { bytes, count, factor, plural, seconds } from '../../format.ts';
import { Receipt } from '../../receipt/receipt.tsx';
import { changeOwnChoice, useDocumentChoice } from '../../stores/document-choice.ts';
import { selectEngine, useEngine } from '../../stores/engine.ts';
import { loadPreflight, readDocument, useReading } from '../../stores/reading.ts';
import { openInspector, openModels, setInspectorTab } from '../../stores/ui.ts';
import { Button } from '../../ui/button.tsx';
import { controlClass } from '../../ui/field.tsx';
import { Problem } from '../../ui/problem.tsx';
import { StackedBar } from '../../ui/stacked-bar.tsx';
import { KeepOnDisk, onDiskWords } from './keep-on-disk.tsx';
import { Remedies } from './remedies.tsx';

export function PreflightCard({ document, readBefore }: { document: LibraryDocument; readBefore: boolean }) {
  const choice = useDocumentChoice((state) => (state.documentId === document.id ? state.choice : null));
  const engine = useEngine(selectEngine);
  const { documentId, range, preflight, failure, readFailure } = useReading(
    useShallow(({ documentId, range, preflight, failure, readFailure }) => ({
      documentId,
      range,
      preflight,
      failure,
      readFailure,
    })),
  );
  const isReady = engine?.state === 'ready';
  useEffect(() => {
    if (!isReady || !choice) return;
    const { documentId: looked, range: chosen } = useReading.getState();
    void loadPreflight(document.id, looked === document.id ? chosen : null);
  }, [document.id, isReady, choice]);

  if (engine?.state === 'failed') return <EngineProblem />;
  const isMine = documentId === document.id;
  const facts = isMine ? preflight : null;
  return (
    <section aria-label="Before reading" className="rounded-xl border border-line bg-raised p-5">
      <header className="flex flex-wrap items-baseline gap-x-4 gap-y-1">
        <h2 className="min-w-0 truncate text-prose font-[620]" title={document.name}>
          {document.name}
        </h2>
        {facts && (
          <p className="tabular text-muted">
            {plural(facts.documentTokens, 'token')}
            {range ? ' in the chosen ones' : ''}
          </p>
        )}
      </header>
      <div className="mt-1">
        <Receipt document={document} />
      </div>
      {readBefore && (
        <p className="mt-1 text-muted">It is not in memory now. Reading it again lets you ask further questions.</p>
      )}
      {isMine && failure && (
        <div className="mt-4">
          <Problem message={failure.message}>
            <Button onClick={() => void loadPreflight(document.id, range)}>Look again</Button>
          </Problem>
        </div>
      )}
      {isMine && readFailure && (
        <div className="mt-4">
          <Problem message={readFailure.message}>
            <ReadSmaller document={document} range={range} changes={firstProposal(readFailure.shortage)} />
          </Problem>
        </div>
      )}
      {!facts && !failure && (
        <p className="mt-4 text-muted" role="status">
          {isReady ? 'Counting tokens and memory.' : 'Opening the model.'}
        </p>
      )}
      {facts && <Facts facts={facts} document={document} range={range} brief={readBefore} />}
    </section>
  );
}

interface ReadSmallerProps {
  document: LibraryDocument;
  range: PageRange | null;
  /** What the engine proposed where memory was too small. */
  changes: SmallerPlan['changes'] | undefined;
}

function ReadSmaller({ document, range, changes }: ReadSmallerProps) {
  if (!changes) return null;
  const read = async () => {
    await changeOwnChoice(changes);
    await readDocument(document.id, range);
  };
  return (
    <Button kind="primary" onClick={() => void read()}>
      Read with {ownWords(changes)}
    </Button>
  );
}

interface FactsProps {
  facts: Preflight;
  document: LibraryDocument;
  range: PageRange | null;
  /** The card stands below a chat: where the document fits, one line is enough. */
  brief: boolean;
}

function Facts({ facts, document, range, brief }: FactsProps) {
  const { documentTokens, roomTokens, contextTokens, fitsContext, fitsMemory, plan } = facts;
  const over = documentTokens + roomTokens - contextTokens;
  const scale = Math.max(contextTokens, documentTokens + roomTokens);
  const fits = fitsContext && fitsMemory;
  const isOnDisk = facts.disk?.isThere ?? false;
  const buttons = <Buttons document={document} range={range} canRead={fits} isOnDisk={isOnDisk} />;
  if (brief && fits && plan)
    return (
      <>
        <p className="tabular mt-1 text-muted">
          It takes {bytes(plan.documentKv)} of memory
          {facts.readSeconds === null || isOnDisk ? '' : ` and about ${seconds(facts.readSeconds)}`}.
          {isOnDisk && facts.disk && ` ${onDiskWords(facts.disk.bytes)}`}
        </p>
        {buttons}
      </>
    );
  return (
    <>
      <dl className="mt-4 grid grid-cols-[72px_1fr] gap-x-4 gap-y-3">
        <dt className="text-muted">Context</dt>
        <dd>
          <p className={fitsContext ? '' : 'text-danger'}>
            {fitsContext
              ? `Fits ${facts.modelName} (${count(contextTokens)} tokens)`
              : `This document has ${count(documentTokens)} tokens; ${facts.modelName} reads ${count(contextTokens)}, ${count(roomTokens)} of them kept for question and answer. ${count(over)} too many.`}
          </p>
          <div className="mt-1.5">
            <StackedBar
              label={`${count(documentTokens)} tokens of document and ${count(roomTokens)} for question and answer, of ${count(contextTokens)}`}
              scale={scale}
              ghost={
                fitsContext
                  ? undefined
                  : { from: 0, to: contextTokens, label: `the model reads ${count(contextTokens)} tokens` }
              }
              parts={[
                {
                  key: 'document',
                  label: `document, ${count(documentTokens)} tokens`,
                  value: documentTokens,
                  color: 'var(--accent)',
                },
                {
                  key: 'room',
                  label: `question and answer, ${count(roomTokens)} tokens`,
                  value: roomTokens,
                  color: 'var(--part-summaries)',
                },
              ]}
            />
            <p className="tabular mt-1 flex justify-between text-note leading-4 text-muted">
              <span>
                document {count(documentTokens)} + question and answer {count(roomTokens)}
              </span>
              <span>{fitsContext ? `${count(-over)} free` : `dashed: the model’s ${count(contextTokens)}`}</span>
            </p>
          </div>
        </dd>
        {plan && (
          <>
            <dt className="text-muted">Memory</dt>
            <dd className="tabular">
              {facts.memory.map((need) => (
                <p key={need.place} className={need.fits ? '' : 'text-danger'} data-testid={`needs-${need.place}`}>
                  {needWords(need, facts.memory.length > 1)}
                </p>
              ))}
              <p className="text-muted">
                {bytes(plan.weights)} model
                {plan.weightsInRam > 0 ? ` (${bytes(plan.weightsInRam)} of it in RAM: experts)` : ''},{' '}
                {bytes(plan.documentKv)} document{plan.documentOnDevice ? '' : ' in RAM'}, kept for every question.{' '}
                {plan.compactCache > 0 && !plan.budgets.dense
                  ? `Each answer works on ${bytes(plan.compactCache + plan.summaries)} instead of ${bytes(plan.fullKv)} (${factor(plan.fullKv / (plan.compactCache + plan.summaries))} less).`
                  : `The answer works on all of it (${bytes(plan.fullKv)}).`}
              </p>
            </dd>
          </>
        )}
        {facts.readSeconds !== null && fitsContext && !isOnDisk && (
          <>
            <dt className="text-muted">Reading</dt>
            <dd className="tabular">
              about {seconds(facts.readSeconds)}, as earlier readings took
              {facts.speed.firstTokenSeconds === null
                ? ''
                : `; each question about ${seconds(facts.speed.firstTokenSeconds)} to its first word`}
            </dd>
          </>
        )}
        {fits && facts.disk && <KeepOnDisk disk={facts.disk} />}
      </dl>
      {!fits && <Remedies facts={facts} document={document} />}
      {buttons}
    </>
  );
}

const places = { gpu: 'GPU memory', ram: 'RAM' };

/** The memory is named only where a GPU computes: without one there is only RAM. */
function needWords({ place, needed, available, fits }: MemoryNeed, isNamed: boolean): string {
  const excess = fits ? '' : `: ${bytes(needed - available)} too much`;
  if (place === 'ram' && !isNamed) return `${bytes(needed)} in all, ${bytes(available)} available${excess}`;
  return `${bytes(needed)} of ${places[place]}, ${bytes(available)} available${excess}`;
}

interface ButtonsProps extends Pick<FactsProps, 'document' | 'range'> {
  canRead: boolean;
  isOnDisk: boolean;
}

function Buttons({ document, range, canRead, isOnDisk }: ButtonsProps) {
  const [choosing, setChoosing] = useState(false);
  return (
    <>
      <div className="mt-5 flex flex-wrap items-center gap-2">
        <Button kind="primary" disabled={!canRead} onClick={() => void readDocument(document.id, range)}>
          {isOnDisk ? 'Load document' : 'Read document'}
        </Button>
        {document.pages > 1 && (
          <Button kind="bare" aria-expanded={choosing} onClick={() => setChoosing(!choosing)}>
            {unitTitle(document.format)} range
          </Button>
        )}
        <Button
          kind="bare"
          title="The slider in the KV cache panel"
          onClick={() => {
            openInspector();
            setInspectorTab('memory');
          }}
        >
          Budget
        </Button>
        {canRead && (
          <Button kind="bare" onClick={openModels}>
            Another model
          </Button>
        )}
      </div>
      {choosing && <RangeFields key={document.id} document={document} range={range} />}
    </>
  );
}

function RangeFields({ document, range }: { document: LibraryDocument; range: PageRange | null }) {
  const [from, setFrom] = useState(String((range?.from ?? 0) + 1));
  const [to, setTo] = useState(String((range?.to ?? document.pages - 1) + 1));
  const first = Number.parseInt(from, 10);
  const last = Number.parseInt(to, 10);
  const isValid = first >= 1 && last >= first && last <= document.pages;
  const apply = () => {
    const isWhole = first === 1 && last === document.pages;
    void loadPreflight(document.id, isWhole ? null : { from: first - 1, to: last - 1 });
  };
  return (
    <form
      className="mt-3 flex flex-wrap items-center gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (isValid) apply();
      }}
    >
      <label className="flex items-center gap-2">
        From
        <input
          inputMode="numeric"
          value={from}
          onChange={(event) => setFrom(event.target.value)}
          className={`${controlClass} w-16`}
        />
      </label>
      <label className="flex items-center gap-2">
        to
        <input
          inputMode="numeric"
          value={to}
          onChange={(event) => setTo(event.target.value)}
          className={`${controlClass} w-16`}
        />
      </label>
      <Button type="submit" disabled={!isValid}>
        Use these
      </Button>
      {!isValid && <span className="tabular text-muted">Between 1 and {document.pages}.</span>}
    </form>
  );
}
