/** Starts the window: theme, connection, and the wires between stores that follow each other. */
import './styles/index.css';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import {
  applyRememberedTheme,
  applyTheme,
  watchDrops,
  watchKeys,
  watchSystemTheme,
  watchWidth,
} from './bridge/browser.ts';
import { callFailure, connect, uploadFile } from './bridge/connection.ts';
import { sessionToken } from './bridge/session.ts';
import { stopAnswer } from './features/chat/composer.tsx';
import { setApi } from './stores/api.ts';
import { openChatsOf, useChat } from './stores/chat.ts';
import { followTelemetry } from './stores/engine.ts';
import { addFiles, loadLibrary, useLibrary } from './stores/library.ts';
import { loadSettings, useSettings } from './stores/settings.ts';
import {
  closeOverlays,
  setConnection,
  setDropping,
  setSettingsOpen,
  setTheme,
  setWidth,
  toggleInspector,
  toggleLibrary,
  useUi,
} from './stores/ui.ts';

setTheme(applyRememberedTheme());
watchSystemTheme(() => setTheme(applyTheme(useSettings.getState().settings?.theme ?? 'system')));
useSettings.subscribe(({ settings }, before) => {
  if (settings && settings.theme !== before.settings?.theme) setTheme(applyTheme(settings.theme));
});
watchWidth(setWidth);
watchDrops({ onOver: setDropping, onFiles: addFiles });
watchKeys({
  'Ctrl+B': toggleLibrary,
  'Ctrl+J': toggleInspector,
  'Ctrl+,': () => setSettingsOpen(!useUi.getState().settingsOpen),
  Escape: () => {
    if (useChat.getState().live) stopAnswer();
    else closeOverlays();
  },
});
useLibrary.subscribe(({ selectedId }, before) => {
  if (selectedId !== before.selectedId) void openChatsOf(selectedId);
});

const token = await sessionToken();
if (token === undefined) setConnection('refused');
else {
  connect(token, {
    onState: setConnection,
    onClient: (client) => {
      setApi({ client, upload: (file) => uploadFile(token, file), failure: callFailure });
      // Ends with the connection, which is made anew and then calls this again.
      followTelemetry().catch(() => {});
      void loadSettings();
      const { selectedId } = useLibrary.getState();
      void loadLibrary().then(() => {
        // A new selection opens its chats itself; after a lost connection the old one must be looked at again.
        if (selectedId !== null && selectedId === useLibrary.getState().selectedId) void openChatsOf(selectedId);
      });
    },
  });
}

const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
