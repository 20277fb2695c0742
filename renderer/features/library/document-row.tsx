/** One document of the list: its name, size and state; a box to pick it by while several are being chosen. */
import { Files, FileText } from 'lucide-react';
import type { ReactNode } from 'react';
import type { LibraryDocument } from '../../../electron/contract/app-types.ts';
import { unitsText } from '../../../electron/contract/receipt.ts';
import { dragProps } from '../../drag-out.ts';
import { bytes, count, percentDone } from '../../format.ts';
import { selectHeld, selectJob, selectKept, useEngine } from '../../stores/engine.ts';
import { openDocument, useLibrary } from '../../stores/library.ts';
import { pick, useLibrarySearch } from '../../stores/library-search.ts';
import { ChatList } from './chat-list.tsx';
import { DocumentMenu } from './document-menu.tsx';

/** `children` is what a search found in the document. */
export function DocumentRow({ document, children }: { document: LibraryDocument; children?: ReactNode }) {
  const isOpen = useLibrary((library) => library.selectedId === document.id);
  const isPicking = useLibrarySearch(({ picked }) => picked !== null);
  if (isPicking) return <PickRow document={document} />;
  const Icon = document.joined > 0 ? Files : FileText;
  return (
    <li>
      <div
        className={`group relative flex rounded-lg ${isOpen ? 'bg-accent-soft' : 'hover:bg-sunken'} transition-colors duration-150`}
      >
        <button
          type="button"
          aria-current={isOpen || undefined}
          onClick={() => void openDocument(document.id)}
          className="flex min-w-0 flex-1 gap-2 px-2 py-1.5 text-left"
          {...(document.joined === 0 && dragProps({ type: 'document', documentId: document.id }))}
        >
          <Icon size={16} aria-hidden className={`mt-0.5 shrink-0 ${isOpen ? 'text-accent' : 'text-muted'}`} />
          <span className="min-w-0 flex-1">
            <span className="block truncate font-[520] group-focus-within:pr-6 group-hover:pr-6" title={document.name}>
              {document.name}
            </span>
            <span className="tabular block truncate text-note leading-4 text-muted">{sizeOf(document)}</span>
            <DocumentState documentId={document.id} />
          </span>
        </button>
        <DocumentMenu document={document} />
      </div>
      {children}
      {isOpen && <ChatList />}
    </li>
  );
}

function sizeOf({ joined, pages, format, tokens }: LibraryDocument): string {
  const parts = joined > 0 ? `${joined} documents` : unitsText(format, pages);
  return tokens === null ? parts : `${parts}, ${count(tokens)} tokens`;
}

function PickRow({ document }: { document: LibraryDocument }) {
  const place = useLibrarySearch(({ picked }) => picked?.indexOf(document.id) ?? -1);
  if (document.joined > 0) return null;
  return (
    <li>
      <label className="flex cursor-pointer items-center gap-2 rounded-lg px-2 py-1.5 hover:bg-sunken">
        <input
          type="checkbox"
          checked={place >= 0}
          onChange={() => pick(document.id)}
          className="size-4 shrink-0 accent-(--accent)"
        />
        <span className="min-w-0 flex-1">
          <span className="block truncate font-[520]">{document.name}</span>
          <span className="tabular block truncate text-note leading-4 text-muted">{sizeOf(document)}</span>
        </span>
        {place >= 0 && <span className="tabular text-note text-accent">{place + 1}</span>}
      </label>
    </li>
  );
}

function DocumentState({ documentId }: { documentId: string }) {
  const held = useEngine(selectHeld(documentId));
  const reading = useEngine(selectJob('reading', documentId));
  const answering = useEngine(selectJob('answering', documentId));
  const kept = useEngine(selectKept(documentId));
  const onDisk = kept ? `${bytes(kept.bytes)} on disk` : '';
  const text = reading
    ? `${reading.phase === 'paused' ? 'paused at' : reading.phase === 'loading' ? 'loading' : 'reading'} ${percentDone(reading.done, reading.total)}`
    : answering
      ? 'answering'
      : held
        ? `in memory, ${bytes(held.bytes)}${kept ? `; ${onDisk}` : ''}`
        : kept?.isReady
          ? `ready in seconds, ${onDisk}`
          : `not in memory${kept ? `, ${onDisk}` : ''}`;
  const isBusy = reading !== undefined || answering !== undefined;
  return (
    <span className="tabular flex min-w-0 items-center gap-1.5 text-note leading-4 text-muted">
      <span
        aria-hidden
        className={`size-1.5 shrink-0 rounded-full border ${isBusy ? 'border-accent bg-transparent' : held ? 'border-ok bg-ok' : 'border-muted'}`}
      />
      <span className="truncate" title={text}>
        {text}
      </span>
    </span>
  );
}
