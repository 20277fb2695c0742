/** Entry of the app host as a process of its own, which Electron's main process starts. `serve` is an app host itself (server/serve.ts). */
import { requireMainConnection } from '../hosts/parent-port.ts';
import { watchProcess } from './log.ts';
import { serveMain } from './serve-main.ts';

watchProcess();
serveMain(requireMainConnection('app-host'));
