/** The document beside the chat: a PDF as its pages, everything else as text; a passage is brought into sight and marked. */

import { lazy, Suspense, useEffect, useState } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { LibraryDocument } from '../../../electron/contract/app-types.ts';
import { Receipt } from '../../receipt/receipt.tsx';
import { openOutline, setAsText, useDocumentView } from '../../stores/document-view.ts';
import { Problem } from '../../ui/problem.tsx';
import { PagesOrText } from './pages-or-text.tsx';
import { TextView } from './text-view.tsx';
import { Waiting } from './waiting.tsx';

/** PDFium and its viewer weigh more than the rest of the window. */
const PdfView = lazy(() => import('./pdf-view.tsx'));

export function DocumentView({ document }: { document: LibraryDocument }) {
  const { documentId, outline, failure, asText } = useDocumentView(
    useShallow(({ documentId, outline, failure, asText }) => ({ documentId, outline, failure, asText })),
  );
  /** Why pages cannot be shown; the text can. */
  const [refused, setRefused] = useState<string | null>(null);
  useEffect(() => {
    setRefused(null);
    void openOutline(document.id);
  }, [document.id]);
  if (failure)
    return (
      <div className="p-4">
        <Problem message={failure.message} />
      </div>
    );
  if (!outline || documentId !== document.id) return <Waiting what="Opening the document" />;
  const isPdf = document.format === 'pdf';
  const showsPages = isPdf && !asText && refused === null;
  return (
    <div className="flex h-full flex-col">
      <div className="max-h-[45%] overflow-y-auto border-b border-line px-3 py-2 text-note empty:hidden">
        <Receipt document={document} isBrief />
      </div>
      {refused !== null && (
        <p role="status" className="border-b border-line px-4 py-2 text-note leading-4 text-warn">
          {refused}
        </p>
      )}
      <div className="min-h-0 flex-1">
        {showsPages ? (
          <PagesOrText onBroken={setRefused}>
            <Suspense fallback={<Waiting what="Opening the pages" />}>
              <PdfView
                key={document.id}
                document={document}
                outline={outline}
                onText={() => setAsText(true)}
                onRefused={setRefused}
              />
            </Suspense>
          </PagesOrText>
        ) : (
          <TextView
            key={document.id}
            document={document}
            outline={outline}
            onPages={isPdf && refused === null ? () => setAsText(false) : null}
          />
        )}
      </div>
    </div>
  );
}
