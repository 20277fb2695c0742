/** What a search found in one document: the pages, each with the words around the hit. */

import type { SearchHit } from '../../../electron/contract/app-types.ts';
import type { DocumentFormat } from '../../../electron/contract/document-kinds.ts';
import { counted } from '../../../electron/contract/import-notes.ts';
import { unitOf } from '../../../electron/contract/receipt.ts';
import { showPages } from '../../stores/document-view.ts';
import { openDocument } from '../../stores/library.ts';

export function SearchHits({ hit, format }: { hit: SearchHit; format: DocumentFormat }) {
  if (hit.pages.length === 0) return null;
  const show = async (page: number) => {
    await openDocument(hit.documentId);
    await showPages(hit.documentId, page);
  };
  const [one, many] = unitOf(format);
  return (
    <ul className="mb-1 ml-4 space-y-0.5 border-l border-line pl-2">
      {hit.pages.map(({ number, label, snippet }) => (
        <li key={number}>
          <button
            type="button"
            onClick={() => void show(number)}
            className="block w-full rounded-md px-2 py-1 text-left text-note leading-4 text-muted hover:bg-sunken hover:text-ink"
          >
            <span className="tabular block truncate">{one === 'page' ? `Page ${label}` : label}</span>
            <span className="line-clamp-3 wrap-anywhere">
              {snippet.map(({ text, isHit }, i) =>
                isHit ? (
                  // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text in their order
                  <mark key={i} className="bg-transparent font-[620] text-ink underline decoration-accent decoration-2">
                    {text}
                  </mark>
                ) : (
                  text
                ),
              )}
            </span>
          </button>
        </li>
      ))}
      {hit.morePages > 0 && (
        <li className="px-2 text-note leading-4 text-muted">
          and on {counted(`more ${one}`, `more ${many}`)(hit.morePages)}
        </li>
      )}
    </ul>
  );
}
