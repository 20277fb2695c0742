/** What an answer kept and read of each page, as stored with the answer. */
import type { MapPage } from '../../contract/app-types.ts';
import type { CitationsNeeds } from './needs.ts';

/** Old stored maps have no page numbers, because they began with the document's first page, and no parts. */
export function documentMapOf(rooms: CitationsNeeds, turnId: string): MapPage[] {
  const stored: (Omit<MapPage, 'page' | 'parts'> & Partial<MapPage>)[] = rooms.chats.documentMap(turnId);
  return stored.map((entry, i) => ({ ...entry, page: entry.page ?? i, parts: entry.parts ?? [] }));
}
