/**
 * kill -9 of any process at random moments of add, read, ask, save, rename and delete: nothing that was acknowledged is lost, nothing
 * half done is shown, and the next start says what it repaired. KILL_MOMENTS sets how many kills, KILL_SEED which.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContractRouterClient } from '@orpc/contract';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { appContract } from '../../../electron/contract/app.ts';
import type { Turn } from '../../../electron/contract/app-types.ts';
import { AppError } from '../../../electron/contract/errors.ts';
import { forkHost } from '../../../electron/hosts/fork-host.ts';
import { hostClient } from '../../../electron/hosts/host-client.ts';
import type { HostProcess } from '../../../electron/hosts/host-process.ts';
import { buildHosts } from '../../fixtures/killed/build.ts';

type Window = ContractRouterClient<typeof appContract>;

const moments = Number(process.env.KILL_MOMENTS ?? 30);
const seed = Number(process.env.KILL_SEED ?? 1887);
const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-killed-'));
const dataDir = join(dir, 'data');
let built = '';

let state = seed;
const random = () => {
  state = (state * 1_664_525 + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
};
const some = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

beforeAll(async () => {
  built = await buildHosts('killed');
  writeFileSync(join(dir, 'fake.gguf'), 'GGUF');
  mkdirSync(join(dataDir, 'files'), { recursive: true });
});
afterAll(() => {
  for (const folder of [dir, built]) rmSync(folder, { recursive: true, force: true });
});

/** Every eighth file is large: it is stored and removed in many pieces, so that a kill can come between two. */
const isLarge = (i: number) => i % 8 === 1;
const files = Array.from({ length: 40 }, (_, i) => {
  const path = join(dir, `file-${i}.txt`);
  const words = `${i} The Trust was founded in 1887 by Ada Lark. `;
  writeFileSync(path, words.repeat(isLarge(i) ? 60_000 : i % 4 === 0 ? 20 : 15_000));
  return { id: `0b1e7a52-3c4d-4e5f-8a9b-${String(i).padStart(12, '0')}`, name: `file-${i}.txt`, isSample: false, path };
});

const isNow = (message: unknown) => (message as { beat?: string }).beat === 'now';

class Running {
  readonly host: HostProcess;
  readonly window: Window;
  /** Resolves when the app host begins to store a document or to answer. */
  readonly now: Promise<true>;
  readonly #client;
  #isOver = false;

  constructor() {
    this.host = forkHost(join(built, 'app-host.js'), {
      env: {
        ...process.env,
        KILLED_DATA: dataDir,
        KILLED_FILES: JSON.stringify(files),
        KILLED_ENGINE: join(built, 'engine-host.js'),
      },
    });
    const dead = new AppError('CLOSED', 'killed');
    this.#client = hostClient(this.host, {
      name: 'The app host',
      crash: ({ output }) => new AppError('CLOSED', output),
      hung: () => dead,
      garbage: dead,
    });
    this.window = this.#client.verbs as Window;
    this.#client.onEnd(() => {
      this.#isOver = true;
    });
    this.now = new Promise((resolve) => this.host.onMessage((message) => isNow(message) && resolve(true)));
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Kills a host of the app host at random; false: it has none now, or this system does not list child processes. */
  killHost(): boolean {
    try {
      const pids = readFileSync(`/proc/${this.host.pid}/task/${this.host.pid}/children`, 'utf8').trim().split(' ');
      const pid = Number(some(pids));
      if (pid > 0) process.kill(pid, 'SIGKILL');
      return pid > 0;
    } catch {
      return false;
    }
  }

  kill(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#client.onEnd(() => resolve()));
    this.host.kill();
    return ended;
  }
}

interface Chat {
  /** The name that it was given; undefined: none, and its first question may have named it. */
  title: string | undefined;
  draft: string;
  /** Turns whose question was acknowledged; null: the end of the answer was not. */
  turns: Map<string, Turn | null>;
}

