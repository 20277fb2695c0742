/**
 * Many questions over many documents in one run: the memory of no process grows, and node gives no warning, such as of too many
 * listeners. SOAK_QUESTIONS and SOAK_DOCUMENTS set how many; SOAK_ENGINE=real takes the real engine, which must be built, and the
 * embedded model.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ContractRouterClient } from '@orpc/contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { appContract } from '../../../electron/contract/app.ts';
import { AppError } from '../../../electron/contract/errors.ts';
import { forkHost } from '../../../electron/hosts/fork-host.ts';
import { hostClient } from '../../../electron/hosts/host-client.ts';
import { buildHosts } from '../../fixtures/killed/build.ts';

const { SOAK_QUESTIONS = '40', SOAK_DOCUMENTS = '4', SOAK_ENGINE: engine } = process.env;
const questions = Number(SOAK_QUESTIONS);
const documents = Number(SOAK_DOCUMENTS);
const isLong = process.env.SOAK_QUESTIONS !== undefined;
/** How much more heap a process may use after all questions than after one on each document. A leak with each question exceeds it. */
const mostBytes = 4_000_000;
/**
 * How much more memory of its own a process may have at the end than after a third of the questions: until then node's reserves grow
 * to what the work needs.
 */
const mostTaken = 15_000_000;

const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-soak-'));
const dataDir = join(dir, 'data');
const heapFile = join(dir, 'heap');
let built = '';
beforeAll(async () => {
  built = await buildHosts('soak');
  mkdirSync(dataDir);
  writeFileSync(join(dir, 'fake.gguf'), 'GGUF');
});
afterAll(() => {
  for (const folder of [dir, built]) rmSync(folder, { recursive: true, force: true });
});

const files = Array.from({ length: documents }, (_, i) => {
  const path = join(dir, `file-${i}.txt`);
  writeFileSync(path, `${i} The Trust was founded in 1887 by Ada Lark. `.repeat(20));
  return { id: `0b1e7a52-3c4d-4e5f-8a9b-${String(i).padStart(12, '0')}`, name: `file-${i}.txt`, isSample: false, path };
});

interface Sample {
  pid: number;
  heapUsed: number;
  external: number;
  rss: number;
  /** Private memory, without mapped files. */
  taken: number;
}
const lines = () => (existsSync(heapFile) ? readFileSync(heapFile, 'utf8').trim().split('\n') : []);
const samples = () => lines().map((line) => JSON.parse(line) as Partial<Sample> & { warning?: string });

/** Measures each process; the samples are named by program. */
async function measured(pids: Record<string, number>): Promise<Record<string, Sample>> {
  const before = samples().length;
  for (const pid of Object.values(pids)) process.kill(pid, 'SIGUSR2');
  const fresh = () => samples().slice(before);
  const all = Object.entries(pids);
  await expect.poll(() => all.every(([, pid]) => fresh().some((line) => line.pid === pid && line.heapUsed))).toBe(true);
  return Object.fromEntries(
    all.map(([name, pid]) => [name, { ...(fresh().find((line) => line.pid === pid) as Sample), taken: takenBy(pid) }]),
  );
}

const takenBy = (pid: number) =>
  1024 * Number(/^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

function childOf(pid: number, program: string): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  const child = children.find((id) => readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(program));
  if (child === undefined) throw new Error(`there is no ${program}`);
  return Number(child);
}

async function last<T>(events: AsyncIterable<T>): Promise<T | undefined> {
  let event: T | undefined;
  for await (event of events);
  return event;
}

it.runIf(process.platform === 'linux')(
  `${questions} questions over ${documents} documents leave every process as large as it was`,
  async () => {
    const host = forkHost(join(built, 'app-host.js'), {
      env: {
        ...process.env,
        NODE_OPTIONS: `--import ${pathToFileURL(fileURLToPath(new URL('../../fixtures/heap-samples.mjs', import.meta.url))).href}`,
        HEAP_FILE: heapFile,
        KILLED_ASK_MS: '1',
        KILLED_DATA: dataDir,
        KILLED_FILES: JSON.stringify(files),
        KILLED_ENGINE: engine === 'real' ? '' : join(built, 'engine-host.js'),
      },
    });
    const over = new AppError('CLOSED', 'over');
    const crash = ({ output }: { output: string }) => new AppError('CLOSED', output);
    const client = hostClient(host, { name: 'The app host', crash, hung: () => over, garbage: over });
    const window = client.verbs as ContractRouterClient<typeof appContract>;
    // Follows the telemetry all the time, as a window does.
    void (async () => {
      for await (const telemetry of await window.telemetry()) void telemetry;
    })().catch(() => {});
    await window.settings.set({ maxNew: 16, keepRead: false });
    const chats: { documentId: string; chatId: string }[] = [];
    for (const { id } of files) {
      const added = await last(await window.library.addGranted({ grantId: id }));
      if (added?.type !== 'done') throw new Error('a file was not added');
      const documentId = added.document.id;
      chats.push({ documentId, chatId: (await window.chats.create({ documentId })).id });
    }
    const history: Record<string, Sample>[] = [];
    let pids: Record<string, number> | undefined;
    for (let i = 0; i < questions; i++) {
      const { documentId, chatId } = chats[i % documents] as (typeof chats)[number];
      await last(await window.read({ documentId, pages: null, keep: false }));
      // Each question begins its chat anew: in a chat that goes on, KV rows grow with each question, which is no leak.
      const asked = { chatId, question: `When was it founded (${i})?`, parentId: null };
      const ended = await last(await window.ask(asked));
      expect(ended).toMatchObject({ type: 'ended', turn: { state: 'done' } });
      if (ended?.type === 'ended') await window.citations({ turnId: ended.turn.id });
      await window.library.list();
      if ((i + 1) % documents !== 0) continue;
      pids ??= { 'app host': host.pid ?? 0, engine: childOf(host.pid ?? 0, 'engine-host') };
      history.push(await measured(pids));
    }
    await client.close();
    const [first, ...later] = history as [Record<string, Sample>, ...Record<string, Sample>[]];
    // The lowest of the last three samples counts: memory of work in progress is no leak.
    const atEnd = (name: string, of: 'heapUsed' | 'taken') =>
      Math.min(...history.slice(-3).map((at) => at[name]?.[of] ?? Number.POSITIVE_INFINITY));
    if (isLong)
      for (const name of Object.keys(first))
        console.info(name, 'MB heap, external, rss, taken:', ...[first, ...later].map(({ [name]: at }) => shown(at)));
    expect(samples().flatMap(({ warning }) => warning ?? [])).toEqual([]);
    const settled = history[Math.floor(history.length / 3)] ?? first;
    for (const [name, { heapUsed }] of Object.entries(first)) {
      expect(atEnd(name, 'heapUsed') - heapUsed, name).toBeLessThan(mostBytes);
      expect(atEnd(name, 'taken') - (settled[name]?.taken ?? 0), name).toBeLessThan(mostTaken);
    }
  },
  30_000 + questions * 20_000,
);

const shown = (at: Sample | undefined) =>
  at ? [at.heapUsed, at.external, at.rss, at.taken].map((bytes) => (bytes / 1e6).toFixed(1)).join('/') : '';
