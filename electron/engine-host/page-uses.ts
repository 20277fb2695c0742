/** What an answer kept and read of each token, as means over the document's pages, and over equal parts of long pages. */
import type { PageUse } from '../contract/engine-reports.ts';
import type { EngineChat } from './open-documents.ts';
import { usualReadsOf } from './usual-reads.ts';

/** About so many parts over the whole document: more would be too narrow to see. Each has at least so many tokens, about three lines. */
const mostPassages = 96;
const leastTokens = 48;

/** For the answer that is being made, else for the last one. */
export function pageUses(chat: EngineChat): PageUse[] {
  const { document, session } = chat;
  const { kept, read } = chat.isAnswering || !chat.map ? session.documentMap() : chat.map;
  const usual = usualReadsOf(chat, read);
  const total = document.pages.reduce((sum, { first, end }) => sum + end - first, 0);
  const length = Math.max(leastTokens, total / mostPassages);
  return document.pages.map(({ label, first, end }) => {
    const over = (from: number, to: number) => ({
      kept: meanOf((token) => kept[document.start + token] ?? 0, from, to),
      read: meanOf((token) => read[document.start + token] ?? 0, from, to),
      ...(usual && { usual: meanOf(usual, from, to) }),
    });
    const count = Math.round((end - first) / length);
    const at = (part: number) => first + Math.round((part * (end - first)) / count);
    const parts = count > 1 ? Array.from({ length: count }, (_, part) => over(at(part), at(part + 1))) : [];
    return { label, tokens: end - first, ...over(first, end), parts };
  });
}

function meanOf(countOf: (token: number) => number, first: number, end: number): number {
  let sum = 0;
  for (let i = first; i < end; i++) sum += countOf(i);
  return end > first ? sum / (end - first) : 0;
}
