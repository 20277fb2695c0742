/** What belongs to a PDF's pages: the bar above them, the marks on them, and what is selected in them. */

import { useDocumentState } from '@embedpdf/core/react';
import type { Rect } from '@embedpdf/models';
import { useScrollCapability } from '@embedpdf/plugin-scroll/react';
import { useSelectionCapability } from '@embedpdf/plugin-selection/react';
import { useZoom } from '@embedpdf/plugin-zoom/react';
import { AlignLeft, ZoomIn, ZoomOut } from 'lucide-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { DocumentOutline, LibraryDocument } from '../../../electron/contract/app-types.ts';
import { type Stretch, setPage, textOf, useDocumentView } from '../../stores/document-view.ts';
import { IconButton } from '../../ui/button.tsx';
import { AskAbout } from './ask-about.tsx';
import { pdfEngine } from './pdf-engine.ts';
import { passageCharacters, passageRects } from './pdf-passage.ts';
import { coversPages } from './text-view.tsx';
import { ViewBar } from './view-bar.tsx';

/** Brings the page of each passage that is asked for into sight; returns how to go to any page. */
export function useJumps(documentId: string): (page: number) => void {
  // Not useScroll: it returns a new object at each render, and the effects below would run each time.
  const { provides: scroll } = useScrollCapability();
  const { passage, asked } = useDocumentView(useShallow(({ passage, asked }) => ({ passage, asked })));
  const [isLaidOut, setLaidOut] = useState(false);
  const jump = useCallback(
    (page: number) => scroll?.forDocument(documentId).scrollToPage({ pageNumber: page + 1, behavior: 'instant' }),
    [scroll, documentId],
  );
  useEffect(
    () => scroll?.onLayoutReady((event) => event.documentId === documentId && setLaidOut(true)),
    [scroll, documentId],
  );
  useEffect(
    () => scroll?.forDocument(documentId).onPageChange(({ pageNumber }) => setPage(pageNumber - 1)),
    [scroll, documentId],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each time a passage is asked for
  useEffect(() => {
    if (isLaidOut && passage) jump(passage.page);
  }, [asked, isLaidOut, jump]);
  return jump;
}

interface PdfBarProps {
  document: LibraryDocument;
  outline: DocumentOutline;
  onText: () => void;
  onPage: (page: number) => void;
}

export function PdfBar({ document, outline, onText, onPage }: PdfBarProps) {
  const { provides: zoom } = useZoom(document.id);
  return (
    <ViewBar outline={outline} format="pdf" onPage={onPage}>
      <IconButton label="Smaller" onClick={() => zoom?.zoomOut()}>
        <ZoomOut size={14} aria-hidden />
      </IconButton>
      <IconButton label="Larger" onClick={() => zoom?.zoomIn()}>
        <ZoomIn size={14} aria-hidden />
      </IconButton>
      <IconButton label="Show the text" onClick={onText}>
        <AlignLeft size={14} aria-hidden />
      </IconButton>
    </ViewBar>
  );
}

/** The part of a stretch that stands on this page; null where there is none. */
function onPage(outline: DocumentOutline, pageIndex: number, passage: Stretch | null): [number, number] | null {
  const page = outline.pages[pageIndex];
  if (!page || !passage) return null;
  const start = Math.max(passage.start, page.start);
  const end = Math.min(passage.end, page.end);
  return end > start ? [start, end] : null;
}

interface PageMarksProps {
  documentId: string;
  outline: DocumentOutline;
  pageIndex: number;
}

export function PageMarks({ documentId, outline, pageIndex }: PageMarksProps) {
  const { passage, asked } = useDocumentView(useShallow(({ passage, asked }) => ({ passage, asked })));
  const { provides: scroll } = useScrollCapability();
  const pdf = useDocumentState(documentId)?.document;
  const page = pdf?.pages[pageIndex];
  const [marks, setMarks] = useState<{ asked: number; rects: Rect[] } | null>(null);
  const isWhole = passage !== null && coversPages(outline, passage);
  const [start, end] = onPage(outline, pageIndex, passage) ?? [0, 0];
  useEffect(() => {
    setMarks(null);
    if (!pdf || !page || end === start || isWhole) return;
    let isGone = false;
    const engine = pdfEngine();
    const pageStart = outline.pages[pageIndex]?.start ?? 0;
    void Promise.all([
      textOf(documentId, start, end),
      textOf(documentId, pageStart, start),
      engine.getPageTextRuns(pdf, page).toPromise(),
      engine.getPageGeometry(pdf, page).toPromise(),
    ]).then(([passageText, before, { runs }, geometry]) => {
      const found = passageCharacters(runs, passageText, before);
      if (!isGone && found) setMarks({ asked, rects: passageRects(geometry, found.from, found.to) });
    });
    return () => {
      isGone = true;
    };
  }, [documentId, outline, pageIndex, pdf, page, start, end, isWhole, asked]);

  // The page is in sight already; this scrolls its first marked line to the upper third of the view.
  const shown = useRef(0);
  useEffect(() => {
    const first = marks?.rects[0];
    if (!marks || !first || !scroll || shown.current === marks.asked || passage?.page !== pageIndex) return;
    shown.current = marks.asked;
    const { x, y } = first.origin;
    scroll.forDocument(documentId).scrollToPage({
      pageNumber: pageIndex + 1,
      pageCoordinates: { x, y },
      behavior: 'instant',
      alignY: 33,
      alignX: 20,
    });
  }, [marks, scroll, documentId, passage, pageIndex]);

  if (isWhole && end > start)
    return (
      <div
        aria-hidden
        data-testid="passage"
        className="pointer-events-none absolute inset-0 border-4 border-[#3a4fd0]"
      />
    );
  if (!marks || !page) return null;
  const share = (part: number, whole: number) => `${(100 * part) / whole}%`;
  return marks.rects.map(({ origin, size }) => (
    <div
      key={`${origin.x} ${origin.y}`}
      aria-hidden
      data-testid="passage"
      className="pointer-events-none absolute rounded-[2px] bg-[#ffd84d]/55 mix-blend-multiply"
      style={{
        left: share(origin.x, page.size.width),
        top: share(origin.y, page.size.height),
        width: share(size.width, page.size.width),
        height: share(size.height, page.size.height),
      }}
    />
  ));
}

export function PdfSelection({ documentId }: { documentId: string }) {
  const { provides } = useSelectionCapability();
  const [quote, setQuote] = useState('');
  useEffect(() => {
    if (!provides) return;
    const selection = provides.forDocument(documentId);
    const ended = selection.onEndSelection(() => {
      selection.getSelectedText().wait(
        (parts) => setQuote(parts.join(' ')),
        () => setQuote(''),
      );
    });
    const changed = selection.onSelectionChange((range) => {
      if (!range) setQuote('');
    });
    return () => {
      ended();
      changed();
    };
  }, [provides, documentId]);
  return <AskAbout quote={quote} onDone={() => provides?.forDocument(documentId).clear()} />;
}
