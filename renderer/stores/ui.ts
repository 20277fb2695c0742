/** What is open and how wide the window is. After a reload only what the bridge remembers is left. */
import { create } from 'zustand';
import type { StartWait } from '../../electron/contract/shell.ts';

type Width = 'wide' | 'medium' | 'narrow';
type Connection = 'connecting' | 'open' | 'lost' | 'refused';

export interface Notice {
  id: number;
  text: string;
  tone: 'plain' | 'danger';
}

interface UiState {
  connection: Connection;
  /** A sentence, while the first connection takes a while. */
  waitedFor: StartWait | null;
  width: Width;
  /** The theme that is shown; where the setting says system, the system's. */
  theme: 'light' | 'dark';
  libraryOpen: boolean;
  inspectorOpen: boolean;
  inspectorTab: 'memory' | 'document';
  settingsOpen: boolean;
  /** The dialog that is open, of those that belong to no single part of the window. */
  overlay: 'palette' | 'shortcuts' | 'paste' | 'about' | 'models' | 'tune' | null;
  renamingChatId: string | null;
  removingChatId: string | null;
  dropping: boolean;
  /** The address of a link that was clicked in a document or an answer. */
  askedLink: string | null;
  notices: Notice[];
}

export const useUi = create<UiState>(() => ({
  connection: 'connecting',
  waitedFor: null,
  width: 'wide',
  theme: 'light',
  libraryOpen: true,
  inspectorOpen: true,
  inspectorTab: 'memory',
  settingsOpen: false,
  overlay: null,
  renamingChatId: null,
  removingChatId: null,
  dropping: false,
  askedLink: null,
  notices: [],
}));

const set = useUi.setState;

/** On a narrower window columns become overlays and start closed. */
export function setWidth(width: Width): void {
  set({ width, inspectorOpen: width === 'wide', libraryOpen: width !== 'narrow' });
}

export const setConnection = (connection: Connection) =>
  set(connection === 'open' ? { connection, waitedFor: null } : { connection });
export const setWaitedFor = (waitedFor: StartWait) => set({ waitedFor });
export const setTheme = (theme: UiState['theme']) => set({ theme });
export const toggleLibrary = () => set((ui) => ({ libraryOpen: !ui.libraryOpen }));
export const toggleInspector = () => set((ui) => ({ inspectorOpen: !ui.inspectorOpen }));
/** On a narrow window a column lies over the rest until it is closed. */
export function closeOverlays(): void {
  const { width } = useUi.getState();
  if (width !== 'wide') set({ inspectorOpen: false });
  if (width === 'narrow') set({ libraryOpen: false });
}

export const openInspector = () => set({ inspectorOpen: true });
export const setInspectorTab = (inspectorTab: UiState['inspectorTab']) => set({ inspectorTab });
export const setSettingsOpen = (settingsOpen: boolean) => set({ settingsOpen });
export const openOverlay = (overlay: UiState['overlay']) => set({ overlay });
export const openModels = () => openOverlay('models');
export const openTuning = () => openOverlay('tune');
export const startRenamingChat = (renamingChatId: string | null) => set({ renamingChatId });
export const startRemovingChat = (removingChatId: string | null) => set({ removingChatId });
export const setDropping = (dropping: boolean) => set({ dropping });
export const askLink = (askedLink: string | null) => set({ askedLink });

let nextNotice = 1;

export function notify(text: string, tone: Notice['tone'] = 'plain'): void {
  const notice = { id: nextNotice++, text, tone };
  set((ui) => ({ notices: [...ui.notices.slice(-2), notice] }));
}

export const dismiss = (id: number) => set((ui) => ({ notices: ui.notices.filter((notice) => notice.id !== id) }));
