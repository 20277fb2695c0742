/** Opens the API while the settings say so, or for one run with a key of that run; closes it when they do not any more. */
import { timingSafeEqual } from 'node:crypto';
import type { Server } from 'node:http';
import type { App } from '../app-host/app.ts';
import { keyHash, newKey } from '../app-host/library/key-store.ts';
import { allowedHosts } from '../server/gates.ts';
import { createApiServer } from './api-server.ts';

const host = '127.0.0.1';

export interface ProgramsOptions {
  /** On for this run whatever the settings say, at this port (0: any), with a key that ends with it. */
  thisRun?: { port: number };
}

export interface RunningPrograms {
  /** Of this run: where it listens and its key. */
  thisRun: { address: string; key: string } | undefined;
  close(): void;
}

export async function servePrograms(app: App, { thisRun }: ProgramsOptions = {}): Promise<RunningPrograms> {
  const runKey = thisRun ? newKey() : undefined;
  const runHash = runKey === undefined ? undefined : Buffer.from(keyHash(runKey));
  const accepts = (key: string) =>
    runHash && timingSafeEqual(Buffer.from(keyHash(key)), runHash) ? 'this run' : app.keys.accepts(key);
  let server: Server | undefined;
  let openPort: number | undefined;

  const close = () => {
    server?.close();
    server?.closeAllConnections();
    server = undefined;
    openPort = undefined;
    app.programs.address = null;
  };
  const open = (port: number) =>
    new Promise<void>((resolve) => {
      let hosts: ReadonlySet<string> = new Set();
      const opened = createApiServer({ app, accepts, hosts: () => hosts });
      server = opened;
      openPort = port;
      opened.once('error', (error: NodeJS.ErrnoException) => {
        app.programs.problem =
          error.code === 'EADDRINUSE'
            ? `Port ${port} is taken. Choose another one.`
            : `Port ${port} cannot be used (${error.code}).`;
        if (server === opened) close();
        resolve();
      });
      opened.listen(port, host, () => {
        const address = opened.address();
        const bound = typeof address === 'object' && address ? address.port : port;
        hosts = allowedHosts(bound);
        app.programs.address = `http://${host}:${bound}/v1`;
        app.programs.problem = null;
        resolve();
      });
    });
  const follow = async () => {
    const { programs, programsPort } = app.settings.get();
    const wanted = thisRun ? thisRun.port : programs ? programsPort : undefined;
    if (wanted === openPort) return;
    close();
    app.programs.problem = null;
    if (wanted !== undefined) await open(wanted);
  };
  await follow();
  app.settings.onChange = follow;
  const { address } = app.programs;
  return {
    thisRun: runKey !== undefined && address !== null ? { address, key: runKey } : undefined,
    close() {
      app.settings.onChange = undefined;
      close();
    },
  };
}
