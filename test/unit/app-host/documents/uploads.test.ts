import { existsSync, mkdtempSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeName } from '../../../../electron/app-host/documents/safe-name.ts';
import { Uploads } from '../../../../electron/app-host/documents/uploads.ts';
import { maxUploadBytes } from '../../../../electron/contract/app.ts';

describe('safeName', () => {
  it.each([
    ['../../etc/passwd', 'passwd'],
    ['..\\..\\boot.ini', 'boot.ini'],
    ['..', 'document'],
    ['.bashrc', 'bashrc'],
    ['a\0b.pdf', 'a_b.pdf'],
    ['CON:stream.txt', 'CON_stream.txt'],
    ['report.pdf', 'report.pdf'],
    ['Überblick 2024.pdf', 'Überblick 2024.pdf'],
    [`${'文'.repeat(90)}.pdf`, `${'文'.repeat(83)}.pdf`],
  ])('%s becomes %s', (name, safe) => expect(safeName(name)).toBe(safe));

  it('is always one component that stays in its folder', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
        const safe = safeName(name);
        expect(safe.length).toBeGreaterThan(0);
        expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(255);
        expect(dirname(join('/data', safe))).toBe('/data');
        expect(safe).not.toMatch(/[/\\\p{Cc}]/u);
      }),
    );
  });
});

describe('Uploads', () => {
  it('keeps bytes, name and hash, and forgets what is discarded', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-uploads-'));
    const uploads = new Uploads(dir);
    const id = await uploads.receive('../a.txt', Readable.from([Buffer.from('hello')]));
    const file = uploads.get(id);
    expect(file).toMatchObject({ name: 'a.txt', bytes: 5 });
    expect(file.sha256).toMatch(/^2cf24dba5fb0a30e/);
    await uploads.discard(file);
    expect(existsSync(file.path)).toBe(false);
    expect(() => uploads.get(id)).toThrow('not here any more');
  });

  it('looks at the size of a file of this machine before it copies anything', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-uploads-'));
    const film = join(dir, 'film.mkv');
    writeFileSync(film, '');
    truncateSync(film, 20 * 1024 ** 3); // a sparse file takes no space
    await expect(new Uploads(dir).copy(film)).rejects.toMatchObject({ code: 'DOC_TOO_LARGE' });
    expect(existsSync(join(dir, 'incoming'))).toBe(false);
  });

  it('copies a file under a name of many long characters', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-uploads-'));
    const uploads = new Uploads(dir);
    const id = await uploads.receive(`${'文'.repeat(90)}.txt`, Readable.from([Buffer.from('hello')]));
    expect(existsSync(uploads.get(id).path)).toBe(true);
  });

  it('ends an upload that grows past the limit, and leaves nothing', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-uploads-'));
    const uploads = new Uploads(dir);
    const chunk = Buffer.alloc(8 * 1024 * 1024);
    const endless = Readable.from(
      (function* () {
        for (let sent = 0; sent <= maxUploadBytes; sent += chunk.length) yield chunk;
      })(),
    );
    await expect(uploads.receive('big.txt', endless)).rejects.toMatchObject({ code: 'DOC_TOO_LARGE' });
    expect(readdirSync(join(dir, 'incoming'))).toEqual([]);
  });
});
