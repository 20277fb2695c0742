/** Opens the API while the settings say so and closes it when they do not any more; or opens it for one run with a key of that run. */
import { timingSafeEqual } from 'node:crypto';
import type { Server } from 'node:http';
import { keyHash, newKey } from '../app-host/library/key-store.ts';
import { allowedHosts } from '../server/request-checks.ts';
import { createApiServer } from './api-server.ts';
import type { ProgramsNeeds } from './needs.ts';

const host = '127.0.0.1';

export interface ProgramsOptions {
  /** Opens the API for this run whatever the settings say, at this port (0: any), with a key that is valid for this run. */
  thisRun?: { port: number };
}

export interface RunningPrograms {
  /** Address and key of this run. */
  thisRun: Access | undefined;
  close(): void;
}

/** Address and key with which a program can ask. */
export interface Access {
  address: string;
  key: string;
}

const openAccesses = new WeakMap<ProgramsNeeds, Promise<Access & { server: Server }>>();

/**
 * For the MCP server that a person starts beside the window: opens a port with a key of its own until RocketDoc ends, whatever the settings
 * say of other programs. The caller reached the socket in the data folder, which only the library's owner can open.
 */
export async function openProgramAccess(rooms: ProgramsNeeds): Promise<Access> {
  const open = async () => {
    const key = newKey();
    return { ...(await listen(rooms, isKey(key), 0)), key };
  };
  const access = openAccesses.get(rooms) ?? open();
  openAccesses.set(rooms, access);
  access.catch(() => openAccesses.delete(rooms));
  const { address, key } = await access;
  return { address, key };
}

function isKey(key: string): (key: string) => string | undefined {
  const hash = Buffer.from(keyHash(key));
  return (other) => (timingSafeEqual(Buffer.from(keyHash(other)), hash) ? 'this run' : undefined);
}

/** Rejects if the port cannot be opened. */
function listen(rooms: ProgramsNeeds, accepts: (key: string) => string | undefined, port: number) {
  return new Promise<{ server: Server; address: string }>((resolve, reject) => {
    let hosts = allowedHosts(0);
    const server = createApiServer({ rooms, accepts, hosts: () => hosts });
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address ? address.port : port;
      hosts = allowedHosts(bound);
      resolve({ server, address: `http://${host}:${bound}/v1` });
    });
    // The server must not keep the process alive.
    server.unref();
  });
}

export async function servePrograms(rooms: ProgramsNeeds, { thisRun }: ProgramsOptions = {}): Promise<RunningPrograms> {
  const runKey = thisRun ? newKey() : undefined;
  const isRunKey = runKey === undefined ? () => undefined : isKey(runKey);
  const accepts = (key: string) => isRunKey(key) ?? rooms.keys.accepts(key);
  let server: Server | undefined;
  let openPort: number | undefined;

  const close = () => {
    shut(server);
    server = undefined;
    openPort = undefined;
    rooms.programs.address = null;
  };
  const open = async (port: number) => {
    openPort = port;
    try {
      const opened = await listen(rooms, accepts, port);
      // The settings may name another port by now.
      if (openPort !== port) return shut(opened.server);
      server = opened.server;
      rooms.programs.address = opened.address;
      rooms.programs.problem = null;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (openPort !== port) return;
      close();
      rooms.programs.problem =
        code === 'EADDRINUSE' ? `Port ${port} is taken. Choose another one.` : `Port ${port} cannot be used (${code}).`;
    }
  };
  const follow = async () => {
    const { programs, programsPort } = rooms.settings.get();
    const wanted = thisRun ? thisRun.port : programs ? programsPort : undefined;
    if (wanted === openPort) return;
    close();
    rooms.programs.problem = null;
    if (wanted !== undefined) await open(wanted);
  };
  await follow();
  rooms.settings.onChange = follow;
  const { address } = rooms.programs;
  return {
    thisRun: runKey !== undefined && address !== null ? { address, key: runKey } : undefined,
    close() {
      rooms.settings.onChange = undefined;
      close();
      void openAccesses.get(rooms)?.then((access) => shut(access.server));
      openAccesses.delete(rooms);
    },
  };
}

function shut(server: Server | undefined): void {
  server?.close();
  server?.closeAllConnections();
}
