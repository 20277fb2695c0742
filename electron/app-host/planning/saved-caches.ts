/** KV caches of documents on disk: whether there is one for what would be read, and what saving one would take. */
import { createHash } from 'node:crypto';
import type { KeptOnDisk, ReadAs } from '../../contract/app-types.ts';
import { windowKvBytes } from '../../contract/layer-windows.ts';
import { defaultEffort, type Effort, effortSchema, type KvType } from '../../contract/method.ts';
import type { KeptFile } from '../library/kept-files.ts';
import { failureForWindow } from '../window-words.ts';
import { effortOf, withChanges, wordingTokens } from './method-choice.ts';
import type { PlanningNeeds } from './needs.ts';

/** A key of what the rows depend on apart from the document; undefined: no model is open. */
export function keyOf(rooms: PlanningNeeds, { kvType, effort, pages }: ReadAs): string | undefined {
  const { model } = rooms.supervisor;
  if (!model) return undefined;
  const device = model.device.startsWith('cuda') ? 'gpu' : 'cpu';
  const parts = [rooms.counter.countedWith, kvType, device, pages && [pages.from, pages.to]];
  // Only another effort than the usual one is a part of it: most files were read without any.
  const told = effort === defaultEffort ? [] : [effort];
  return createHash('sha256')
    .update(JSON.stringify([...parts, ...told]))
    .digest('hex')
    .slice(0, 16);
}

/** The kept file that can be loaded instead of reading these pages. */
export function keptFileFor(rooms: PlanningNeeds, documentId: string, readAs: ReadAs): KeptFile | undefined {
  const key = keyOf(rooms, readAs);
  return key === undefined ? undefined : rooms.kept.find(documentId, key);
}

/** Keys of what differs in the effort alone: such files stay beside one another. */
export const otherEfforts = (rooms: PlanningNeeds, readAs: ReadAs): string[] =>
  effortSchema.options
    .filter((effort) => effort !== readAs.effort)
    .flatMap((effort) => keyOf(rooms, { ...readAs, effort }) ?? []);

export const keptLimitBytes = (rooms: PlanningNeeds) => {
  const { keptGb } = rooms.settings.get();
  return keptGb === 0 ? undefined : keptGb * 2 ** 30;
};

/** The size of a kept file. f16: two bytes for a number; q8_0: 34 bytes for 32 numbers. The rest of the file is small. */
export function fileBytes(rooms: PlanningNeeds, kvType: KvType, tokens: number): number {
  const info = rooms.supervisor.model?.info;
  const f16 = info ? tokens * info.kvBytesPerToken + windowKvBytes(info, tokens) : 0;
  return Math.ceil(f16 * (kvType === 'f16' ? 1 : 34 / 64) + 4 * tokens) + (info?.stateBytes ?? 0) + 4096;
}

/** What keeping a document on disk would take, before it is read. */
export async function keptOnDiskFor(
  rooms: PlanningNeeds,
  documentId: string,
  documentTokens: number,
  readAs: ReadAs,
): Promise<KeptOnDisk> {
  const bytes = fileBytes(rooms, readAs.kvType, documentTokens + wordingTokens);
  const file = keptFileFor(rooms, documentId, readAs);
  const { keepRead } = rooms.settings.get();
  if (file) return { bytes: file.bytes, isThere: true, problem: null, keeps: true };
  const problem = await rooms.kept.checkRoom(bytes, keptLimitBytes(rooms)).then(
    () => null,
    (error) => failureForWindow(error).message,
  );
  return { bytes, isThere: false, problem, keeps: keepRead };
}

/** Kept documents for the telemetry: whether each would be loaded now, or is for another model, cache type or effort. */
export function keptDocuments(rooms: PlanningNeeds) {
  const settings = rooms.settings.get();
  // Called five times a second while something runs, so each key is computed once for all documents, and only if one needs it.
  const keys = new Map<string, string | undefined>();
  const keyFor = (kvType: KvType, effort: Effort) => {
    const name = `${kvType} ${effort}`;
    if (!keys.has(name)) keys.set(name, keyOf(rooms, { kvType, effort, pages: null }));
    return keys.get(name);
  };
  const documents = new Map<string, { documentId: string; bytes: number; isReady: boolean }>();
  for (const { documentId, bytes, key } of rooms.kept.list) {
    if (!rooms.documents.has(documentId)) continue;
    const choice = withChanges(settings, rooms.documents.choice(documentId));
    const isReady = key === keyFor(choice.kvType, effortOf(rooms, choice));
    const others = documents.get(documentId);
    documents.set(documentId, {
      documentId,
      bytes: bytes + (others?.bytes ?? 0),
      isReady: isReady || others?.isReady === true,
    });
  }
  return [...documents.values()];
}
