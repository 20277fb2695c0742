/** The middle column for the open document: the pre-flight card until the document is read, then its chat. */
import type { LibraryDocument } from '../electron/contract/app-types.ts';
import { unitOf, unitsText } from '../electron/contract/receipt.ts';
import { ChatView } from './features/chat/chat-view.tsx';
import { Composer } from './features/chat/composer.tsx';
import { PreflightCard } from './features/reading/preflight-card.tsx';
import { ReadingProgress } from './features/reading/reading-progress.tsx';
import { useChat } from './stores/chat.ts';
import { selectHeld, selectJob, selectKept, useEngine } from './stores/engine.ts';

export function DocumentPage({ document }: { document: LibraryDocument }) {
  const held = useEngine(selectHeld(document.id));
  const reading = useEngine(selectJob('reading', document.id));
  const hasTurns = useChat((state) => state.turns.length > 0);
  const isKept = useEngine(selectKept(document.id))?.isReady ?? false;
  const isHeld = held !== undefined;
  const before = reading ? (
    <ReadingProgress job={reading} name={document.name} />
  ) : (
    <PreflightCard document={document} readBefore={hasTurns} />
  );
  if (!isHeld && !hasTurns)
    return (
      <div className="h-full overflow-y-auto">
        <div className="mx-auto flex min-h-full w-full max-w-[680px] flex-col justify-center gap-3 p-6">
          {before}
          {isKept && !reading && <Composer documentName={document.name} />}
        </div>
      </div>
    );
  return (
    <div className="flex h-full flex-col">
      <div className="min-h-0 flex-1">
        {hasTurns ? <ChatView /> : <EmptyChat document={document} pages={held?.pages ?? null} />}
      </div>
      <div className="mx-auto w-full max-w-[760px] px-6 pb-3">
        {!isHeld && before}
        {/* A document that is kept on disk can be asked about too: it is loaded first. */}
        {(isHeld || (isKept && !reading)) && (
          <div className={isHeld ? '' : 'mt-3'}>
            <Composer documentName={document.name} />
          </div>
        )}
      </div>
    </div>
  );
}

function EmptyChat({ document, pages }: { document: LibraryDocument; pages: { from: number; to: number } | null }) {
  return (
    <div className="flex h-full items-center justify-center p-6 text-center">
      <div className="max-w-[48ch]">
        <h2 className="text-title font-[620] wrap-anywhere">{document.name} is read</h2>
        <p className="mt-1 text-muted">
          {pages
            ? `The ${unitOf(document.format)[1]} ${pages.from + 1} to ${pages.to + 1} are in memory. Ask about them.`
            : `All ${unitsText(document.format, document.pages)} are in memory. Ask about any of it.`}
        </p>
      </div>
    </div>
  );
}
