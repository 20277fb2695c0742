/** The left column: documents with their state, the chats of the open one, files that are being imported, and a search over documents. */
import { ClipboardPaste, ListChecks, Plus } from 'lucide-react';
import { useRef } from 'react';
import { plural } from '../../format.ts';
import { addFiles, useLibrary } from '../../stores/library.ts';
import { joinPicked, searchFor, startPicking, stopPicking, useLibrarySearch } from '../../stores/library-search.ts';
import { openOverlay } from '../../stores/ui.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { DocumentRow } from './document-row.tsx';
import { IncomingFile } from './incoming-file.tsx';
import { SearchHits } from './search-hits.tsx';

export function LibraryColumn() {
  const hasDocuments = useLibrary((library) => library.documents.length > 0);
  const incoming = useLibrary((library) => library.incoming);
  const isPicking = useLibrarySearch(({ picked }) => picked !== null);
  return (
    <nav aria-label="Library" className="flex h-full flex-col bg-chrome">
      <Header />
      {hasDocuments && <SearchField />}
      {/* The list can take the focus, so that the keyboard can scroll it. */}
      <div className="min-h-0 flex-1 overflow-y-auto px-2 pb-4">
        {incoming.map((file) => (
          <IncomingFile key={file.key} file={file} />
        ))}
        <Documents />
      </div>
      {isPicking && <PickBar />}
    </nav>
  );
}

function Header() {
  const canJoin = useLibrary(({ documents }) => documents.filter(({ joined }) => joined === 0).length > 1);
  const isPicking = useLibrarySearch(({ picked }) => picked !== null);
  const input = useRef<HTMLInputElement>(null);
  return (
    <div className="flex h-11 items-center pr-2 pl-4">
      <h2 className="mr-auto font-[600]">Library</h2>
      {canJoin && !isPicking && (
        <IconButton label="Ask several documents together" onClick={startPicking}>
          <ListChecks size={16} aria-hidden />
        </IconButton>
      )}
      <IconButton label="Paste text as a document" onClick={() => openOverlay('paste')}>
        <ClipboardPaste size={16} aria-hidden />
      </IconButton>
      <IconButton label="Add a document" onClick={() => input.current?.click()}>
        <Plus size={16} aria-hidden />
      </IconButton>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        data-testid="add-files"
        onChange={(event) => {
          addFiles([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
    </div>
  );
}

function SearchField() {
  const query = useLibrarySearch((state) => state.query);
  return (
    <div className="px-3 pb-2">
      <input
        id="library-search"
        type="search"
        aria-label="Search names and text"
        placeholder="Search names and text"
        maxLength={200}
        value={query}
        onChange={(event) => searchFor(event.target.value)}
        className="h-7 w-full rounded-md border border-line-strong bg-surface px-2 placeholder:text-muted"
      />
    </div>
  );
}

function Documents() {
  const documents = useLibrary((library) => library.documents);
  const isEmpty = useLibrary(({ isLoaded, incoming }) => isLoaded && documents.length === 0 && incoming.length === 0);
  const query = useLibrarySearch((state) => state.query.trim());
  const hits = useLibrarySearch((state) => state.hits);
  if (isEmpty) return <p className="px-2 py-1 text-muted">No documents yet. Drop one on the window.</p>;
  if (query === '' || hits === null)
    return (
      <ul className="space-y-0.5">
        {documents.map((document) => (
          <DocumentRow key={document.id} document={document} />
        ))}
      </ul>
    );
  return (
    <>
      <p role="status" className="px-2 pb-1 text-note leading-4 wrap-anywhere text-muted">
        {hits.length === 0
          ? `No document has “${query}” in its name or text. Fewer or shorter words find more.`
          : `Found in ${plural(hits.length, 'document')}`}
      </p>
      <ul className="space-y-0.5">
        {hits.map((hit) => {
          const document = documents.find(({ id }) => id === hit.documentId);
          return (
            document && (
              <DocumentRow key={document.id} document={document}>
                <SearchHits hit={hit} format={document.format} />
              </DocumentRow>
            )
          );
        })}
      </ul>
    </>
  );
}

function PickBar() {
  const picked = useLibrarySearch((state) => state.picked?.length ?? 0);
  const isJoining = useLibrarySearch((state) => state.isJoining);
  return (
    <div className="border-t border-line p-3">
      <p className="mb-2 text-note leading-4 text-muted">
        {picked < 2
          ? 'Pick two or more. They are read one after the other, in the order picked.'
          : 'Read as one, in this order.'}
      </p>
      <div className="flex gap-2">
        <Button kind="primary" className="flex-1" disabled={picked < 2 || isJoining} onClick={() => void joinPicked()}>
          {picked < 2 ? 'Ask together' : `Ask ${picked} together`}
        </Button>
        <Button onClick={stopPicking}>Cancel</Button>
      </div>
    </div>
  );
}
