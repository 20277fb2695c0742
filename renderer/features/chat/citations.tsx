/** A finished answer with what ties it to the document: chips that open the passage, quotes that are not there, pages read most. */
import { ScanText } from 'lucide-react';
import { useEffect, useMemo } from 'react';
import type { Turn } from '../../../electron/contract/app-types.ts';
import type { AnswerCitations, Citation } from '../../../electron/contract/citations.ts';
import { percent, recognisedWords } from '../../format.ts';
import { type Mark, SafeMarkdown } from '../../markdown/safe-markdown.tsx';
import { useChat } from '../../stores/chat.ts';
import { loadCitations, useCitations } from '../../stores/citations.ts';
import { showPages, showPassage } from '../../stores/document-view.ts';
import { askLink } from '../../stores/ui.ts';

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
  return (
    <>
      {turn.answer !== '' && (
        <SafeMarkdown text={turn.answer} streaming={false} onLink={askLink} {...(marks ? { marks } : {})} />
      )}
      {found && found.readMost.length > 0 && <ReadMost pages={found.readMost} documentId={documentId} />}
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
  const place = pageName(passage.label, passage.page);
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

function ReadMost({ pages, documentId }: { pages: AnswerCitations['readMost']; documentId: string | null }) {
  return (
    <p className="mt-2 flex flex-wrap items-center gap-x-1 text-note leading-5 text-muted">
      <span title="Where stage 2 read most while this was written. That is attention, not proof.">Read most:</span>
      {pages.map(({ page, label, share }) => (
        <button
          key={page}
          type="button"
          title={`${percent(share)} of what stage 2 read in the document. Attention, not proof.`}
          onClick={() => documentId !== null && void showPages(documentId, page)}
          className="tabular max-w-48 truncate rounded-md px-1 text-ink underline decoration-dotted underline-offset-2 hover:bg-sunken"
        >
          {pageName(label, page)}
        </button>
      ))}
    </p>
  );
}

/** Pages by number, as readers cite; sections by name. */
function pageName(label: string, page: number): string {
  if (label === '') return `p. ${page + 1}`;
  return /^[\dA-Z]*[-.]?\d+$|^[ivxlc]+$/.test(label) ? `p. ${label}` : `§ ${label}`;
}
