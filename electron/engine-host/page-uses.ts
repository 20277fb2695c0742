/** What an answer kept and read, token by token, as means over the document's pages. */
import type { PageUse } from '../contract/engine-reports.ts';
import type { HeldChat } from './held-chat.ts';

/** Of the answer that is being made, or of the last one. */
export function pageUses(chat: HeldChat): PageUse[] {
  const { document, session } = chat;
  const { kept, read } = chat.isAnswering || !chat.map ? session.documentMap() : chat.map;
  return document.pages.map(({ label, first, end }) => ({
    label,
    tokens: end - first,
    kept: mean(kept, document.start + first, document.start + end),
    read: mean(read, document.start + first, document.start + end),
  }));
}

function mean(values: Uint32Array, first: number, end: number): number {
  let sum = 0;
  for (let i = first; i < end; i++) sum += values[i] ?? 0;
  return end > first ? sum / (end - first) : 0;
}
