/** Opening a library whose file is older, newer, damaged, on a full disk, or on one that cannot be written. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChatStore } from '../../../../electron/app-host/library/chat-store.ts';
import { closeLibrary, openDatabase } from '../../../../electron/app-host/library/database.ts';
import { DocumentSearch } from '../../../../electron/app-host/library/document-search.ts';
import { DocumentStore } from '../../../../electron/app-host/library/document-store.ts';
import { migrations } from '../../../../electron/app-host/library/migrations.ts';
import { type OpenedLibrary, openLibrary } from '../../../../electron/app-host/library/open-library.ts';
import { SettingsStore } from '../../../../electron/app-host/library/settings-store.ts';
import { defaultParseChoice } from '../../../../electron/contract/documents.ts';
import type { StartWait } from '../../../../electron/contract/shell.ts';
import {
  draft,
  fillWithPages,
  ids,
  leasePages,
  libraryFile,
  makeLibrary,
} from '../../../fixtures/libraries/make-libraries.ts';

let dir = '';
let file = '';
const opened: OpenedLibrary[] = [];
const open = async (steps?: readonly string[]) => {
  const library = await openLibrary(file, { steps });
  opened.push(library);
  return { ...library, documents: new DocumentStore(library.database), chats: new ChatStore(library.database) };
};
const sum = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
const beside = (part: string) => readdirSync(dir).filter((name) => name.includes(part) && /\.sqlite$/.test(name));

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rocketdoc-library-'));
  file = join(dir, 'library.sqlite');
});
afterEach(() => {
  for (const { database } of opened.splice(0)) database.close();
  rmSync(dir, { recursive: true, force: true });
});

function expectWhole({ documents, chats, database }: Awaited<ReturnType<typeof open>>): void {
  expect(documents.list().map(({ name, pages, chats: n }) => ({ name, pages, n }))).toEqual([
    { name: 'letter.pdf', pages: 1, n: 0 },
    { name: 'lease.pdf', pages: 3, n: 2 },
  ]);
  expect(documents.text(ids.lease, null).text).toBe(leasePages.join(''));
  expect(documents.get(ids.lease)).toMatchObject({
    notes: [{ kind: 'other', count: 1, sentence: 'odd' }],
    joined: 0,
    fileBytes: 1234,
  });
  expect(chats.list(ids.lease).map(({ title, turns }) => ({ title, turns }))).toEqual([
    { title: 'The rent', turns: 4 },
    { title: 'Chat 2', turns: 0 },
  ]);
  expect(chats.draft(ids.chat)).toBe(draft);
  const turns = chats.turns(ids.chat);
  expect(turns.map(({ id, parentId, state }) => ({ id, parentId, state }))).toEqual([
    { id: ids.turn(1), parentId: null, state: 'done' },
    { id: ids.turn(2), parentId: ids.turn(1), state: 'failed' },
    { id: ids.turn(3), parentId: ids.turn(1), state: 'stopped' },
    { id: ids.turn(4), parentId: ids.turn(3), state: 'answering' },
  ]);
  expect(turns[1]?.failure?.code).toBe('ENGINE_CRASH');
  expect(turns[2]).toMatchObject({ question: 'Question 3?', answer: 'Answer 3.', chosen: true, choice: {} });
  expect(new DocumentSearch(database).find('cafe')).toHaveLength(1);
  expect(new SettingsStore(database).get()).toMatchObject({ theme: 'dark', tokenBudget: 777 });
}

describe('an older library', () => {
  it.each([1, 2, 3])('of released schema %i comes along whole, and is kept as it was', async (schema) => {
    cpSync(libraryFile(schema), file);
    const library = await open();
    expect(library.notices).toEqual([]);
    expectWhole(library);
    expect(beside(`schema-${schema}`)).toEqual([`library.schema-${schema}.sqlite`]);
    const before = openDatabase(join(dir, `library.schema-${schema}.sqlite`), migrations.slice(0, schema));
    expect(before.prepare('SELECT count(*) AS n FROM turns').get()).toEqual({ n: 4 });
    before.close();
    expect(library.database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    expect(library.database.prepare('PRAGMA foreign_key_check').all()).toEqual([]);
  });

  it.each(migrations.map((_, i) => i + 1))('of schema %i, made by its steps, comes along whole', async (schema) => {
    makeLibrary(file, schema);
    expectWhole(await open());
  });

  it('has the steps that its release had', () => {
    const released = [
      'f2ed07700f6464c3ab0d42cf0cc0f3144c50875ce324627455fd04b2f4284027',
      'b222ccf5e17fe23f35199127c5d3609b32718cf570c017c2288449aa66869083',
      '3cb3fd51156d528c162dfd938c96ce10326395259ce466abd0a12d489662756d',
    ];
    const steps = released.map((_, i) =>
      createHash('sha256')
        .update(migrations[i] ?? '')
        .digest('hex'),
    );
    expect(steps).toEqual(released);
  });

  it('has notes where it had sentences: of their kinds where they tell them, and none is lost', async () => {
    cpSync(libraryFile(3), file);
    const said = [
      'encoding iso-8859-2 detected',
      '12 characters could not be read as utf-8 and are shown as \uFFFD',
      "2 chapters named in the book's reading order could not be found in the file",
      'the file is named .pdf but is a web page; it was read as such',
      'pages 2-4, 6 have no text (blank or scanned)',
      'Pages of this document were lost when the library was damaged. Remove it and add its file again.',
    ];
    const before = openDatabase(file, migrations.slice(0, 3));
    const put = before.prepare('UPDATE documents SET warnings = ? WHERE id = ?');
    put.run(JSON.stringify([...said, '', null, 7]), ids.lease);
    put.run('{"no": "list"}', ids.letter);
    closeLibrary(before);
    const { documents } = await open();
    const { notes, isOfOlderReader, reading } = documents.get(ids.lease);
    expect(notes.slice(0, 6).map(({ sentence }) => sentence)).toEqual(said);
    expect(notes.map(({ kind, count }) => [kind, count])).toEqual([
      ['encoding', 1],
      ['undecodable-characters', 12],
      ['missing-chapters', 2],
      ['other-format', 1],
      ['other', 1],
      ['lost-pages', 1],
    ]);
    expect({ isOfOlderReader, reading }).toEqual({ isOfOlderReader: true, reading: defaultParseChoice });
    expect(documents.get(ids.letter).notes).toMatchObject([{ kind: 'other', sentence: 'list' }]);
    expect(documents.findByFile('hash of lease.pdf')?.id).toBe(ids.lease);
  });

  it('keeps the sentence of a note that it does not know', async () => {
    cpSync(libraryFile(3), file);
    const first = await open();
    const notes = [{ kind: 'of-a-later-version', count: 3, sentence: 'Something is noted.' }, { kind: 'encoding' }, 5];
    first.database
      .prepare('UPDATE documents SET notes = ?, reading = ?')
      .run(JSON.stringify(notes), '{"recognise":"all"}');
    expect(first.documents.get(ids.lease)).toMatchObject({
      notes: [{ kind: 'other', count: 1, sentence: 'Something is noted.' }],
      reading: defaultParseChoice,
    });
  });

  it('is as it was where a step fails, with the copy beside it', async () => {
    cpSync(libraryFile(3), file);
    await expect(open([...migrations, 'CREATE TABLE half (a); SELECT nonsense'])).rejects.toThrow();
    expectWhole(await open());
  });

  it('keeps one copy: the last', () => {
    cpSync(libraryFile(1), file);
    closeLibrary(openDatabase(file, migrations.slice(0, 2)));
    closeLibrary(openDatabase(file, migrations.slice(0, 3)));
    expect(beside('schema-')).toEqual(['library.schema-2.sqlite']);
  });
});

it('refuses a library of a newer RocketDoc and leaves every byte of it', async () => {
  const later = [...migrations, 'CREATE TABLE later (a)'];
  makeLibrary(file, later.length, later);
  const before = sum(file);
  await expect(open()).rejects.toThrow(
    `The library was written by a newer RocketDoc (schema ${later.length}; this one knows ${migrations.length}). Nothing in it was changed. Update RocketDoc.`,
  );
  expect(sum(file)).toBe(before);
  expect(readdirSync(dir).filter((name) => !/^library\.sqlite(-shm|-wal)?$/.test(name))).toEqual([]);
});

describe('a damaged library', () => {
  const pageBytes = 4096;
  /** A library with many documents, whose file has many pages that can be damaged one by one. */
  const many = 40;
  const fill = async () => {
    const library = await open();
    for (let n = 0; n < many; n++) {
      const pages = Array.from({ length: 6 }, (_, i) => `Document ${n}, page ${i}. `.repeat(60));
      let at = 0;
      const spans = pages.map((text, i) => {
        const start = at;
        at += text.length;
        return { label: String(i + 1), start, end: at };
      });
      const parsed = { title: 'x', format: 'txt' as const, notes: [], text: pages.join(''), pages: spans };
      const { id } = library.documents.add({
        parsed,
        fileName: `d${n}.txt`,
        fileBytes: 1,
        sha256: `${n}`,
        tokens: undefined,
      });
      const chat = library.chats.create(id);
      library.chats.beginTurn(chat.id, { question: `About ${n}?`, parentId: null, choice: {} });
    }
    opened.pop();
    closeLibrary(library.database);
    return readFileSync(file);
  };

  it('is set aside, and what can be read of it is saved, whichever page is lost', async () => {
    const whole = await fill();
    const pages = whole.length / pageBytes;
    let random = 20_261_126;
    const draw = (below: number) => {
      random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((random / 2 ** 31) * below);
    };
    const kept: number[] = [];
    for (let run = 0; run < 40; run++) {
      const broken = Buffer.from(whole);
      // The first page is left alone: without it nothing can be found in the file.
      const page = 1 + draw(pages - 1);
      const how = run % 3;
      if (how === 0) broken.fill(0, page * pageBytes, (page + 1) * pageBytes);
      else if (how === 1) for (let i = 0; i < 64; i++) broken[page * pageBytes + draw(pageBytes)] = draw(256);
      else broken.fill(0xff, page * pageBytes, page * pageBytes + 16);
      rmSync(dir, { recursive: true, force: true });
      mkdirSync(dir);
      writeFileSync(file, broken);
      const started = performance.now();
      const library = await open();
      expect(performance.now() - started).toBeLessThan(10_000);
      const list = library.documents.list();
      kept.push(list.length);
      // Everything that is listed can be read, and missing pages are noted.
      for (const { id } of list) {
        for (const chat of library.chats.list(id)) library.chats.turns(chat.id);
        const { characters, notes } = library.documents.get(id);
        const text = library.documents.pages(id).length > 0 ? library.documents.text(id, null).text : '';
        // SQLite cannot notice bytes that changed within a text, even if the text gets shorter; so only repaired libraries are checked.
        if (text.length !== characters && library.notices.length > 0)
          expect(notes.map(({ kind }) => kind)).toContain('lost-pages');
      }
      if (library.notices.length > 0) {
        const [aside] = beside('damaged');
        expect(sum(join(dir, aside ?? ''))).toBe(createHash('sha256').update(broken).digest('hex'));
        expect(library.notices[0]).toMatch(
          /^The library was damaged\. .* The damaged file is kept as library\.damaged-/,
        );
      } else expect(list).toHaveLength(many); // the damage hit an unused page or bytes of a text, which SQLite cannot notice
      expect(library.database.prepare('PRAGMA foreign_key_check').all()).toEqual([]);
      closeLibrary(opened.pop()?.database as OpenedLibrary['database']);
    }
    // One damaged page costs a few documents at the most, unless it is the root of their table.
    expect(kept.filter((n) => n >= many / 2).length).toBeGreaterThan(kept.length * 0.8);
    expect(kept.filter((n) => n === many).length).toBeGreaterThan(kept.length * 0.5);
  }, 120_000);

  it('is saved with the share of its rows that were looked at, where their number is known', async () => {
    const broken = await fill();
    const at = broken.indexOf('Document 20, page 3. ');
    broken.fill(0, at - (at % pageBytes), at - (at % pageBytes) + pageBytes);
    writeFileSync(file, broken);
    const percents: number[] = [];
    const onWait = ({ percent }: StartWait) => void (percent !== null && percents.push(percent));
    opened.push(await openLibrary(file, { onWait, noticeAfterMs: 0 }));
    expect(opened.at(-1)?.notices[0]).toContain('The library was damaged.');
    expect(percents.length).toBeGreaterThan(50);
    expect(percents).toEqual([...new Set(percents)].sort((a, b) => a - b));
    expect(percents.at(-1)).toBe(100);
  });

  it.each([
    ['cut to half', (whole: Buffer) => truncateSync(file, Math.floor(whole.length / 2 / pageBytes) * pageBytes)],
    ['cut in the middle of a page', (whole: Buffer) => truncateSync(file, whole.length - 5000)],
    [
      'without its first page',
      (whole: Buffer) => writeFileSync(file, Buffer.concat([Buffer.alloc(pageBytes), whole.subarray(pageBytes)])),
    ],
    ['of other bytes altogether', () => writeFileSync(file, 'This is no library.\n'.repeat(1000))],
  ])('%s does not keep RocketDoc from starting, and is kept', async (_, damage) => {
    damage(await fill());
    const before = sum(file);
    const library = await open();
    expect(library.notices).toHaveLength(1);
    expect(sum(join(dir, beside('damaged')[0] ?? ''))).toBe(before);
    library.chats.list(ids.lease);
    expect(await openAgain()).toEqual([]);
  });

  const openAgain = async () => {
    closeLibrary(opened.pop()?.database as OpenedLibrary['database']);
    return (await open()).notices;
  };

  it.each([1, 2])('of schema %i is saved and brought up to date', async (schema) => {
    makeLibrary(file, schema);
    const bytes = readFileSync(file);
    const at = bytes.indexOf('Question 3?');
    expect(at).toBeGreaterThan(0);
    const page = Math.floor(at / pageBytes);
    bytes.fill(0xff, page * pageBytes, page * pageBytes + 8);
    writeFileSync(file, bytes);
    const library = await open();
    expect(library.notices[0]).toContain(
      '2 documents, 2 chats and 0 answers could be read and are here. The rest could not be read.',
    );
    expect(library.documents.text(ids.lease, null).text).toBe(leasePages.join(''));
    expect(library.chats.draft(ids.chat)).toBe(draft);
  });

  it('that is empty beside the files of documents has lost what it had, and says so', async () => {
    writeFileSync(file, '');
    expect((await open()).notices).toEqual([]); // an empty file is a first start that was cut off
    closeLibrary(opened.pop()?.database as OpenedLibrary['database']);
    rmSync(dir, { recursive: true });
    mkdirSync(join(dir, 'files', 'x'), { recursive: true });
    writeFileSync(file, '');
    expect((await open()).notices[0]).toContain('The library was damaged.');
  });
});

