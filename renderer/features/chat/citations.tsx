/** A finished answer and what the document says about it: chips that open a passage, marks on what is not in the document, the evidence. */
import { ScanText } from 'lucide-react';
import { useEffect, useMemo } from 'react';
import type { Turn } from '../../../electron/contract/app-types.ts';
import type { Citation } from '../../../electron/contract/citations.ts';
import { placeName } from '../../../electron/contract/places.ts';
import { recognisedWords } from '../../format.ts';
import { type Mark, SafeMarkdown } from '../../markdown/safe-markdown.tsx';
import { useChat } from '../../stores/chat.ts';
import { loadCitations, useCitations } from '../../stores/citations.ts';
import { showPassage } from '../../stores/document-view.ts';
import { askLink } from '../../stores/ui.ts';
import { EvidenceRow } from './evidence.tsx';

export function CitedAnswer({ turn }: { turn: Turn }) {
  const found = useCitations(({ ofTurn }) => ofTurn[turn.id]);
  const documentId = useChat((chat) => chat.documentId);
  useEffect(() => void loadCitations(turn.id), [turn.id]);
  const marks = useMemo(
    () =>
      found?.citations.map(
        (citation): Mark => ({
          claim: citation.claim,
          shown: <CitationChip citation={citation} documentId={documentId} />,
        }),
      ),
    [found, documentId],
  );
  const unsupported = useMemo(
    () => found?.unsupported.filter(({ kind }) => kind !== 'statement').map(({ text }) => text),
    [found],
  );
  return (
    <>
      {turn.answer !== '' && (
        <SafeMarkdown
          text={turn.answer}
          streaming={false}
          onLink={askLink}
          {...(marks ? { marks } : {})}
          {...(unsupported ? { unsupported } : {})}
        />
      )}
      {found && turn.answer !== '' && <EvidenceRow found={found} documentId={documentId} />}
    </>
  );
}

const chipClass =
  'inline-block max-w-48 truncate rounded-md border px-1.5 align-text-bottom text-note leading-4.5 tabular-nums';

function CitationChip({ citation, documentId }: { citation: Citation; documentId: string | null }) {
  const { passage, found, exact } = citation;
  if (!passage)
    return (
      <span
        title="These words are not in the document. They may be the model’s own."
        className={`${chipClass} border-dashed border-warn text-warn`}
      >
        unverified
      </span>
    );
  const place = placeName(passage);
  return (
    <button
      type="button"
      title={`${exact ? 'In the document' : 'Nearly these words in the document'}${passage.recognised ? `, ${recognisedWords(passage.recognised)}` : ''}: “${found}”`}
      aria-label={`Show ${place} in the document${passage.recognised ? ', recognised text' : ''}`}
      disabled={documentId === null}
      onClick={() => documentId !== null && showPassage(documentId, passage)}
      className={`${chipClass} border-line-strong bg-raised text-accent hover:bg-accent-soft`}
    >
      {passage.recognised && <ScanText size={12} aria-hidden className="mr-1 inline align-[-1.5px]" />}
      {place}
      {exact ? '' : ' ≈'}
    </button>
  );
}