/** What was acknowledged. */
const documents = new Map<string, { name: string; file: string; chats: Map<string, Chat> }>();
/** Whether the next file to be added is a large one that is not in the library yet. */
let hitsStoring = false;
const freshLargeFiles = () => {
  const there = new Set([...documents.values()].map(({ file }) => file));
  return files.filter(({ name }, i) => isLarge(i) && !there.has(name));
};
let budget: number | undefined;
/** What the last call would change: without a reply both the old and the new state are right. */
let open: {
  documentId?: string;
  chatId?: string;
  name?: string;
  title?: string;
  draft?: string;
  budget?: number;
  isRemoval?: boolean;
  isAdding?: boolean;
  isCreating?: boolean;
} = {};

const chatsOf = () =>
  [...documents.entries()].flatMap(([documentId, { chats }]) =>
    [...chats.keys()].map((chatId) => ({ documentId, chatId })),
  );
const chatOf = ({ documentId, chatId }: { documentId: string; chatId: string }) =>
  documents.get(documentId)?.chats.get(chatId) as Chat;

/** Each operation resolves with whether it had something to do. */
const operations: Record<string, (window: Window) => Promise<boolean>> = {
  async add(window) {
    const file = some(hitsStoring ? freshLargeFiles() : files) ?? some(files);
    hitsStoring = false;
    if (!file) return false;
    open = { isAdding: true };
    for await (const event of await window.library.addGranted({ grantId: file.id }))
      if (event.type === 'done' && !documents.has(event.document.id))
        documents.set(event.document.id, { name: event.document.name, file: file.name, chats: new Map() });
    return true;
  },
  async create(window) {
    const documentId = some([...documents.keys()]);
    if (documentId === undefined) return false;
    open = { isCreating: true };
    const chat = await window.chats.create({ documentId });
    documents.get(documentId)?.chats.set(chat.id, { title: undefined, draft: '', turns: new Map() });
    return true;
  },
  async ask(window) {
    const at = some(chatsOf());
    if (!at) return false;
    const chat = chatOf(at);
    for await (const event of await window.read({ documentId: at.documentId, pages: null, keep: random() < 0.5 }))
      void event;
    const parentId = [...chat.turns.keys()].at(-1) ?? null;
    for await (const event of await window.ask({ chatId: at.chatId, question: 'When was it founded?', parentId })) {
      if (event.type === 'turn') chat.turns.set(event.turn.id, null);
      if (event.type === 'ended') chat.turns.set(event.turn.id, event.turn);
    }
    return true;
  },
  async draft(window) {
    const at = some(chatsOf());
    if (!at) return false;
    const draft = `draft ${random()}`;
    open = { ...at, draft };
    await window.chats.saveDraft({ chatId: at.chatId, draft });
    chatOf(at).draft = draft;
    return true;
  },
  async title(window) {
    const at = some(chatsOf());
    if (!at) return false;
    const title = `title ${random()}`;
    open = { ...at, title };
    await window.chats.rename({ chatId: at.chatId, title });
    chatOf(at).title = title;
    return true;
  },
  async rename(window) {
    const documentId = some([...documents.keys()]);
    if (documentId === undefined) return false;
    const name = `name ${random()}`;
    open = { documentId, name };
    await window.library.rename({ documentId, name });
    (documents.get(documentId) as { name: string }).name = name;
    return true;
  },
  async settings(window) {
    const tokenBudget = 256 + Math.floor(random() * 10) * 128;
    open = { budget: tokenBudget };
    await window.settings.set({ tokenBudget });
    budget = tokenBudget;
    return true;
  },
  async removeChat(window) {
    const at = some(chatsOf());
    if (!at || random() < 0.5) return false;
    open = { ...at, isRemoval: true };
    await window.chats.remove({ chatId: at.chatId });
    documents.get(at.documentId)?.chats.delete(at.chatId);
    return true;
  },
  async remove(window) {
    const documentId = some([...documents.keys()]);
    if (documentId === undefined || documents.size < 4) return false;
    open = { documentId, isRemoval: true };
    await window.library.remove({ documentId });
    documents.delete(documentId);
    return true;
  },
};