/** CPU time of this thread, where the system has it: on a busy machine wall time would count other programs too. */
const usedMs = () =>
  process.platform === 'linux'
    ? Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
    : performance.now();

it('is looked through while the event loop goes on, however large it is', async () => {
  const before = await open();
  fillWithPages(before.database, 100_000);
  closeLibrary((opened.pop() as OpenedLibrary).database);
  let [last, longest] = [usedMs(), 0];
  const look = () => {
    const now = usedMs();
    [last, longest] = [now, Math.max(longest, now - last)];
  };
  const timer = setInterval(look, 5);
  const used = process.hrtime.bigint();
  const { notices } = await open();
  const took = Number(process.hrtime.bigint() - used) / 1e6;
  look();
  clearInterval(timer);
  expect(notices).toEqual([]);
  expect(took).toBeGreaterThan(100); // a shorter start could not exceed the bound below
  expect(longest).toBeLessThan(100);
}, 120_000);

it('says what is waited for, where that takes longer than a moment', async () => {
  const said: string[] = [];
  const waited = async (noticeAfterMs: number) => {
    said.length = 0;
    opened.push(await openLibrary(file, { onWait: ({ sentence }) => said.push(sentence), noticeAfterMs }));
    closeLibrary((opened.pop() as OpenedLibrary).database);
    return said.map((sentence) => sentence.replace(/, [\d.]+ \wB,/, ', N MB,'));
  };
  const checked = 'The library, N MB, is checked for damage before it is opened. That takes a while.';
  makeLibrary(file, migrations.length - 1);
  expect(await waited(0)).toEqual([
    'The library, N MB, is brought up to date for this version of RocketDoc. That takes a while.',
    checked,
  ]);
  expect(await waited(0)).toEqual([checked]);
  expect(await waited(600_000)).toEqual([]);
  writeFileSync(file, Buffer.alloc(5000, 'not a library'));
  expect((await waited(0)).at(-1)).toBe(
    'The library, N MB, is damaged, and what can be read of it is saved. That takes a while.',
  );
}, 60_000);

