/** What an answer kept and read of each page, as it is stored with the answer. */
import type { MapPage } from '../../contract/app-types.ts';
import type { App } from '../app.ts';

/** Maps stored before pages were numbered began with the document's first; older ones have no parts. */
export function documentMapOf(app: App, turnId: string): MapPage[] {
  const stored: (Omit<MapPage, 'page' | 'parts'> & Partial<MapPage>)[] = app.chats.documentMap(turnId);
  return stored.map((entry, i) => ({ ...entry, page: entry.page ?? i, parts: entry.parts ?? [] }));
}
