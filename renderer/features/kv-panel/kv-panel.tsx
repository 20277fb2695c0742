/** The right column: what the KV cache costs, what the budget buys, what was kept and read. Every number is the engine's. */
import { type ReactNode, useMemo } from 'react';
import type { LibraryDocument } from '../../../electron/contract/app-types.ts';
import type { Passage } from '../../../electron/contract/citations.ts';
import type { AnswerCitations } from '../../../electron/contract/evidence.ts';
import { bytes } from '../../format.ts';
import { selectPreview, useBudget } from '../../stores/budget.ts';
import { selectMeasured, useChat } from '../../stores/chat.ts';
import { useCitations } from '../../stores/citations.ts';
import { useDocumentChoice } from '../../stores/document-choice.ts';
import { showPages, showPassage } from '../../stores/document-view.ts';
import { selectHeld, selectJob, useEngine } from '../../stores/engine.ts';
import { useReading } from '../../stores/reading.ts';
import { InSight } from '../../ui/in-sight.tsx';
import { AttentionStrip } from './attention-strip.tsx';
import { BudgetSection } from './budget-section.tsx';
import { DiskBar } from './disk-bar.tsx';
import { DocumentMap } from './document-map.tsx';
import { Headline } from './headline.tsx';
import { History } from './history.tsx';
import { useLiveCounters } from './live-counters.ts';
import { MemoryBars } from './memory-bars.tsx';
import { PanelActions } from './panel-actions.tsx';

export function KvPanel({ document }: { document: LibraryDocument | undefined }) {
  const turn = useChat(selectMeasured);
  const live = useLiveCounters();
  const measuredMap = useChat((state) => state.map);
  const map = live?.map ?? measuredMap;
  const chatTurnId = turn?.id;
  const cited = useCitations(({ ofTurn }) => (chatTurnId === undefined ? undefined : ofTurn[chatTurnId]));
  const passages = useMemo(() => passagesOf(cited), [cited]);
  const held = useEngine(selectHeld(document?.id ?? null));
  const planned = useReading(({ documentId, preflight }) => (documentId === document?.id ? preflight : null));
  const maxNew = useDocumentChoice((state) => state.choice?.maxNew ?? 0);
  const preview = useBudget(selectPreview);
  const model = useEngine(({ telemetry }) => telemetry?.engine.model?.info ?? null);
  const modelTitle = useEngine(({ telemetry }) => telemetry?.engine.modelFile.title ?? '');
  const isPaused = useEngine(selectJob('reading', document?.id ?? null))?.phase === 'paused';
  const report = turn?.report ?? null;
  const counters = live?.counters ?? report?.counters ?? null;
  const promptTokens =
    report?.promptTokens ??
    held?.tokens ??
    (planned?.fitsContext ? planned.documentTokens + planned.roomTokens - maxNew : undefined);
  // Once the document is read its exact length is known: then the slider's plan replaces the one that was made before reading.
  const latest = useBudget((budget) =>
    budget.documentId === document?.id && budget.promptTokens === promptTokens ? budget.plan : null,
  );
  const plan = report?.plan ?? latest ?? planned?.plan ?? null;
  if (!document)
    return (
      <Frame>
        <p className="px-4 py-3 text-muted">Open a document to see what its KV cache takes.</p>
      </Frame>
    );
  return (
    <Frame
      action={
        report &&
        counters &&
        plan && (
          <PanelActions
            json={() => ({ document: document.name, report, map })}
            picture={{
              document: document.name,
              modelTitle,
              model,
              plan,
              counters,
              map,
              cited: passages.map(({ page }) => page),
            }}
          />
        )
      }
    >
      {isPaused && (
        <p className="px-4 pb-2 text-muted">Reading is paused. These numbers stand still until it goes on.</p>
      )}
      <Headline counters={preview ? null : counters} isLive={live !== null} planned={preview ?? plan} />
      {plan && (
        <MemoryBars
          plan={preview ?? plan}
          counters={preview ? null : counters}
          isPreview={preview !== null}
          isLive={live !== null}
        />
      )}
      <DiskBar documentId={document.id} />
      {promptTokens !== undefined && <BudgetSection documentId={document.id} promptTokens={promptTokens} />}
      {counters && map.length > 0 && (
        <InSight isMoving={live !== null}>
          <DocumentMap
            map={map}
            counters={counters}
            cited={live ? [] : passages}
            isLive={live !== null}
            format={document.format}
            onShow={(first, last) => void showPages(document.id, first, last)}
            onCitation={(passage) => showPassage(document.id, passage)}
          />
        </InSight>
      )}
      {counters && counters.keptMass.length > 0 && (
        <InSight isMoving={live !== null}>
          <AttentionStrip
            documentId={document.id}
            keptMass={counters.keptMass}
            tokenBudget={counters.budgets.tokenBudget}
            cache={bytes(counters.compactBytes + counters.summaryBytes)}
            promptTokens={promptTokens}
          />
        </InSight>
      )}
      <History />
    </Frame>
  );
}

/** The passages of the citations and of the evidence, each once. */
function passagesOf(found: AnswerCitations | undefined): Passage[] {
  const passages = [...(found?.citations ?? []).flatMap(({ passage }) => passage ?? []), ...(found?.evidence ?? [])];
  return [...new Map(passages.map((passage) => [`${passage.start} ${passage.end}`, passage])).values()];
}

function Frame({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <section aria-label="KV cache" className="flex h-full flex-col bg-chrome">
      <div className="flex h-10 shrink-0 items-center justify-between pr-2 pl-4">
        <h2 className="font-[600]">KV cache</h2>
        {action}
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto pb-6">{children}</div>
    </section>
  );
}
