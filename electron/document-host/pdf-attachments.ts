/** The names of the files that are attached to a PDF. The files are not read. */
import { type Pdfium, utf16Property } from './pdfium-wasm.ts';

const mostNamed = 1000;

export function attachedNames(pdfium: Pdfium, document: number): string[] {
  const { api } = pdfium;
  const n = Math.min(mostNamed, api.FPDFDoc_GetAttachmentCount(document));
  const names: string[] = [];
  for (let i = 0; i < n; i++) {
    const file = api.FPDFDoc_GetAttachment(document, i);
    const name = file
      ? utf16Property(pdfium, (p, bytes) => api.FPDFAttachment_GetName(file, p, bytes), 500).trim()
      : '';
    names.push(name || 'a file without a name');
  }
  return names;
}
