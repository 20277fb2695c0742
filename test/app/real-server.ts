/** `npm run serve` as a person starts it, with the real engine and the embedded model, on a data folder of the test's. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChatStore } from '../../electron/app-host/library/chat-store.ts';
import { openDatabase } from '../../electron/app-host/library/database.ts';
import type { Turn } from '../../electron/contract/app-types.ts';
import { root } from './browser.ts';

export const monitorArgs = ['--import', join(root, 'test', 'fixtures', 'event-loop-lag.mjs')];

export class RealServer {
  readonly #dataDir: string;
  readonly #more: readonly string[];
  readonly #lagFile: string | undefined;
  #process: ChildProcess | undefined;
  /** On its standard output since it was last started. */
  said = '';

  /** `more`: options of `npm run serve`. `lagFile`: the file that event-loop-lag.mjs writes the event loop's lag to. */
  constructor(dataDir: string, more: readonly string[] = [], lagFile?: string) {
    this.#dataDir = dataDir;
    this.#more = more;
    this.#lagFile = lagFile;
  }

  /** Resolves with the link that opens the window. */
  start(): Promise<string> {
    const args = ['--port', '0', '--data-dir', this.#dataDir, '--threads', '1', '--no-open', ...this.#more];
    const monitored = this.#lagFile === undefined ? [] : monitorArgs;
    const server = spawn(process.execPath, [...monitored, join('out', 'main', 'serve.js'), ...args], {
      cwd: root,
      env: { ...process.env, ...(this.#lagFile === undefined ? {} : { LAG_FILE: this.#lagFile }) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#process = server;
    this.said = '';
    return new Promise((resolve, reject) => {
      server.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${this.said}`)));
      server.stdout?.on('data', (chunk) => {
        this.said += chunk;
        const link = /RocketDoc: (\S+)/.exec(this.said)?.[1];
        if (link) resolve(link);
      });
    });
  }

  /** The process id of the server's child that runs the engine. */
  enginePid(): number {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const pid = pids.find((name) => {
      try {
        const isOurs = readFileSync(`/proc/${name}/status`, 'utf8').includes(`PPid:\t${this.#process?.pid}\n`);
        return isOurs && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('engine-host');
      } catch {
        return false; // the process has ended meanwhile
      }
    });
    if (pid === undefined) throw new Error('there is no engine');
    return Number(pid);
  }

  /** All stored turns, by chat; the chats in the order in which they were begun. */
  turns(): Turn[] {
    const database = openDatabase(join(this.#dataDir, 'library.sqlite'));
    const chats = database.prepare('SELECT id FROM chats ORDER BY created_at').all() as { id: string }[];
    const store = new ChatStore(database);
    const turns = chats.flatMap(({ id }) => store.turns(id));
    database.close();
    return turns;
  }

  async stop(): Promise<void> {
    const server = this.#process;
    if (!server || server.exitCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
  }
}
