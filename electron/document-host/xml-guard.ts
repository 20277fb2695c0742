/** Takes the document type declaration out of XML, and with it every way to declare, expand or fetch an entity. */

import { decodePart } from './decode-text.ts';

/** XML bytes, in the encoding that they name, as text without a document type declaration. */
export function readXml(bytes: Uint8Array): string {
  const xml = decodePart(bytes);
  const start = xml.search(/<!DOCTYPE/i);
  return start < 0 ? xml : xml.slice(0, start) + xml.slice(doctypeEnd(xml, start));
}

/** Leaves out references to all but XML's own entities: a strict parser would stop at one that nothing declares. */
export function withoutNamedEntities(xml: string): string {
  return xml.replace(/&(?!(?:amp|lt|gt|quot|apos);)[A-Za-z_][\w.-]{0,200};/g, '');
}

/** Offset after the declaration's closing ">", which does not count inside quotes or the [...] subset. */
function doctypeEnd(xml: string, start: number): number {
  let depth = 0;
  let quote = '';
  for (let at = start; at < xml.length; at++) {
    const char = xml.charAt(at);
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === '[') depth++;
    else if (char === ']') depth--;
    else if (char === '>' && depth <= 0) return at + 1;
  }
  return xml.length;
}
