/** Converts an RTF file, or RTF inside a DOCX, to Markdown. */
import { RtfReader } from './rtf-reader.ts';
import type { WriterNotes } from './writer-notes.ts';

export interface RtfText {
  title: string; // '' where the file names none
  markdown: string;
  found: WriterNotes;
}

export function readRtf(bytes: Uint8Array, name: string): RtfText {
  const reader = new RtfReader();
  reader.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'), name);
  const body = reader.main.finish();
  const margin = (label: string, texts: readonly string[]): string[] =>
    [...new Set(texts)].map((text) => `[${label}: ${text.replace(/\n+/g, ' ')}]`);
  const markdown = [...margin('Header', reader.headers), ...body, ...margin('Footer', reader.footers)].join('\n\n');
  return { title: reader.title, markdown, found: reader.found };
}
