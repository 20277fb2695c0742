/**
 * `bench --beside window`: measures the app's own engine alternately without a window and with its window open in a browser. Server,
 * document and question are the same: the only difference is that a window draws the reading and the streaming answer.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import type { ContractRouterClient } from '@orpc/contract';
import { type Browser, chromium, type Page } from 'playwright-core';
import { WebSocket } from 'ws';
import type { appContract } from '../contract/app.ts';
import type { TurnReport } from '../contract/app-types.ts';
import { AppError } from '../contract/errors.ts';
import type { SpeedVariant } from '../contract/lab.ts';
import { browserFiles } from '../setup/toolchain.mjs';
import type { BesideRound, BesideSpeed } from './bench-beside.ts';

type App = ContractRouterClient<typeof appContract>;

const root = fileURLToPath(new URL('../..', import.meta.url));
const question = 'Tell everything that the document says, from its beginning to its end, in its own words.';
/** An answer with fewer tokens is too short to measure its speed. */
const leastTokens = 32;
const timeoutMs = 600_000;

export interface WindowRequest {
  text: string;
  depth: number;
  maxNew: number;
  threads: number;
  /** The model's file; undefined: the model that the app opens by itself. */
  model: string | undefined;
}

/** A server with one document in its library, a client of it, and a browser that can show its window. */
export class BenchedWindow {
  readonly #folder = mkdtempSync(join(tmpdir(), 'rocketdoc-bench-window-'));
  readonly #request: WindowRequest;
  #server: ChildProcess | undefined;
  #browser: Browser | undefined;
  #socket: WebSocket | undefined;
  #app: App | undefined;
  #page: Page | undefined;
  #documentId = '';
  #newLink: () => Promise<string> = () => Promise.reject(new Error('The server is not there.'));

  /** `close` ends everything that was started, also after a failure in `open`. */
  constructor(request: WindowRequest) {
    this.#request = request;
  }

