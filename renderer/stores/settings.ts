/** Settings as the server keeps them. A change shows at once and goes back when the server refuses it. */
import { create } from 'zustand';
import type { MethodChoice, Settings } from '../../electron/contract/app-types.ts';
import { api, failureOf } from './api.ts';
import { notify } from './ui.ts';

interface SettingsState {
  settings: Settings | null;
}

export const useSettings = create<SettingsState>(() => ({ settings: null }));

export async function loadSettings(): Promise<void> {
  useSettings.setState({ settings: await api().settings.get() });
}

export async function changeSettings(changes: Partial<Settings>): Promise<void> {
  const before = useSettings.getState().settings;
  if (!before) return;
  useSettings.setState({ settings: { ...before, ...changes } });
  try {
    useSettings.setState({ settings: await api().settings.set(changes) });
  } catch (error) {
    useSettings.setState({ settings: before });
    notify(failureOf(error).message, 'danger');
  }
}

export function methodChoice({ mode, preset, tokenBudget, kvType, maxNew }: Settings): MethodChoice {
  return { mode, preset, tokenBudget, kvType, maxNew };
}
