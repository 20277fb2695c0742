/** KV caches of documents on disk: whether one is there for what would be read, and what saving one would take. */
import { createHash } from 'node:crypto';
import type { KeptOnDisk, PageRange } from '../../contract/app-types.ts';
import { windowKvBytes } from '../../contract/layer-windows.ts';
import type { KvType } from '../../contract/method.ts';
import type { App } from '../app.ts';
import { failureForWindow } from '../window-words.ts';
import { wordingTokens } from './method-choice.ts';

/** What the rows depend on beside the document; undefined: no model is open. */
export function keyOf(app: App, kvType: KvType, pages: PageRange | null): string | undefined {
  const { model } = app.supervisor;
  if (!model) return undefined;
  const device = model.device.startsWith('cuda') ? 'gpu' : 'cpu';
  const parts = JSON.stringify([app.counter.countedWith, kvType, device, pages && [pages.from, pages.to]]);
  return createHash('sha256').update(parts).digest('hex').slice(0, 16);
}

/** The file that can be loaded instead of reading these pages. */
export function keptFileFor(app: App, documentId: string, kvType: KvType, pages: PageRange | null): string | undefined {
  const file = app.kept.find(documentId);
  return file && file.key === keyOf(app, kvType, pages) ? app.kept.pathOf(documentId, file.key) : undefined;
}

export const wishedBytes = (app: App) => {
  const { keptGb } = app.settings.get();
  return keptGb === 0 ? undefined : keptGb * 2 ** 30;
};

/** f16: two bytes a number; q8_0: 34 bytes for 32 numbers. The rest of a file is small beside the rows. */
export function fileBytes(app: App, kvType: KvType, tokens: number): number {
  const info = app.supervisor.model?.info;
  const f16 = info ? tokens * info.kvBytesPerToken + windowKvBytes(info, tokens) : 0;
  return Math.ceil(f16 * (kvType === 'f16' ? 1 : 34 / 64) + 4 * tokens) + 4096;
}

/** What keeping a document would take, said before it is read. */
export async function keepingOf(
  app: App,
  documentId: string,
  documentTokens: number,
  kvType: KvType,
  pages: PageRange | null,
): Promise<KeptOnDisk> {
  const bytes = fileBytes(app, kvType, documentTokens + wordingTokens);
  const isThere = keptFileFor(app, documentId, kvType, pages) !== undefined;
  const { keepRead } = app.settings.get();
  if (isThere) return { bytes: app.kept.find(documentId)?.bytes ?? bytes, isThere, problem: null, keeps: true };
  const problem = await app.kept.checkRoom(bytes, wishedBytes(app)).then(
    () => null,
    (error) => failureForWindow(error).message,
  );
  return { bytes, isThere, problem, keeps: keepRead };
}

/** For the list: what would be loaded as things are, and what lies there for another model or cache type. */
export function keptDocuments(app: App) {
  const { kvType } = app.settings.get();
  // Asked five times a second while something runs: a key is made once for all documents.
  const keys = { f16: keyOf(app, 'f16', null), q8_0: keyOf(app, 'q8_0', null) };
  return app.kept.list
    .filter(({ documentId }) => app.documents.has(documentId))
    .map(({ documentId, bytes, key }) => {
      const own = app.documents.choice(documentId);
      return { documentId, bytes, isReady: key === keys[own.kvType ?? kvType] };
    });
}
