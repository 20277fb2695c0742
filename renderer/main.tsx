/** Starts the window: applies the theme, connects, and subscribes the stores that follow others. */
import './styles/index.css';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import {
  applyAppearance,
  applyRememberedAppearance,
  applyRememberedTheme,
  applyTheme,
  watchDrops,
  watchKeys,
  watchSystemTheme,
  watchWidth,
} from './bridge/browser.ts';
import { callFailure } from './bridge/connection.ts';
import { watchMenu, watchNotices, watchOpenedFiles, watchWait } from './bridge/desktop.ts';
import { startConnection } from './bridge/start-connection.ts';
import { watchFailures } from './bridge/watch-failures.ts';
import { keyBindings, shortcuts } from './features/palette/shortcuts.ts';
import { noteFailure, setApi } from './stores/api.ts';
import { followChanges } from './stores/changes.ts';
import { openChatsOf, reopenChats, useChat } from './stores/chat.ts';
import { loadDocumentChoice } from './stores/document-choice.ts';
import { followTelemetry } from './stores/engine.ts';
import { addFiles, addGrant, loadLibrary, stayWhile, useLibrary } from './stores/library.ts';
import { followModels, takeModels } from './stores/models.ts';
import { loadSettings, useSettings } from './stores/settings.ts';
import { openTuningOf } from './stores/tune.ts';
import {
  notify,
  openOverlay,
  setConnection,
  setDropping,
  setTheme,
  setWaitedFor,
  setWidth,
  useUi,
} from './stores/ui.ts';

watchFailures({
  isConnected: () => useUi.getState().connection === 'open',
  onRefusal: (sentence) => notify(sentence, 'danger'),
  onFault: noteFailure,
});
setTheme(applyRememberedTheme());
applyRememberedAppearance();
watchSystemTheme(() => setTheme(applyTheme(useSettings.getState().settings?.theme ?? 'system')));
useSettings.subscribe(({ settings, answers }, before) => {
  if (settings && settings.theme !== before.settings?.theme) setTheme(applyTheme(settings.theme));
  if (settings && settings !== before.settings) applyAppearance(settings);
  if (answers !== before.answers) void loadDocumentChoice(useLibrary.getState().selectedId);
});
watchWidth(setWidth);
watchDrops({ onOver: setDropping, onFiles: (files) => addFiles(takeModels(files)) });
watchKeys(keyBindings());
useLibrary.subscribe(({ selectedId }, before) => {
  if (selectedId === before.selectedId) return;
  void openChatsOf(selectedId);
  void loadDocumentChoice(selectedId);
  void openTuningOf(selectedId);
});

stayWhile(() => useChat.getState().draft.trim() !== '');

followModels();
followChanges();

watchOpenedFiles(addGrant);
watchMenu((command) => (command === 'about' ? openOverlay('about') : shortcuts[command].run()));
watchWait(setWaitedFor);
watchNotices((sentence) => notify(sentence, 'danger'));
await startConnection({
  onState: setConnection,
  onClient: (client, files) => {
    setApi({ client, ...files, failure: callFailure });
    // This ends when the connection is lost; the next connection calls onClient again.
    void followTelemetry();
    void loadSettings();
    const { selectedId } = useLibrary.getState();
    void loadLibrary().then(() => {
      // A new selection opens its chats itself; after a lost connection the chats of the old one must be loaded again.
      if (selectedId === null || selectedId !== useLibrary.getState().selectedId) return;
      void reopenChats();
      void openTuningOf(selectedId);
    });
  },
});

const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
