/** The app host as a process of its own under the real main, with real hosts: when it dies, nothing that it acknowledged is lost. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { longPdf, longText } from '../fixtures/documents/long-inputs.ts';
import { isAlive, MainProcess, type WindowClient } from '../fixtures/electron/main-process.ts';
import { longestLag } from '../fixtures/event-loop-lag.ts';
import { fillWithChats } from '../fixtures/libraries/long-chats.ts';

const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-app-host-'));
const file = (name: string, text: string) => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};
const report = file('report.txt', 'The Trust was founded in 1887.');
const boundMs = 100;

const running: MainProcess[] = [];
function start(files?: string[]) {
  const main = new MainProcess(mkdtempSync(join(dir, 'home-')), files);
  running.push(main);
  return main;
}
afterEach(() => {
  for (const main of running.splice(0)) main.kill();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function added(events: AsyncIterable<{ type: string }>): Promise<void> {
  for await (const event of events) if (event.type === 'done') return;
  throw new Error('not added');
}

const names = async (client: WindowClient) => (await client.library.list()).map(({ name }) => name).sort();
const wait = { timeout: 30_000 };

describe('the app host', () => {
  it('serves the window, starts hosts through main, and ends with it', async () => {
    const main = start([report]);
    const { client } = await main.connect();
    await vi.waitFor(() => expect(main.opened).toMatchObject([{ name: 'report.txt' }]), wait);
    await added(await client.library.addGranted({ grantId: main.opened[0]?.id ?? '' }));
    const uploadId = await main.upload('Pasted text.txt', Buffer.from('Pasted words. '.repeat(200_000)));
    await added(await client.library.addUpload({ uploadId }));
    expect(await names(client)).toEqual(['Pasted text.txt', 'report.txt']);
    expect(main.alive('app-host')).toHaveLength(1);
    const processes = main.started.map(({ pid }) => pid);
    expect(new Set(main.started.map(({ name }) => name))).toEqual(
      new Set(['app-host', 'engine-host', 'document-host']),
    );
    expect(await main.quit()).toBe(0);
    await vi.waitFor(() => expect(processes.filter(isAlive)).toEqual([]), wait);
  });

  it('is started again when it was killed: said in a sentence, with everything that was acknowledged', async () => {
    const main = start();
    const { client, closed } = await main.connect();
    const grant = await main.invoke('grantFile', report);
    const later = await main.invoke('grantFile', file('later.txt', 'It was given before and added after.'));
    await added(await client.library.addGranted({ grantId: grant.id }));
    const [document] = await client.library.list();
    const chat = await client.chats.create({ documentId: document?.id ?? '' });
    await client.chats.saveDraft({ chatId: chat.id, draft: 'When was' });
    const before = main.alive('engine-host');
    process.kill(main.alive('app-host')[0] ?? 0, 'SIGKILL');
    await closed;
    await vi.waitFor(() => expect(main.notices).toHaveLength(1), wait);
    expect(main.notices[0]).toMatch(/^The app host ended by SIGKILL\. It is started again\. Everything that was saved/);
    await vi.waitFor(() => expect(before.filter(isAlive)).toEqual([]), wait);

    const { client: again } = await main.connect();
    expect(await names(again)).toEqual(['report.txt']);
    expect((await again.chats.turns({ chatId: chat.id })).draft).toBe('When was');
    await added(await again.library.addGranted({ grantId: later.id }));
    expect(await names(again)).toEqual(['later.txt', 'report.txt']);
    expect((await again.report()).toString()).toContain('The app host ended by SIGKILL.');
    expect(await main.quit()).toBe(0);
  });

  it('that keeps dying ends RocketDoc with a sentence', async () => {
    const main = start();
    for (let i = 0; i < 4; i++) {
      const { closed } = await main.connect();
      process.kill(main.alive('app-host')[0] ?? 0, 'SIGKILL');
      await closed;
    }
    expect(await main.ended).toBe(1);
    expect(main.said).toContain('RocketDoc has to end: The app host ended by SIGKILL.');
    expect(main.notices).toHaveLength(3);
  });

  it('ends with a main that was killed, and so do its hosts', async () => {
    const main = start();
    await main.connect();
    await vi.waitFor(() => expect(main.alive('engine-host')).not.toEqual([]), wait);
    const processes = main.started.map(({ pid }) => pid);
    main.kill();
    await vi.waitFor(() => expect(processes.filter(isAlive)).toEqual([]), wait);
  });

  it('and main never stand still for 100 ms while ten long chats are loaded, a PDF of 300 pages and 50 MB of text are added and 5 MB are pasted', async () => {
    const lag = { main: join(dir, 'main-lag'), appHost: join(dir, 'app-host-lag') };
    for (const name of Object.values(lag)) writeFileSync(name, '');
    const home = mkdtempSync(join(dir, 'home-'));
    mkdirSync(join(home, '.rocketdoc'));
    const chats = fillWithChats(join(home, '.rocketdoc', 'library.sqlite'));
    const main = new MainProcess(home, [], { lag });
    running.push(main);
    const { client } = await main.connect();
    const at = Date.now();
    const loaded = await Promise.all(chats.map((chatId) => client.chats.turns({ chatId })));
    expect(loaded.map(({ turns }) => turns.length)).toEqual(chats.map(() => 200));
    const grant = await main.invoke('grantFile', file('large.txt', longText(50_000_000)));
    await added(await client.library.addGranted({ grantId: grant.id }));
    for (const [name, bytes] of [
      ['long.pdf', await longPdf()],
      ['paste.txt', Buffer.from(longText(5_000_000))],
    ] as const)
      await added(await client.library.addUpload({ uploadId: await main.upload(name, bytes) }));
    expect({
      main: longestLag(lag.main, at) < boundMs,
      appHost: longestLag(lag.appHost, at) < boundMs,
    }).toEqual({ main: true, appHost: true });
  });
});
