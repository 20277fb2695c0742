/**
 * One RocketDoc at a time has a data folder, in Electron or behind a browser. A second one sends its files to the first through a
 * socket in the folder, which is its owner's alone; the first shows its window with them, and the second ends.
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

const messageSchema = z.strictObject({ files: z.array(z.string().min(1).max(32_768)).max(1000) });
const answer = 'shown\n';
const patienceMs = 2000;
const mostBytes = 1024 * 1024;
/** A socket's path has a fixed place in the kernel, 104 bytes at the least. */
const longestPath = 103;

/** undefined: the folder's path is too long for a socket in it; the second start is told in words alone. */
function socketPath(dataDir: string, platform: NodeJS.Platform = process.platform): string | undefined {
  const dir = resolve(dataDir);
  if (platform === 'win32')
    return `\\\\.\\pipe\\rocketdoc-${createHash('sha256').update(dir.toLowerCase()).digest('hex').slice(0, 32)}`;
  const path = join(dir, 'instance.sock');
  return Buffer.byteLength(path) <= longestPath ? path : undefined;
}

/** For whoever has the folder's claim: a socket that is there already was left by one that died. Returns what closes it. */
export function answerSecondStart(dataDir: string, onSecondStart: (files: string[]) => void): () => void {
  const path = socketPath(dataDir);
  if (path === undefined) return () => {};
  const server = createServer((socket) => {
    void heardFrom(socket).then((line) => {
      const message = messageSchema.safeParse(parsed(line));
      if (!message.success) return socket.destroy();
      onSecondStart(message.data.files);
      socket.end(answer);
    });
  });
  server.on('error', () => {}); // a folder that cannot be written has no socket
  if (process.platform !== 'win32') rmSync(path, { force: true });
  server.listen(path);
  server.unref();
  return () => server.close();
}

/** Whether somebody answered. */
export function notifyFirst(dataDir: string, files: readonly string[]): Promise<boolean> {
  const path = socketPath(dataDir);
  if (path === undefined) return Promise.resolve(false);
  const socket = createConnection(path, () => socket.write(`${JSON.stringify({ files })}\n`));
  return heardFrom(socket).then((line) => line === answer);
}

/** The first line; empty: there was none, or not in time. */
function heardFrom(socket: Socket): Promise<string> {
  return new Promise((done) => {
    let line = '';
    const end = (first: string) => {
      clearTimeout(timer);
      done(first);
    };
    const giveUp = () => {
      socket.destroy();
      end('');
    };
    const timer = setTimeout(giveUp, patienceMs);
    socket.setEncoding('utf8').on('data', (text: string) => {
      line += text;
      if (line.length > mostBytes) giveUp();
      else if (line.includes('\n')) end(line.slice(0, line.indexOf('\n') + 1));
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
