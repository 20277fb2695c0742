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

/** Where it is never wanted it is not offered either. */
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

/** Back to what they were before anybody chose. */
export async function resetSettings(names: SettingName[]): Promise<void> {
  await change(() => api().settings.reset({ names }));
}

/** Another window may have changed them; what is being changed here is told with its answer first. */
export async function refreshSettings(): Promise<void> {
  isStale = pending > 0;
  if (isStale) return;
  const settings = await api().settings.get();
  const isSame = JSON.stringify(settings) === JSON.stringify(useSettings.getState().settings);
  if (pending === 0 && !isSame) settle(settings);
}

let isStale = false;
let pending = 0;
/** As the server last said, whatever shows while a change is pending. */
let said: Settings | null = null;

/** What shows is settled by the last change that is pending, or a key held down would see its later steps undone by earlier answers. */
async function change(ask: () => Promise<Settings>): Promise<void> {
  if (pending++ === 0) said = useSettings.getState().settings;
  try {
    said = await ask();
  } catch (error) {
    notify(failureOf(error).message, 'danger');
  }
  if (--pending === 0 && said) settle(said);
  if (pending === 0 && isStale) await refreshSettings();
}
