/** Loads again what another window or a program changed in the library: the telemetry tells which part it was. */
import type { Revisions } from '../../electron/contract/app-types.ts';
import { refreshChats } from './chat.ts';
import { loadDocumentChoice } from './document-choice.ts';
import { useEngine } from './engine.ts';
import { loadLibrary, useLibrary } from './library.ts';
import { refreshSettings } from './settings.ts';
import { refreshTuning } from './tune.ts';

const refreshers: Partial<Record<keyof Revisions, () => Promise<void>>> = {
  documents: loadLibrary,
  chats: refreshChats,
  settings: refreshSettings,
  async choices() {
    await Promise.all([loadDocumentChoice(useLibrary.getState().selectedId), refreshTuning()]);
  },
};

/** One refresh at a time for each part: a change while one is running causes one more after it. */
function oneAtATime(refresh: () => Promise<void>): () => void {
  let wanted = false;
  let isRunning = false;
  return async () => {
    wanted = true;
    if (isRunning) return;
    isRunning = true;
    while (wanted) {
      wanted = false;
      await refresh().catch(() => {}); // the connection is lost: everything is loaded again with the next one
    }
    isRunning = false;
  };
}

export function followChanges(): void {
  const parts = Object.entries(refreshers).map(
    ([part, refresh]) => [part as keyof Revisions, oneAtATime(refresh)] as const,
  );
  useEngine.subscribe(({ telemetry }, { telemetry: before }) => {
    if (!telemetry || !before) return;
    for (const [part, refresh] of parts) if (telemetry.revisions[part] !== before.revisions[part]) refresh();
  });
}
