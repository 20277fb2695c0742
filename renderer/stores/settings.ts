/** Settings as the server keeps them. A change shows at once and goes back when the server refuses it. */
import { create } from 'zustand';
import type { SettingName, Settings } from '../../electron/contract/settings.ts';
import { api, failureOf } from './api.ts';
import { notify } from './ui.ts';

interface SettingsState {
  settings: Settings | null;
  /** How often the server has sent the settings: what depends on them is loaded each time this grows. */
  answers: number;
}

export const useSettings = create<SettingsState>(() => ({ settings: null, answers: 0 }));

/** Recognition is not offered where the setting says never. */
export const selectOffersRecognition = ({ settings }: SettingsState) =>
  settings !== null && settings.recognise !== 'never';

const settle = (settings: Settings) => useSettings.setState(({ answers }) => ({ settings, answers: answers + 1 }));

export async function loadSettings(): Promise<void> {
  settle(await api().settings.get());
}

export async function changeSettings(changed: Partial<Settings>): Promise<void> {
  const { settings } = useSettings.getState();
  if (!settings) return;
  await change(() => {
    useSettings.setState({ settings: { ...settings, ...changed } });
    return api().settings.set(changed);
  });
}

/** Back to the defaults. */
export async function resetSettings(names: SettingName[]): Promise<void> {
  await change(() => api().settings.reset({ names }));
}

/** Loads settings that another window may have changed. While a change of this window is pending, that waits for its reply. */
export async function refreshSettings(): Promise<void> {
  isStale = pending > 0;
  if (isStale) return;
  const settings = await api().settings.get();
  const isSame = JSON.stringify(settings) === JSON.stringify(useSettings.getState().settings);
  if (pending === 0 && !isSame) settle(settings);
}

let isStale = false;
let pending = 0;
/** What the server said last; while a change is pending, the window shows more than that. */
let stored: Settings | null = null;

/** Replies are shown only when no change is pending: with a key held down, earlier replies would undo later steps. */
async function change(ask: () => Promise<Settings>): Promise<void> {
  if (pending++ === 0) stored = useSettings.getState().settings;
  try {
    stored = await ask();
  } catch (error) {
    notify(failureOf(error).message, 'danger');
  }
  if (--pending === 0 && stored) settle(stored);
  if (pending === 0 && isStale) await refreshSettings();
}
