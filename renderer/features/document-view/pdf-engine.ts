/** The one PDFium of this window, started when the first PDF is shown. */
import { WebWorkerEngine } from '@embedpdf/engines/worker';
import type { PdfEngine } from '@embedpdf/models';
import workerUrl from './pdf.worker.ts?worker&url';

let engine: PdfEngine | undefined;

export function pdfEngine(): PdfEngine {
  engine ??= new WebWorkerEngine(startWorker());
  return engine;
}

/** The content security policy takes no plain string as a script's address. This Trusted Types policy allows one address: the worker's. */
function startWorker(): Worker {
  const address = new URL(workerUrl, import.meta.url).href;
  const { trustedTypes } = window as { trustedTypes?: TrustedTypes };
  const policy = trustedTypes?.createPolicy('rocketdoc-pdf', { createScriptURL: () => address });
  return new Worker((policy?.createScriptURL('') ?? address) as string, { type: 'module' });
}

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: () => string }): { createScriptURL(input: string): unknown };
}
