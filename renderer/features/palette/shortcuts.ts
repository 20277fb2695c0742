/** Every key that works in the whole window, once: for the keyboard, for the palette, and for the sheet that lists them. */
import { newChat, stopAnswer, useChat } from '../../stores/chat.ts';
import { closeOverlays, openOverlay, setSettingsOpen, toggleInspector, toggleLibrary, useUi } from '../../stores/ui.ts';

export interface Shortcut {
  /** As tinykeys names it; $mod is Ctrl, on a Mac Command. */
  chords: string[];
  shown: string;
  words: string;
  run: () => void;
}

const isMac = /^Mac/.test(globalThis.navigator?.platform ?? '');
const withMod = (key: string) => (isMac ? `⌘${key}` : `Ctrl+${key}`);

export const shortcuts = {
  palette: {
    chords: ['$mod+k'],
    shown: withMod('K'),
    words: 'Command palette: every action by its name',
    run: () => toggleOverlay('palette'),
  },
  newChat: {
    chords: ['$mod+n'],
    shown: withMod('N'),
    words: 'New chat about the open document',
    run: () => void newChat(),
  },
  settings: {
    chords: ['$mod+,'],
    shown: withMod(','),
    words: 'Settings',
    run: () => setSettingsOpen(!useUi.getState().settingsOpen),
  },
  models: {
    chords: ['$mod+Shift+m'],
    shown: isMac ? '⇧⌘M' : 'Ctrl+Shift+M',
    words: 'Models: choose, download, open in place',
    run: () => toggleOverlay('models'),
  },
  library: { chords: ['$mod+b'], shown: withMod('B'), words: 'Show or hide the library', run: toggleLibrary },
  inspector: {
    chords: ['$mod+j'],
    shown: withMod('J'),
    words: 'Show or hide the KV cache panel',
    run: toggleInspector,
  },
  shortcuts: {
    // On many keyboards the slash is a shifted key.
    chords: ['$mod+/', '$mod+Shift+/', 'F1'],
    shown: withMod('/'),
    words: 'This list of shortcuts',
    run: () => toggleOverlay('shortcuts'),
  },
  stop: {
    chords: ['Escape'],
    shown: 'Esc',
    words: 'Stop the answer; close what lies above',
    run: () => (useChat.getState().live ? stopAnswer() : closeOverlays()),
  },
} satisfies Record<string, Shortcut>;

function toggleOverlay(name: 'palette' | 'shortcuts' | 'models'): void {
  openOverlay(useUi.getState().overlay === name ? null : name);
}

export function keyBindings(): Record<string, () => void> {
  return Object.fromEntries(Object.values(shortcuts).flatMap(({ chords, run }) => chords.map((chord) => [chord, run])));
}
