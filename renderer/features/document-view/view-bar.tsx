/** The bar above the document: which page is in sight, a field to go to any other, and buttons of the view. */

import { ScanText } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import type { DocumentOutline } from '../../../electron/contract/app-types.ts';
import type { DocumentFormat } from '../../../electron/contract/document-kinds.ts';
import { unitTitle } from '../../../electron/contract/receipt.ts';
import { count, percent, recognisedWords } from '../../format.ts';
import { useDocumentView } from '../../stores/document-view.ts';

interface ViewBarProps {
  outline: DocumentOutline;
  format: DocumentFormat;
  onPage: (page: number) => void;
  children?: ReactNode;
}

export function ViewBar({ outline, format, onPage, children }: ViewBarProps) {
  const page = useDocumentView((view) => view.page);
  const [typed, setTyped] = useState<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a page that came into sight replaces what was typed
  useEffect(() => setTyped(null), [page]);
  const total = outline.pages.length;
  const isPdf = format === 'pdf';
  const word = unitTitle(format);
  const { label = '', recognised } = outline.pages[page] ?? {};
  const go = () => {
    const named = pageNamed(outline, typed ?? '', isPdf);
    if (named !== undefined) onPage(named);
    setTyped(null);
  };
  return (
    <div className="flex h-9 shrink-0 items-center gap-2 border-b border-line px-3 text-note text-muted">
      <form
        className="tabular flex min-w-0 flex-1 items-center gap-1.5"
        onSubmit={(event) => {
          event.preventDefault();
          go();
        }}
      >
        <span>{word}</span>
        <input
          aria-label={`${word}, of ${count(total)}`}
          value={typed ?? `${page + 1}`}
          onChange={(event) => setTyped(event.target.value)}
          onBlur={() => setTyped(null)}
          className="h-6 w-12 rounded-md border border-line-strong bg-surface px-1.5 text-center text-ink"
        />
        <span className="shrink-0">of {count(total)}</span>
        {label !== '' && label !== `${page + 1}` && (
          <span className="truncate" title={label}>
            {isPdf ? `printed ${label}` : label}
          </span>
        )}
        {recognised && (
          <span
            className="flex min-w-0 items-center gap-1"
            data-testid="recognised"
            title={recognisedWords(recognised)}
          >
            <ScanText size={13} aria-hidden className="shrink-0" />
            <span className="truncate">recognised, {percent(recognised.confidence)}</span>
          </span>
        )}
      </form>
      {children}
    </div>
  );
}

/** The page that was typed: by its place in the document or, for a PDF that numbers its pages otherwise, by the number printed on it. */
function pageNamed({ pages }: DocumentOutline, typed: string, isPdf: boolean): number | undefined {
  const name = typed.trim();
  const number = Number(name);
  if (Number.isInteger(number) && number >= 1 && number <= pages.length) return number - 1;
  const labelled = isPdf && name !== '' ? pages.findIndex(({ label }) => label === name) : -1;
  return labelled < 0 ? undefined : labelled;
}
