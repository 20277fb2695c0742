/** Counters and map of the answer that is being made, in the form that finished answers have, so that the panel shows both alike. */
import { useMemo } from 'react';
import type { DocumentPage, LiveCounters, MapPage } from '../../../electron/contract/app-types.ts';
import type { Counters } from '../../../electron/contract/engine-reports.ts';
import { useChat } from '../../stores/chat.ts';
import { selectLive, useEngine } from '../../stores/engine.ts';
import { useLibrary } from '../../stores/library.ts';

export function useLiveCounters(): { counters: Counters; map: MapPage[] } | null {
  const chatId = useChat((chat) => (chat.live?.chatId === chat.chatId ? chat.chatId : null));
  const live = useEngine(selectLive(chatId));
  const pages = useLibrary((library) => library.pages);
  return useMemo(() => (live ? { counters: live.counters, map: liveMap(live, pages) } : null), [live, pages]);
}

/** Numbers come six times a second; the pages' names and words came once, with the document. */
export function liveMap({ firstPage, uses }: LiveCounters, pages: readonly DocumentPage[]): MapPage[] {
  return uses.map((use, i) => {
    const { label, tokens, opening } = pages[firstPage + i] ?? { label: '', tokens: 0, opening: '' };
    return { page: firstPage + i, label, tokens, opening, ...use };
  });
}
