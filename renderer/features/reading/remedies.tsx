/** Changes that would make a document fit. Each shows what would be needed then, before it is chosen. */

import type { LibraryDocument, Preflight, Remedy } from '../../../electron/contract/app-types.ts';
import { unitOf } from '../../../electron/contract/receipt.ts';
import { ownWords } from '../../choice-words.ts';
import { bytes, count, plural } from '../../format.ts';
import { changeOwnChoice } from '../../stores/document-choice.ts';
import { releaseDocument } from '../../stores/library.ts';
import { loadPreflight, useReading } from '../../stores/reading.ts';
import { openModels } from '../../stores/ui.ts';
import { Button } from '../../ui/button.tsx';

interface RemediesProps {
  facts: Preflight;
  document: LibraryDocument;
}

export function Remedies({ facts, document }: RemediesProps) {
  const unit = unitOf(document.format)[1];
  const offers = facts.remedies.map((remedy) => offerOf(remedy, facts, document.id, unit));
  offers.push({
    label: 'Another model',
    words: facts.fitsContext ? 'A smaller one takes less memory.' : 'One with a longer context reads all of it.',
    take: openModels,
  });
  return (
    <section aria-label="What helps" className="mt-5 border-t border-line pt-4">
      <h3 className="mb-2 font-[600]">What helps</h3>
      <ul className="space-y-2">
        {offers.map(({ label, words, take }) => (
          <li key={label} className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <Button onClick={take} className="first-letter:uppercase">
              {label}
            </Button>
            <span className="tabular min-w-0 flex-1 basis-52 text-note leading-4 text-muted">{words}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface Offer {
  label: string;
  words: string;
  take: () => void;
}

function offerOf(remedy: Remedy, facts: Preflight, documentId: string, unit: string): Offer {
  if (remedy.type === 'pages') {
    const { range, tokens } = remedy;
    return {
      label: `Only ${unit} ${range.from + 1} to ${range.to + 1}`,
      words: `About ${count(tokens)} tokens instead of ${count(facts.documentTokens)}. The model will not know the rest.`,
      take: () => void loadPreflight(documentId, range),
    };
  }
  if (remedy.type === 'release')
    return {
      label: `Free ${plural(remedy.documentIds.length, 'other document')}`,
      words: `Makes ${bytes(remedy.bytes)} free${remedy.fits ? ': this one fits then' : ', which is not enough by itself'}. To ask about them again they are read again.`,
      take: async () => {
        for (const id of remedy.documentIds) await releaseDocument(id);
        await loadPreflight(documentId, useReading.getState().range);
      },
    };
  return {
    label: ownWords(remedy.changes),
    words: `${changedWords(remedy, facts)} An answer works on ${bytes(remedy.cache)} of KV. For this document alone.`,
    take: () => void changeOwnChoice(remedy.changes),
  };
}

const places = { gpu: 'GPU memory', ram: 'RAM' };

/** For each memory that was too small: what was needed, what would be needed after the change, and whether that fits. */
export function changedWords({ memory, fits }: Extract<Remedy, { type: 'choice' }>, facts: Preflight): string {
  const parts = facts.memory.map(({ place, needed }) => {
    const after = memory.find((need) => need.place === place)?.needed ?? 0;
    return after === needed ? null : `${bytes(after)} of ${places[place]} instead of ${bytes(needed)}`;
  });
  const added = memory.filter((need) => !facts.memory.some(({ place }) => place === need.place));
  const words = [...parts, ...added.map(({ place, needed }) => `${bytes(needed)} of ${places[place]}`)];
  return `${words.filter((word) => word !== null).join(', ')}: ${fits ? 'fits.' : 'still too much.'}`;
}
