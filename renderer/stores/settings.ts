/** Settings as the server keeps them. A change shows at once and goes back when the server refuses it. */
import { create } from 'zustand';
import type { SettingName, Settings } from '../../electron/contract/settings.ts';
import { api, failureOf } from './api.ts';
import { notify } from './ui.ts';

interface SettingsState {
  settings: Settings | null;
  /** How often the server has said what they are: what depends on them is asked for then, and not before. */
  answers: number;
}

export const useSettings = create<SettingsState>(() => ({ settings: null, answers: 0 }));

const settle = (settings: Settings) => useSettings.setState(({ answers }) => ({ settings, answers: answers + 1 }));

export async function loadSettings(): Promise<void> {
  settle(await api().settings.get());
}

export async function changeSettings(changes: Partial<Settings>): Promise<void> {
  const before = useSettings.getState().settings;
  if (!before) return;
  useSettings.setState({ settings: { ...before, ...changes } });
  try {
    settle(await api().settings.set(changes));
  } catch (error) {
    settle(before);
    notify(failureOf(error).message, 'danger');
  }
}

/** Back to what they were before anybody chose. */
export async function resetSettings(names: SettingName[]): Promise<void> {
  try {
    settle(await api().settings.reset({ names }));
  } catch (error) {
    notify(failureOf(error).message, 'danger');
  }
}
