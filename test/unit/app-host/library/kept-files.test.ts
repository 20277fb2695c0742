import { existsSync, mkdirSync, mkdtempSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { KeptFiles } from '../../../../electron/app-host/library/kept-files.ts';

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const key = 'a'.repeat(16);
const GB = 2 ** 30;

let dir: string;
let free: number;
const open = (isInLibrary: (documentId: string) => boolean = () => true) =>
  new KeptFiles(dir, isInLibrary, async () => free);

beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'rocketdoc-kept-')), 'kv');
  free = 1000 * GB;
});

/** Writes a file as the engine would, last used at `at` seconds. */
async function keep(files: KeptFiles, n: number, bytes: number, at: number, most?: number, with_ = key) {
  await files.makeRoom(id(n), bytes, most);
  writeFileSync(files.pathOf(id(n), with_), Buffer.alloc(bytes), { mode: 0o600 });
  utimesSync(files.pathOf(id(n), with_), at, at);
  files.add(id(n), with_);
}

describe('files of documents that are kept', () => {
  it('lie in a folder for their owner alone, and are there again at the next start', async () => {
    const files = open();
    expect(files.list).toEqual([]);
    await keep(files, 1, 100, 10);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(open().list).toEqual([{ documentId: id(1), key, bytes: 100, usedAt: 10_000 }]);
  });

  it('are removed at the start where their document is gone or they were not finished; others are left alone', async () => {
    mkdirSync(dir);
    for (const name of [`${id(1)}.${key}.kv`, `${id(2)}.${key}.kv`, `${id(2)}.${key}.kv.part`, 'notes.txt'])
      writeFileSync(join(dir, name), 'x');
    expect(open((documentId) => documentId === id(2)).list).toMatchObject([{ documentId: id(2) }]);
    expect(readdirSync(dir).sort()).toEqual([`${id(2)}.${key}.kv`, 'notes.txt']);
  });

  it('make room in the order in which they were last used', async () => {
    const files = open();
    await keep(files, 1, 100, 10, 350);
    await keep(files, 2, 100, 20, 350);
    await keep(files, 3, 100, 30, 350);
    files.used(id(1), key);
    await keep(files, 4, 100, 40, 350);
    expect(files.list.map(({ documentId }) => documentId).sort()).toEqual([id(1), id(3), id(4)]);
    expect(existsSync(files.pathOf(id(2), key))).toBe(false);
    // The time of use is kept, and with it the order after a restart.
    expect(open().list.find(({ documentId }) => documentId === id(1))?.usedAt).toBeGreaterThan(1e12);
  });

  it('are one for each document: another model’s takes the place', async () => {
    const files = open();
    await keep(files, 1, 100, 10);
    await keep(files, 1, 50, 20, undefined, 'b'.repeat(16));
    expect(files.list).toMatchObject([{ key: 'b'.repeat(16), bytes: 50 }]);
    expect(readdirSync(dir)).toEqual([`${id(1)}.${'b'.repeat(16)}.kv`]);
  });

  it('lie beside a document’s others where that is wanted, and go one by one or all', async () => {
    const files = open();
    const [b, c] = ['b'.repeat(16), 'c'.repeat(16)];
    await keep(files, 1, 100, 10);
    await files.makeRoom(id(1), 50, undefined, [key]);
    writeFileSync(files.pathOf(id(1), b), Buffer.alloc(50));
    utimesSync(files.pathOf(id(1), b), 20, 20);
    files.add(id(1), b);
    expect(files.list.map(({ key: own }) => own)).toEqual([key, b]);
    expect(
      open()
        .list.map(({ key: own }) => own)
        .sort(),
    ).toEqual([key, b]);
    files.used(id(1), key);
    expect(files.find(id(1), key)?.usedAt).toBeGreaterThan(files.find(id(1), b)?.usedAt ?? Number.NaN);
    expect([files.find(id(1), c), files.drop(id(1), c)]).toEqual([undefined, 0]);
    // To make room the one goes that was used less recently; then what is not named beside the new one.
    utimesSync(files.pathOf(id(1), b), 5, 5);
    const again = open();
    await again.makeRoom(id(2), 100, 200);
    expect(again.list.map(({ key: own }) => own)).toEqual([key]);
    await again.makeRoom(id(1), 10, undefined, [b]);
    expect([again.list, readdirSync(dir)]).toEqual([[], []]);
  });

  it('are refused with both numbers where even letting go of all would not make room, and nothing is let go of', async () => {
    const files = open();
    await keep(files, 1, 100, 10);
    const tooMuch = { code: 'DISK_FULL', message: expect.stringMatching(/takes 3\.0 GB on disk; 2\.0 GB may be kept/) };
    await expect(files.makeRoom(id(2), 3 * GB, 2 * GB)).rejects.toMatchObject(tooMuch);
    free = 1 * GB;
    const noRoom = { code: 'DISK_FULL', message: expect.stringMatching(/needs 1\.1 GB .* 1\.0 GB are free/) };
    await expect(files.makeRoom(id(2), GB, 100 * GB)).rejects.toMatchObject(noRoom);
    expect(files.list).toHaveLength(1);
  });

  it('take a tenth of what is free and kept, at most 20 GB, where no limit is set', async () => {
    const files = open();
    expect(await files.most(undefined)).toBe(20 * GB);
    free = 50 * GB;
    expect(await files.most(undefined)).toBe(5 * GB);
    expect(await files.most(7)).toBe(7);
  });

  it('are cleared, with how much that freed', async () => {
    const files = open();
    await keep(files, 1, 100, 10);
    await keep(files, 2, 50, 10);
    expect(files.clear()).toBe(150);
    expect([files.list, readdirSync(dir)]).toEqual([[], []]);
    expect(files.drop(id(1))).toBe(0);
  });
});
