/** What an answer kept and read of each page, as it is stored with the answer. */
import type { MapPage } from '../../contract/app-types.ts';
import type { CitationsNeeds } from './needs.ts';

/** Maps stored before pages were numbered began with the document's first; older ones have no parts. */
export function documentMapOf(rooms: CitationsNeeds, turnId: string): MapPage[] {
  const stored: (Omit<MapPage, 'page' | 'parts'> & Partial<MapPage>)[] = rooms.chats.documentMap(turnId);
  return stored.map((entry, i) => ({ ...entry, page: entry.page ?? i, parts: entry.parts ?? [] }));
}
