/**
 * One RocketDoc at a time has a data folder, in Electron or behind a browser. Who comes second rings here: the first shows its window
 * with the files that the second was started with, and the second ends. A socket in the folder itself, which is its owner's alone.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { AppError } from '../contract/errors.ts';

/** Thrown instead of BUSY where the first has shown itself. */
export class OpenAlready extends AppError {
  constructor() {
    super('BUSY', 'RocketDoc is open already. Its window was brought to the front.');
  }
}

const ringSchema = z.strictObject({ files: z.array(z.string().min(1).max(32_768)).max(1000) });
const answer = 'shown\n';
const patienceMs = 2000;
const mostBytes = 1024 * 1024;
/** A socket's path has a fixed place in the kernel, 104 bytes at the least. */
const longestPath = 103;

/** undefined: the folder's path is too long for a socket in it; the second start is told in words alone. */
function doorOf(dataDir: string, platform: NodeJS.Platform = process.platform): string | undefined {
  const dir = resolve(dataDir);
  if (platform === 'win32')
    return `\\\\.\\pipe\\rocketdoc-${createHash('sha256').update(dir.toLowerCase()).digest('hex').slice(0, 32)}`;
  const door = join(dir, 'door.sock');
  return Buffer.byteLength(door) <= longestPath ? door : undefined;
}

/** For whoever has the folder's claim: a door that is there already was left by one that died. Returns what closes it. */
export function answerDoor(dataDir: string, onRing: (files: string[]) => void): () => void {
  const door = doorOf(dataDir);
  if (door === undefined) return () => {};
  const server = createServer((socket) => {
    void heardFrom(socket).then((line) => {
      const ring = ringSchema.safeParse(parsed(line));
      if (!ring.success) return socket.destroy();
      onRing(ring.data.files);
      socket.end(answer);
    });
  });
  server.on('error', () => {}); // a folder that cannot be written has no door
  if (process.platform !== 'win32') rmSync(door, { force: true });
  server.listen(door);
  server.unref();
  return () => server.close();
}

/** Whether somebody answered. */
export function ringDoor(dataDir: string, files: readonly string[]): Promise<boolean> {
  const door = doorOf(dataDir);
  if (door === undefined) return Promise.resolve(false);
  const socket = createConnection(door, () => socket.write(`${JSON.stringify({ files })}\n`));
  return heardFrom(socket).then((line) => line === answer);
}

/** The first line; empty: there was none, or not in time. */
function heardFrom(socket: Socket): Promise<string> {
  return new Promise((done) => {
    let said = '';
    const end = (line: string) => {
      clearTimeout(timer);
      done(line);
    };
    const giveUp = () => {
      socket.destroy();
      end('');
    };
    const timer = setTimeout(giveUp, patienceMs);
    socket.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.length > mostBytes) giveUp();
      else if (said.includes('\n')) end(said.slice(0, said.indexOf('\n') + 1));
    });
    socket.on('error', giveUp);
    socket.on('close', giveUp);
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