/** How often each operation is drawn. */
const often = { add: 4, create: 1, ask: 5, draft: 1, title: 1, rename: 1, settings: 1, removeChat: 1, remove: 2 };
const drawn = Object.entries(often).flatMap(([name, times]) => Array.from({ length: times }, () => name));
/** How long each operation took last, and how often each was acknowledged. */
const took = new Map<string, number>();
const done = new Map<string, number>();

/** Runs an operation; false: the process is gone. Work whose host was killed fails with the code for that. */
async function run(running: Running, name: string): Promise<boolean> {
  open = {};
  const at = performance.now();
  try {
    if (!(await operations[name]?.(running.window))) return true;
    took.set(name, performance.now() - at);
    done.set(name, (done.get(name) ?? 0) + 1);
    return true;
  } catch (error) {
    if (running.isOver) return false;
    expect((error as { code?: string }).code).toMatch(/^(ENGINE_CRASH|DOC_FORMAT|INTERNAL|CLOSED|DOC_MISSING)$/);
    return true;
  }
}

/** Runs one operation, then random ones until the process is gone. */
async function work(running: Running, first: string): Promise<void> {
  for (let name = first; await run(running, name); name = some(drawn) ?? first);
}

/**
 * Counts what the killed process left to be repaired. It looks at a copy without the index of SQLite's log (-shm), as the next start
 * finds it: a connection to the file itself would rebuild the index, and the next start would not have to.
 */
function leftBehind() {
  const copy = mkdtempSync(join(dir, 'copy-'));
  for (const name of ['library.sqlite', 'library.sqlite-wal'])
    if (existsSync(join(dataDir, name))) copyFileSync(join(dataDir, name), join(copy, name));
  const database = new DatabaseSync(join(copy, 'library.sqlite'));
  const count = (query: string) => (database.prepare(query).get() as { n: number }).n;
  const left = {
    answers: count("SELECT count(*) AS n FROM turns WHERE state = 'answering'"),
    adding: count("SELECT count(*) AS n FROM documents WHERE sha256 LIKE 'adding %'"),
    removing: count("SELECT count(*) AS n FROM documents WHERE sha256 LIKE 'removing %'"),
  };
  database.close();
  rmSync(copy, { recursive: true, force: true });
  return left;
}

const number = (sentence: string) => (sentence.startsWith('One ') ? 1 : Number.parseInt(sentence, 10));
const said = (notices: readonly string[], what: RegExp) => {
  const sentence = notices.find((notice) => what.test(notice));
  return sentence === undefined ? 0 : number(sentence);
};

async function check(window: Window, left: ReturnType<typeof leftBehind>): Promise<void> {
  const notices = await window.library.notices();
  const repaired = {
    answers: said(notices, /answers? (was|were) cut off/),
    adding: said(notices, /being added/),
    removing: said(notices, /being removed/),
  };
  expect(repaired).toEqual(left);
  expect(notices.filter((notice) => /damaged/.test(notice))).toEqual([]);

  const listed = await window.library.list();
  for (const [id, { name }] of documents) {
    const found = listed.find((document) => document.id === id);
    const isOpen = open.documentId === id && open.chatId === undefined;
    if (!found && isOpen && open.isRemoval) documents.delete(id);
    else {
      expect(found, `document ${name}`).toBeDefined();
      expect([name, isOpen ? open.name : name]).toContain(found?.name);
      if (found) (documents.get(id) as { name: string }).name = found.name;
    }
  }
  // A document that was added without being acknowledged must be whole.
  for (const { id, name, characters } of listed) {
    const text = readFileSync(join(dataDir, 'files', id, readdirSync(join(dataDir, 'files', id))[0] ?? ''), 'utf8');
    expect(characters).toBe(text.length);
    if (documents.has(id)) continue;
    expect(open.isAdding).toBe(true);
    documents.set(id, { name, file: name, chats: new Map() });
  }
  expect(readdirSync(join(dataDir, 'files')).sort()).toEqual(listed.map(({ id }) => id).sort());
  expect(new Set([...documents.keys()])).toEqual(new Set(listed.map(({ id }) => id)));

  for (const [documentId, { chats }] of documents) await checkChats(window, documentId, chats);
  if (budget !== undefined) {
    const { tokenBudget } = await window.settings.get();
    expect([budget, open.budget]).toContain(tokenBudget);
    budget = tokenBudget;
  }
}

