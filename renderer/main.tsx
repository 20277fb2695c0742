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
import { callFailure } from './bridge/connection.ts';
import { watchAbout, watchOpenedFiles } from './bridge/desktop.ts';
import { startConnection } from './bridge/start-connection.ts';
import { keyBindings } from './features/palette/shortcuts.ts';
import { setApi } from './stores/api.ts';
import { openChatsOf } from './stores/chat.ts';
import { followTelemetry } from './stores/engine.ts';
import { addFiles, addGrant, loadLibrary, useLibrary } from './stores/library.ts';
import { loadSettings, useSettings } from './stores/settings.ts';
import { openOverlay, setConnection, setDropping, setTheme, setWidth } from './stores/ui.ts';

setTheme(applyRememberedTheme());
watchSystemTheme(() => setTheme(applyTheme(useSettings.getState().settings?.theme ?? 'system')));
useSettings.subscribe(({ settings }, before) => {
  if (settings && settings.theme !== before.settings?.theme) setTheme(applyTheme(settings.theme));
});
watchWidth(setWidth);
watchDrops({ onOver: setDropping, onFiles: addFiles });
watchKeys(keyBindings());
useLibrary.subscribe(({ selectedId }, before) => {
  if (selectedId !== before.selectedId) void openChatsOf(selectedId);
});

watchOpenedFiles(addGrant);
watchAbout(() => openOverlay('about'));
await startConnection({
  onState: setConnection,
  onClient: (client, sendFile) => {
    setApi({ client, sendFile, failure: callFailure });
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

const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
