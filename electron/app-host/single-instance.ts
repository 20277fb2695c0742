/**
 * Only one RocketDoc at a time uses a data folder, the desktop app or `serve`. A second one sends its files to the first through a socket
 * in the folder, which only its owner can open; the first shows its window with them, and the second ends. A program that wants to use the
 * library, such as the MCP server, gets an address and a key over the socket instead, and no window is shown.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { AppError } from '../contract/errors.ts';

/** Thrown when the first RocketDoc has brought its window to the front. */
export class OpenAlready extends AppError {
  constructor() {
    super('BUSY', 'RocketDoc is open already. Its window was brought to the front.');
  }
}

const messageSchema = z.union([
  z.strictObject({ files: z.array(z.string().min(1).max(32_768)).max(1000) }),
  z.strictObject({ program: z.literal(true) }),
  z.strictObject({ signOut: z.literal(true) }),
]);
const accessSchema = z.strictObject({ address: z.string(), key: z.string() });
export type ProgramAccess = z.infer<typeof accessSchema>;

export interface SecondStart {
  /** Shows the window with these files. Absent: the second start gets no answer. */
  onSecondStart?: ((files: string[]) => void) | undefined;
  /** Signs every browser out. */
  onSignOut?: (() => void) | undefined;
  /** Gives a program an address and a key. */
  onProgram?: (() => Promise<ProgramAccess>) | undefined;
}

const answer = 'shown\n';
const signedOut = 'signed out\n';
const answerTimeoutMs = 2000;
const mostBytes = 1024 * 1024;
/** The kernel limits the length of a socket's path, on some systems to 104 bytes with the final zero. */
const longestPath = 103;

/** undefined: the folder's path is too long for a socket; a second start then only gets an error sentence. */
function socketPath(dataDir: string, platform: NodeJS.Platform = process.platform): string | undefined {
  const dir = resolve(dataDir);
  if (platform === 'win32')
    return `\\\\.\\pipe\\rocketdoc-${createHash('sha256').update(dir.toLowerCase()).digest('hex').slice(0, 32)}`;
  const path = join(dir, 'instance.sock');
  return Buffer.byteLength(path) <= longestPath ? path : undefined;
}

/**
 * To be called by the process that has the folder's claim: a socket file that exists already was left by one that died. Call the returned
 * function to close it.
 */
export function answerSecondStart(dataDir: string, { onSecondStart, onSignOut, onProgram }: SecondStart): () => void {
  const path = socketPath(dataDir);
  if (path === undefined) return () => {};
  const server = createServer((socket) => {
    void receiveLine(socket).then(async (line) => {
      const { data: message } = messageSchema.safeParse(parsed(line));
      if (message && 'files' in message && onSecondStart) {
        onSecondStart(message.files);
        socket.end(answer);
      } else if (message && 'signOut' in message && onSignOut) {
        onSignOut();
        socket.end(signedOut);
      } else if (message && 'program' in message && onProgram) {
        const access = await onProgram().catch(() => undefined);
        if (access) socket.end(`${JSON.stringify(access)}\n`);
        else socket.destroy();
      } else socket.destroy();
    });
  });
  server.on('error', () => {}); // in a folder that cannot be written there is no socket
  if (process.platform !== 'win32') rmSync(path, { force: true });
  server.listen(path);
  server.unref();
  return () => server.close();
}

/** Whether a RocketDoc has answered. */
export async function notifyFirst(dataDir: string, files: readonly string[]): Promise<boolean> {
  return (await sent(dataDir, { files })) === answer;
}

/** Asks the `serve` that uses the folder to sign every browser out; false: none does. */
export async function askToSignOut(dataDir: string): Promise<boolean> {
  return (await sent(dataDir, { signOut: true })) === signedOut;
}

/** Address and key from the RocketDoc that uses the folder; undefined: none does. */
export async function askForAccess(dataDir: string): Promise<ProgramAccess | undefined> {
  return accessSchema.safeParse(parsed(await sent(dataDir, { program: true }))).data;
}

async function sent(
  dataDir: string,
  message: z.input<typeof messageSchema> | { files: readonly string[] },
): Promise<string> {
  const path = socketPath(dataDir);
  if (path === undefined) return '';
  const socket = createConnection(path, () => socket.write(`${JSON.stringify(message)}\n`));
  return receiveLine(socket);
}

/** The first line that arrives; empty: none came in time. */
function receiveLine(socket: Socket): Promise<string> {
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
    const timer = setTimeout(giveUp, answerTimeoutMs);
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