/** Runs open-on-disk.ts on a small file system in a namespace of its own: nothing is left of it, and root rights are not needed. */
function onDisk(sizeKiB: number, shell: string) {
  const code = fileURLToPath(new URL('open-on-disk.ts', import.meta.url));
  const script = `set -e; mount -t tmpfs -o size=${sizeKiB}k tmpfs "$1"; ${shell.replaceAll('OPEN', '"$2" --import tsx "$3" "$1"')}`;
  return spawnSync('unshare', ['-rm', 'sh', '-c', script, 'sh', dir, process.execPath, code], { encoding: 'utf8' });
}
const canMount =
  process.platform === 'linux' && spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

describe.skipIf(!canMount)('a disk', () => {
  const source = () => {
    const at = join(tmpdir(), `rocketdoc-source-${process.pid}.sqlite`);
    makeLibrary(at, migrations.length);
    return at;
  };
  interface WaitOutcome {
    notices: string[];
    documents: string[];
    text: string;
    write: string;
    claim: string;
  }

  it.each([
    [
      'full',
      'cp "SOURCE" "$1/library.sqlite"; dd if=/dev/zero of="$1/rest" bs=1k 2>/dev/null || true; OPEN',
      'The disk is full',
    ],
    ['read-only', 'cp "SOURCE" "$1/library.sqlite"; mount -o remount,ro "$1"; OPEN', 'folder cannot be written'],
    [
      'read-only after a crash, with a log',
      'cp "SOURCE" "$1/library.sqlite"; OPEN crash || true; mount -o remount,ro "$1"; OPEN',
      'folder cannot be written',
    ],
  ])('that is %s: the library is read, and a change says why it is not kept', (_, shell, why) => {
    const from = source();
    const { stdout, status } = onDisk(2048, shell.replace('SOURCE', from));
    rmSync(from);
    expect(status).toBe(0);
    const said = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as WaitOutcome;
    expect(said.documents).toEqual(['letter.pdf', 'lease.pdf']);
    expect(said.text).toBe(leasePages.join(''));
    expect(said.write).toContain(why);
    expect(said.claim).toBe('');
  });

  it('that is full and has no library yet says what is needed', () => {
    const { stdout } = onDisk(64, 'dd if=/dev/zero of="$1/rest" bs=1k 2>/dev/null || true; OPEN');
    expect(stdout).toContain('RocketDoc cannot write to');
    expect(stdout).toContain('Free some space there');
  });
});
