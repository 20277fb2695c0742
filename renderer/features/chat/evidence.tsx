/**
 * What an answer rests on: up to three places of the document, each with its sentence, where words of the answer or the question
 * are bold; and what the answer says that is not found in the document.
 */
import { SearchX } from 'lucide-react';
import { useId, useState } from 'react';
import type { AnswerEvidence, Evidence } from '../../../electron/contract/evidence.ts';
import { placeName } from '../../../electron/contract/places.ts';
import { recognisedWords } from '../../format.ts';
import { showPassage } from '../../stores/document-view.ts';

interface EvidenceRowProps {
  found: AnswerEvidence;
  documentId: string | null;
}

export function EvidenceRow({ found: { evidence, unsupported, isFound }, documentId }: EvidenceRowProps) {
  const statements = unsupported.filter(({ kind }) => kind === 'statement');
  return (
    // A fieldset and not a landmark, because there is one under each answer.
    <fieldset aria-label="Evidence" data-testid="evidence" className="mt-3 text-note leading-5">
      {evidence.length > 0 && <Places evidence={evidence} documentId={documentId} />}
      {!isFound && <NotFound />}
      {isFound && statements.length > 0 && <NotFound statements={statements.map(({ text }) => text)} />}
    </fieldset>
  );
}

function Places({ evidence, documentId }: { evidence: readonly Evidence[]; documentId: string | null }) {
  const [shownAt, setShownAt] = useState(0);
  const sentenceId = useId();
  const shown = evidence[shownAt] ?? evidence[0];
  return (
    // The sentence stands beside the places, or below them where their names leave too little room.
    <div className="flex flex-wrap items-baseline gap-x-2 gap-y-1">
      <div className="flex max-w-full flex-wrap items-center gap-1">
        {evidence.map((entry, i) => (
          <button
            key={entry.start}
            type="button"
            aria-label={`Evidence ${i + 1}, ${placeName(entry)}${entry.recognised ? ', recognised text' : ''}: ${entry.sentence} Show it in the document`}
            disabled={documentId === null}
            onPointerEnter={() => setShownAt(i)}
            onFocus={() => setShownAt(i)}
            onClick={() => documentId !== null && showPassage(documentId, entry)}
            className={`tabular max-w-48 truncate rounded-md border px-1.5 text-accent hover:bg-accent-soft ${
              entry === shown ? 'border-accent bg-accent-soft' : 'border-line-strong bg-raised'
            }`}
          >
            {placeName(entry)}
          </button>
        ))}
      </div>
      {shown && (
        <p
          id={sentenceId}
          data-testid="evidence-sentence"
          className="line-clamp-4 min-w-0 flex-[1_1_16rem] text-muted wrap-anywhere"
        >
          <Matched entry={shown} />
          {shown.recognised && <span> ({recognisedWords(shown.recognised)})</span>}
        </p>
      )}
    </div>
  );
}

/** Matched words are bold, because colour alone would not show them to everybody. */
function Matched({ entry: { sentence, matches } }: { entry: Evidence }) {
  const from = shownFrom(sentence, matches[0]?.start ?? 0);
  let at = from;
  const pieces = matches.flatMap(({ start, end }) => {
    const before = sentence.slice(at, start);
    at = end;
    return [
      before,
      <strong key={start} className="font-[600] text-ink">
        {sentence.slice(start, end)}
      </strong>,
    ];
  });
  return (
    <>
      {from > 0 && '… '}
      {pieces}
      {sentence.slice(at)}
    </>
  );
}

/** With more letters than this before the first match the sentence is cut at its beginning: only four lines are shown. */
const mostBefore = 160;
const keptBefore = 60;

function shownFrom(sentence: string, firstMatch: number): number {
  return firstMatch <= mostBefore ? 0 : sentence.lastIndexOf(' ', firstMatch - keptBefore) + 1;
}

const mostStatements = 2;

function NotFound({ statements = [] }: { statements?: readonly string[] }) {
  const named = statements.slice(0, mostStatements).map((text) => `“${text}”`);
  const more = statements.length - named.length;
  return (
    <p className={`mt-1 flex items-start gap-1.5 ${statements.length > 0 ? 'text-muted' : 'font-[520] text-warn'}`}>
      <SearchX size={14} aria-hidden className="mt-[3px] shrink-0" />
      <span className="wrap-anywhere">
        Not found in the document{named.length > 0 ? `: ${named.join(', ')}` : ''}
        {more > 0 && ` and ${more} more`}
      </span>
    </p>
  );
}
