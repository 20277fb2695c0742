/**
 * Opens the app host: the library, everything that works on it, and the API for other programs. Electron's app host process (app-host.ts)
 * and the server for browsers (server/serve.ts) both begin with this.
 */
import { openProgramAccess, type ProgramsOptions, type RunningPrograms, servePrograms } from '../api/programs.ts';
import type { AppHost } from './create-app-host.ts';
import { type StartUpOptions, startUp } from './start-up.ts';

export interface OpenedAppHost {
  app: AppHost;
  /** Settles when the port for programs is open, or cannot be opened. */
  programs: Promise<RunningPrograms>;
}

export async function openAppHost(
  options: Omit<StartUpOptions, 'onProgram'>,
  programs: ProgramsOptions = {},
): Promise<OpenedAppHost> {
  const app = await startUp({ ...options, onProgram: openProgramAccess });
  return { app, programs: servePrograms(app, programs) };
}
