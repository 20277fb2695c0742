/** Removes the document type declaration from XML, and with it every way to declare, expand or fetch an entity. */

import { decodePart } from './decode-text.ts';

/** Decodes XML with the encoding that it names, and removes the document type declaration. */
export function readXml(bytes: Uint8Array): string {
  const xml = decodePart(bytes);
  const start = xml.search(/<!DOCTYPE/i);
  return start < 0 ? xml : xml.slice(0, start) + xml.slice(doctypeEnd(xml, start));
}

/** Removes references to all but XML's predefined entities: a strict parser would fail on an undeclared one. */
export function withoutNamedEntities(xml: string): string {
  return xml.replace(/&(?!(?:amp|lt|gt|quot|apos);)[A-Za-z_][\w.-]{0,200};/g, '');
}

/** The offset after the declaration's closing ">"; one inside quotes or the [...] subset does not count. */
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
