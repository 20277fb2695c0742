/**
 * What the import made of the file: one line, whose parts open their notes, each with a link to its page. Below it are buttons that
 * read the kept file again in another way.
 */
import { useId, useState } from 'react';
import type { LibraryDocument } from '../../electron/contract/app-types.ts';
import type { ImportNote } from '../../electron/contract/import-notes.ts';
import { isLeftOut, type NoteGroup, noteGroups, unitOf, unitsText } from '../../electron/contract/receipt.ts';
import { count } from '../format.ts';
import { showPages, showSection } from '../stores/document-view.ts';
import { selectReadAnew, useLibrary } from '../stores/library.ts';
import { selectOffersRecognition, useSettings } from '../stores/settings.ts';
import { Button } from '../ui/button.tsx';
import { offersFor, ReadAnew } from './read-anew.tsx';

interface ReceiptProps {
  document: LibraryDocument;
  /** Draws nothing where only the number of pages could be said, which stands beside the document already. */
  isBrief?: boolean;
}

export function Receipt({ document, isBrief = false }: ReceiptProps) {
  const [openKind, setOpenKind] = useState<NoteGroup['kind'] | null>(null);
  const listId = useId();
  const groups = noteGroups(document.notes);
  const open = groups.find(({ kind }) => kind === openKind);
  const isReading = useLibrary(selectReadAnew(document.id)) !== undefined;
  const hasOffers = offersFor(document, useSettings(selectOffersRecognition)).length > 0;
  if (isBrief && groups.length === 0 && !hasOffers && !isReading) return null;
  return (
    <div data-testid="receipt">
      <p className="tabular leading-5 text-muted">
        {unitsText(document.format, document.pages)}
        {groups.map(({ kind, words }) => (
          <span key={kind}>
            {'; '}
            <button
              type="button"
              aria-expanded={kind === openKind}
              aria-controls={kind === openKind ? listId : undefined}
              onClick={() => setOpenKind(kind === openKind ? null : kind)}
              className={`rounded-sm text-left wrap-anywhere underline decoration-dotted underline-offset-3 hover:decoration-solid ${isLeftOut(kind) ? 'text-warn' : 'hover:text-ink'} ${kind === openKind ? 'font-[560]' : ''}`}
            >
              {words}
            </button>
          </span>
        ))}
      </p>
      {open && <NoteList key={open.kind} id={listId} document={document} group={open} />}
      <ReadAnew document={document} />
    </div>
  );
}

interface NoteListProps {
  id: string;
  document: LibraryDocument;
  group: NoteGroup;
}

/** How many notes are shown at first, so that the buttons below them stay in sight. */
const fewNotes = 8;

function NoteList({ id, document, group: { words, notes } }: NoteListProps) {
  const [isAll, setAll] = useState(false);
  const shown = isAll ? notes : notes.slice(0, fewNotes);
  return (
    <div id={id} className="mt-2 rounded-lg border border-line bg-surface px-3">
      <ul aria-label={words} className="divide-y divide-line">
        {shown.map((note, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the notes of a document never change their order
          <li key={i} className="flex items-baseline gap-3 py-1.5">
            <span className="min-w-0 flex-1 leading-5 wrap-anywhere">
              {note.sentence}
              <Names note={note} />
            </span>
            <Place document={document} note={note} />
          </li>
        ))}
      </ul>
      {shown.length < notes.length && (
        <Button kind="bare" className="-ml-2 mb-1" onClick={() => setAll(true)}>
          All {count(notes.length)} notes
        </Button>
      )}
    </div>
  );
}

/** Lists the names of a note that its sentence does not contain. */
function Names({ note: { names = [], sentence } }: { note: ImportNote }) {
  const missing = names.filter((name) => !sentence.includes(name));
  return missing.length === 0 ? null : <span className="text-muted"> {missing.join(', ')}</span>;
}

const placeClass =
  'max-w-40 shrink-0 truncate rounded-md border border-line-strong bg-raised px-1.5 text-note leading-4.5 text-accent hover:bg-accent-soft';

function Place({ document, note: { page, section } }: { document: LibraryDocument; note: ImportNote }) {
  if (page !== undefined && page <= document.pages)
    return (
      <button
        type="button"
        aria-label={`Show ${unitOf(document.format)[0]} ${page} in the document`}
        onClick={() => void showPages(document.id, page - 1)}
        className={`tabular ${placeClass}`}
      >
        {document.format === 'pdf' ? 'p.' : unitOf(document.format)[0]} {page}
      </button>
    );
  if (section === undefined) return null;
  return (
    <button
      type="button"
      aria-label={`Show ${section} in the document`}
      title={section}
      onClick={() => void showSection(document.id, section)}
      className={placeClass}
    >
      § {section}
    </button>
  );
}