  async open(): Promise<void> {
    const file = browserFiles.find(existsSync);
    if (file === undefined)
      throw new AppError(
        'INVALID_ARGUMENT',
        `--beside window needs Chromium; none of ${browserFiles.join(', ')} is there. Install it (Debian: apt install chromium).`,
      );
    buildWindow();
    const document = join(this.#folder, 'document.txt');
    const { text, depth } = this.#request;
    writeFileSync(document, 'A document.\n');
    await this.#startServer(document);
    const app = await this.#connect(await this.#newLink());
    await this.#openModel(app);
    // So many characters of the text that they have about the wanted number of tokens.
    const { tokens } = await app.countTokens({ text: text.slice(0, 100_000) });
    const letters = Math.ceil((depth * Math.min(text.length, 100_000)) / Math.max(1, tokens));
    writeFileSync(document, text.repeat(Math.ceil(letters / text.length)).slice(0, letters));
    const [grant] = (await app.library.grants()).filter(({ isSample }) => !isSample);
    if (!grant) throw new AppError('INTERNAL', 'The server offers no document.');
    for await (const event of await app.library.addGranted({ grantId: grant.id }))
      if (event.type === 'done') this.#documentId = event.document.id;
    // Chromium cannot use its sandbox as root.
    const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    this.#browser = await chromium.launch({
      executablePath: file,
      args: ['--disable-gpu', '--no-first-run', ...asRoot],
    });
    this.#page = await this.#browser.newPage({ viewport: { width: 1280, height: 800 } });
  }

  /** Measures each variant with an empty page in the browser, and with the window. */
  async round(variants: readonly SpeedVariant[]): Promise<BesideRound> {
    const out: BesideRound = { alone: [], beside: [] };
    for (const variant of variants) {
      out.alone.push(await this.#measure(variant, false));
      out.beside.push(await this.#measure(variant, true));
    }
    return out;
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    this.#socket?.terminate();
    const server = this.#server;
    if (server && server.exitCode === null && server.signalCode === null) {
      const ended = once(server, 'close');
      server.kill('SIGTERM');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #measure(variant: SpeedVariant, withWindow: boolean): Promise<BesideSpeed> {
    const [app, page, documentId] = [this.#app, this.#page, this.#documentId];
    if (!app || !page) throw new Error('not open');
    await this.#choose(app, variant);
    // A new chat for each question, so that all have the same history; the window shows the newest chat.
    const { id: chatId } = await app.chats.create({ documentId });
    await app.library.release({ documentId });
    const field = page.getByRole('textbox', { name: /^Ask / });
    await page.goto(withWindow ? await this.#newLink() : 'about:blank');
    if (withWindow) await page.getByRole('button', { name: 'Read document' }).waitFor({ timeout: timeoutMs });
    const { tokens, readMs } = await this.#read(app);
    if (withWindow) {
      await field.fill(question, { timeout: timeoutMs });
      await field.press('Enter');
      await page.getByTestId('answer-stats').waitFor({ timeout: timeoutMs });
    } else {
      for await (const _ of await app.ask({ chatId, question, parentId: null }));
    }
    const { generatedTokens, timings } = await this.#report(app);
    if (generatedTokens < leastTokens)
      throw new AppError(
        'INVALID_ARGUMENT',
        `The answer ended after ${generatedTokens} tokens, at least ${leastTokens} are needed to tell its speed. Give another --model or a longer --max-new.`,
      );
    return {
      prefillTokS: (1000 * tokens) / readMs,
      decodeTokS: (1000 * (generatedTokens - 1)) / timings.decodeMs,
    };
  }

  async #choose(app: App, { mode, rocket }: SpeedVariant): Promise<void> {
    const { tokenBudget, pooling, selector, window, kernel, decomposition, nDenseLayers } = rocket;
    if (pooling === 'random')
      throw new AppError('INVALID_ARGUMENT', 'The window offers no rows by chance: leave --pooling random out.');
    const { maxNew, threads } = this.#request;
    await app.settings.set({
      ...{ mode, tokenBudget, pooling, selector, window, kernel, decomposition, nDenseLayers },
      ...{ maxNew, threads, keepRead: false, device: 'cpu' },
    });
  }

  async #read(app: App): Promise<{ tokens: number; readMs: number }> {
    for await (const event of await app.read({ documentId: this.#documentId, pages: null, keep: false }))
      if (event.type === 'done') return event;
    throw new AppError('INTERNAL', 'The reading has no result.');
  }

  /** The report of the last answer. */
  async #report(app: App): Promise<TurnReport> {
    const chats = await app.chats.list({ documentId: this.#documentId });
    const turns = (await Promise.all(chats.map(({ id }) => app.chats.turns({ chatId: id })))).flatMap(
      ({ turns }) => turns,
    );
    const last = turns.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1)).at(-1);
    if (last?.report) return last.report;
    throw new AppError('INTERNAL', last?.failure?.message ?? 'The answer has no report.');
  }

  async #openModel(app: App): Promise<void> {
    const { model } = this.#request;
    if (model !== undefined) {
      const { models } = await app.models.list();
      const entry = models.find(({ source, fileName }) => source === 'file' && fileName === basename(model));
      if (!entry) throw new AppError('MODEL_MISSING', `The app does not list ${model} among its models.`);
      await app.models.use({ modelId: entry.id });
    }
    for await (const { engine } of await app.telemetry()) {
      if (engine.state === 'failed')
        throw new AppError('INTERNAL', engine.failure?.message ?? 'The engine did not start.');
      const isWanted = model === undefined || engine.model?.info.path === model;
      if (engine.state === 'ready' && engine.model && isWanted) return;
    }
  }

  async #connect(link: string): Promise<App> {
    const { origin, hash } = new URL(link);
    const response = await fetch(`${origin}/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ code: hash.replace('#launch=', '') }),
    });
    const { token } = (await response.json()) as { token: string };
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/rpc`);
    this.#socket = socket;
    await once(socket, 'open');
    socket.send(token);
    await once(socket, 'message');
    const app: App = createORPCClient(new RPCLink({ websocket: socket as unknown as globalThis.WebSocket }));
    this.#app = app;
    return app;
  }

  async #startServer(document: string): Promise<void> {
    const { threads, model } = this.#request;
    const data = join(this.#folder, 'data');
    const options = ['--port', '0', '--data-dir', data, '--threads', String(threads), '--no-open'];
    if (model !== undefined) options.push('--models', dirname(model));
    const server = spawn(process.execPath, [join(root, 'out', 'main', 'serve.js'), ...options, document], {
      cwd: root,
      stdio: 'pipe',
    });
    this.#server = server;
    const links: string[] = [];
    let pending = '';
    let look = () => {};
    server.stdout.on('data', (chunk: Buffer) => {
      pending += chunk.toString();
      const whole = pending.slice(0, pending.lastIndexOf('\n') + 1);
      pending = pending.slice(whole.length);
      links.push(...[...whole.matchAll(/RocketDoc: (\S+)/g)].map((found) => found[1] ?? ''));
      look();
    });
    let complaint = '';
    server.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-2000);
    });
    const gone = once(server, 'close').then(([code]) => {
      throw new AppError('INTERNAL', `The window's server ended with ${code}. ${complaint.trim()}`);
    });
    gone.catch(() => {});
    const nextLink = () =>
      new Promise<string>((resolve) => {
        look = () => {
          const link = links.shift();
          if (link !== undefined) resolve(link);
        };
        look();
      });
    let first: Promise<string> | undefined = nextLink();
    this.#newLink = () => {
      const begun = first;
      first = undefined;
      if (begun) return Promise.race([begun, gone]);
      server.stdin.write('\n');
      return Promise.race([nextLink(), gone]);
    };
  }
}

function buildWindow(): void {
  const ready = join(root, 'electron', 'setup', 'ready.mjs');
  const { status } = spawnSync(process.execPath, [ready, 'window'], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new AppError('INTERNAL', 'The window could not be built.');
}
