/** Ways to read the kept file again, one button each; while it is read, the progress and a button to cancel. */
import type { LibraryDocument } from '../../electron/contract/app-types.ts';
import type { PartialParseChoice } from '../../electron/contract/documents.ts';
import { plural } from '../format.ts';
import { readAnew, selectReadAnew, useLibrary } from '../stores/library.ts';
import { selectOffersRecognition, useSettings } from '../stores/settings.ts';
import { Button } from '../ui/button.tsx';
import { IncomingProgress } from './incoming-progress.tsx';

interface Offer {
  label: string;
  choice: PartialParseChoice;
  /** Why reading again helps, where the notes do not say it. */
  reason?: string;
}

export const recogniseChoice: PartialParseChoice = { recognise: 'pages-without-text' };

export function offersFor(document: LibraryDocument, offersRecognition: boolean): Offer[] {
  const { joined, notes, reading, isOfOlderReader } = document;
  if (joined > 0) return [];
  const has = (kind: LibraryDocument['notes'][number]['kind']) => notes.some((note) => note.kind === kind);
  const offers: Offer[] = [];
  const scanned = notes.filter(({ kind }) => kind === 'pages-without-text').reduce((sum, note) => sum + note.count, 0);
  if (scanned > 0 && offersRecognition)
    offers.push({ label: `Recognise the text of ${plural(scanned, 'page')}`, choice: recogniseChoice });
  if (has('page-furniture')) offers.push({ label: 'Read the whole page', choice: { wholePage: true } });
  if (reading.wholePage) offers.push({ label: 'Read the article alone', choice: { wholePage: false } });
  if (has('lost-pages')) offers.push({ label: 'Read the file anew', choice: {} });
  else if (isOfOlderReader)
    offers.push({
      label: 'Read the file anew',
      choice: {},
      reason: 'An older RocketDoc read it; this one may find more in it.',
    });
  return offers;
}

export function ReadAnew({ document }: { document: LibraryDocument }) {
  const running = useLibrary(selectReadAnew(document.id));
  const offers = offersFor(document, useSettings(selectOffersRecognition));
  if (running && running.phase !== 'failed')
    return (
      <div className="mt-2 max-w-96">
        <IncomingProgress file={running} />
      </div>
    );
  if (offers.length === 0) return null;
  return (
    <div className="mt-2 flex flex-wrap items-center gap-2">
      {offers.map(({ label, choice, reason }) => (
        <span key={label} className="flex flex-wrap items-center gap-2">
          {reason && <span className="text-muted">{reason}</span>}
          <Button onClick={() => readAnew(document, choice)}>{label}</Button>
        </span>
      ))}
    </div>
  );
}
