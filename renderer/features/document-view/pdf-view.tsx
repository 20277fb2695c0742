/** A PDF's pages, drawn by PDFium as they come into sight. */
import { createPluginRegistration } from '@embedpdf/core';
import { EmbedPDF } from '@embedpdf/core/react';
import { PdfErrorCode } from '@embedpdf/models';
import { DocumentContent, DocumentManagerPluginPackage } from '@embedpdf/plugin-document-manager/react';
import { InteractionManagerPluginPackage, PagePointerProvider } from '@embedpdf/plugin-interaction-manager/react';
import { RenderLayer, RenderPluginPackage } from '@embedpdf/plugin-render/react';
import { Scroller, ScrollPluginPackage } from '@embedpdf/plugin-scroll/react';
import { SelectionLayer, SelectionPluginPackage } from '@embedpdf/plugin-selection/react';
import { Viewport, ViewportPluginPackage } from '@embedpdf/plugin-viewport/react';
import { ZoomMode, ZoomPluginPackage } from '@embedpdf/plugin-zoom/react';
import { useEffect, useMemo, useState } from 'react';
import type { DocumentOutline, LibraryDocument } from '../../../electron/contract/app-types.ts';
import { failureOf } from '../../stores/api.ts';
import { fileOf } from '../../stores/document-view.ts';
import { selectPassword, usePasswords } from '../../stores/passwords.ts';
import { pdfEngine } from './pdf-engine.ts';
import { PdfLocked } from './pdf-locked.tsx';
import { PageMarks, PdfBar, PdfSelection, useJumps } from './pdf-parts.tsx';
import { Waiting } from './waiting.tsx';

interface PdfViewProps {
  document: LibraryDocument;
  outline: DocumentOutline;
  onText: () => void;
  onRefused: (why: string) => void;
}

export default function PdfView({ document, outline, onText, onRefused }: PdfViewProps) {
  const [buffer, setBuffer] = useState<ArrayBuffer | null>(null);
  useEffect(() => {
    let isGone = false;
    fileOf(document.id).then(
      (bytes) => !isGone && setBuffer(bytes),
      (error) => !isGone && onRefused(failureOf(error).message),
    );
    return () => {
      isGone = true;
    };
  }, [document.id, onRefused]);
  if (!buffer) return <Waiting what="Opening the pages" />;
  return <Pages {...{ document, outline, onText, onRefused, buffer }} />;
}

function Pages({ document, outline, onText, onRefused, buffer }: PdfViewProps & { buffer: ArrayBuffer }) {
  const { id, name } = document;
  const password = usePasswords(selectPassword(id));
  const plugins = useMemo(
    () => [
      createPluginRegistration(DocumentManagerPluginPackage, {
        initialDocuments: [{ buffer, name, documentId: id, ...(password === undefined ? {} : { password }) }],
      }),
      createPluginRegistration(ViewportPluginPackage, { viewportGap: 8 }),
      createPluginRegistration(ScrollPluginPackage, { defaultPageGap: 8 }),
      // BMP is not compressed: a picture that is drawn at once would be compressed and unpacked for nothing.
      createPluginRegistration(RenderPluginPackage, { defaultImageType: 'image/bmp' }),
      createPluginRegistration(InteractionManagerPluginPackage),
      createPluginRegistration(SelectionPluginPackage, { marquee: { enabled: false } }),
      createPluginRegistration(ZoomPluginPackage, { defaultZoomLevel: ZoomMode.FitWidth, minZoom: 0.2, maxZoom: 6 }),
    ],
    [buffer, id, name, password],
  );
  return (
    <EmbedPDF key={password} engine={pdfEngine()} plugins={plugins}>
      <DocumentContent documentId={id}>
        {({ isLoaded, isError, documentState }) => {
          if (isError && documentState.errorCode === PdfErrorCode.Password)
            return <PdfLocked key={password} document={document} isWrong={password !== undefined} onText={onText} />;
          if (isError) return <Refusal onRefused={onRefused} />;
          if (!isLoaded) return <Waiting what="Opening the pages" />;
          return <Loaded document={document} outline={outline} onText={onText} />;
        }}
      </DocumentContent>
    </EmbedPDF>
  );
}

function Refusal({ onRefused }: { onRefused: (why: string) => void }) {
  useEffect(() => {
    onRefused(
      'The pages of this PDF cannot be drawn: it is damaged, or of a kind that is not known. Its text is shown.',
    );
  }, [onRefused]);
  return null;
}

function Loaded({ document, outline, onText }: Omit<PdfViewProps, 'onRefused'>) {
  const jump = useJumps(document.id);
  return (
    <div className="flex h-full flex-col">
      <PdfBar document={document} outline={outline} onText={onText} onPage={jump} />
      <Viewport
        documentId={document.id}
        role="region"
        tabIndex={0}
        aria-label={`Pages of ${document.name}`}
        className="min-h-0 flex-1 bg-sunken"
      >
        <Scroller
          documentId={document.id}
          renderPage={({ pageIndex }) => (
            <PagePointerProvider documentId={document.id} pageIndex={pageIndex} className="bg-white shadow-(--shadow)">
              <RenderLayer
                documentId={document.id}
                pageIndex={pageIndex}
                aria-label={`Page ${outline.pages[pageIndex]?.label ?? pageIndex + 1}`}
                data-testid={`pdf-page-${pageIndex + 1}`}
                className="pointer-events-none"
              />
              <PageMarks documentId={document.id} outline={outline} pageIndex={pageIndex} />
              <SelectionLayer documentId={document.id} pageIndex={pageIndex} textStyle={{ background: '#3a4fd0' }} />
            </PagePointerProvider>
          )}
        />
      </Viewport>
      <PdfSelection documentId={document.id} />
    </div>
  );
}