async function checkChats(window: Window, documentId: string, chats: Map<string, Chat>): Promise<void> {
  const listed = await window.chats.list({ documentId });
  for (const { id } of listed) {
    if (chats.has(id)) continue;
    expect(open.isCreating).toBe(true);
    chats.set(id, { title: undefined, draft: '', turns: new Map() });
  }
  for (const [id, chat] of chats) {
    const found = listed.find((entry) => entry.id === id);
    const isOpen = open.chatId === id;
    if (!found && isOpen && open.isRemoval) {
      chats.delete(id);
      continue;
    }
    expect(found, `chat ${id}`).toBeDefined();
    const { turns, draft } = await window.chats.turns({ chatId: id });
    const titles = [chat.title, isOpen ? open.title : undefined].filter((title) => title !== undefined);
    if (chat.title !== undefined) expect(titles).toContain(found?.title);
    if (titles.includes(found?.title ?? '')) chat.title = found?.title;
    expect([chat.draft, isOpen ? open.draft : chat.draft]).toContain(draft);
    chat.draft = draft;
    for (const [turnId, turn] of chat.turns) {
      const stored = turns.find((entry) => entry.id === turnId);
      expect(stored, `question ${turnId}`).toBeDefined();
      if (turn) expect(stored).toEqual(turn);
    }
    // After a start no answer is under way: each is whole or marked as cut off.
    for (const turn of turns) {
      expect(turn.state).not.toBe('answering');
      chat.turns.set(turn.id, turn);
    }
  }
}

it(
  `loses nothing that was acknowledged in ${moments} kills`,
  async () => {
    const repairs = { answers: 0, adding: 0, removing: 0 };
    let running = new Running();
    while (documents.size < 6) await run(running, 'add');
    while (chatsOf().length < 6) await run(running, 'create');
    await run(running, 'ask');
    for (let i = 0; i < moments; i++) {
      hitsStoring = i % 3 === 0;
      const first = hitsStoring ? 'add' : (some(drawn) ?? 'add');
      // Waits until the engine has started: else the kill would come before the question is asked.
      const [any] = first === 'ask' ? documents.keys() : [];
      if (any !== undefined) await running.window.plan({ documentId: any, changes: {}, promptTokens: 100 });
      const ended = work(running, first);
      // Storing and answering are short, so nine of ten kills of these operations wait for them to begin.
      const isMet =
        /add|ask/.test(first) && random() < 0.9 && (await Promise.race([running.now, pause(5000)])) === true;
      await pause(isMet ? random() * 150 : (0.2 + random()) * (took.get(first) ?? 50));
      if (random() < 0.3 && running.killHost()) await pause(random() * 100);
      await running.kill();
      await ended;
      const left = leftBehind();
      running = new Running();
      await check(running.window, left).catch((failure: Error) => {
        throw Object.assign(failure, {
          message: `kill ${i + 1}, seed ${seed}, ${JSON.stringify(open)}: ${failure.message}`,
        });
      });
      for (const name of ['answers', 'adding', 'removing'] as const) repairs[name] += left[name];
    }
    await running.kill();
    if (process.env.KILL_MOMENTS !== undefined) console.info(JSON.stringify({ repairs, done: [...done] }));
    // Some kills did interrupt answering, removing and storing.
    expect(repairs.answers + repairs.removing).toBeGreaterThan(0);
    expect(repairs.adding).toBeGreaterThan(0);
  },
  30_000 + moments * 15_000,
);
