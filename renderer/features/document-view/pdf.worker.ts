/** PDFium in a thread of its own. Its wasm comes from our own origin, and it never asks anybody for fonts. */
import { EngineRunner } from '@embedpdf/engines';
import { createPdfiumEngine } from '@embedpdf/engines/pdfium-direct-engine';
import wasmUrl from '@embedpdf/pdfium/pdfium.wasm?url';

class Runner extends EngineRunner {
  async prepare(): Promise<void> {
    this.engine = await createPdfiumEngine(new URL(wasmUrl, self.location.href).href, { fontFallback: null });
    this.ready();
  }
}

void new Runner().prepare();
