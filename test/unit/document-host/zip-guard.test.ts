import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { crc32, GuardedZip } from '../../../electron/document-host/zip-guard.ts';
import { type ZipInput, zipBytes } from '../../fixtures/documents/zip-inputs.ts';
import { failure } from './parsing.ts';

const open = async (inputs: readonly ZipInput[]): Promise<GuardedZip> => new GuardedZip(zipBytes(inputs), 'x.docx');

describe('GuardedZip', () => {
  it('reads stored and packed entries', async () => {
    const zip = await open([
      { name: 'a.txt', content: 'stored', stored: true },
      { name: 'folder/é.txt', content: 'packed '.repeat(100) },
    ]);
    expect(zip.names).toEqual(['a.txt', 'folder/é.txt']);
    expect(Buffer.from(zip.read('a.txt')).toString()).toBe('stored');
    expect(zip.read('folder/é.txt').length).toBe(700);
    expect(() => zip.read('b.txt')).toThrow('no part named');
  });

  it('reads what other zip writers make', () => {
    const zip = new GuardedZip(zipSync({ 'a.txt': Buffer.from('abc'), b: { 'c.txt': new Uint8Array(10) } }), 'x.zip');
    expect(Buffer.from(zip.read('a.txt')).toString()).toBe('abc');
    expect(zip.read('b/c.txt').length).toBe(10);
  });

  it('finds entries whose names a program on Windows wrote with backslashes', async () => {
    const zip = await open([{ name: 'xl\\worksheets\\sheet1.xml', content: 'x' }]);
    expect(zip.names).toEqual(['xl/worksheets/sheet1.xml']);
    expect(zip.has('xl/worksheets/sheet1.xml')).toBe(true);
    expect(zip.read('xl/worksheets/sheet1.xml')).toHaveLength(1);
  });

  it.each(['../../x', 'a/../../x', '..\\x', '/etc/passwd', '\\x', 'C:\\x', 'C:/x', ''])(
    'refuses the name %j',
    async (name) => {
      await failure(open([{ name, content: 'x' }]), 'DOC_FORMAT');
    },
  );

  it('refuses symbolic links', async () => {
    await failure(open([{ name: 'link', content: '/etc/passwd', unixMode: 0o120777 }]), 'DOC_FORMAT');
  });

  it('refuses bombs before unpacking a byte', async () => {
    const million = new Uint8Array(2_000_000);
    expect((await failure(open([{ name: 'zeros', content: million }]), 'DOC_BOMB')).message).toMatch(
      /1\.9 MB, \d+ times/,
    );
    const many = Array.from({ length: 10_001 }, (_, i) => ({ name: `${i}`, content: '' }));
    await failure(open(many), 'DOC_BOMB');
    const claims = Array.from({ length: 6 }, (_, i) => ({
      name: `${i}`,
      content: 'x',
      stored: true,
      declaredBytes: 90_000_000,
    }));
    await failure(open(claims), 'DOC_BOMB');
    const overlapping = ['a', 'b'].map((name, i) => ({ name, content: 'the same bytes', overlapsFirst: i > 0 }));
    expect((await failure(open(overlapping), 'DOC_BOMB')).message).toContain('overlaps');
  });

  it('never unpacks more than declared', async () => {
    const zip = await open([{ name: 'lie', content: new Uint8Array(5_000_000), declaredBytes: 1000 }]);
    await failure(
      Promise.resolve().then(() => zip.read('lie')),
      'DOC_BOMB',
    );
  });

  it('notices damage', async () => {
    const wrongCrc = await open([{ name: 'a', content: 'abc', declaredCrc: 1 }]);
    expect(() => wrongCrc.read('a')).toThrow('damaged');
    const encrypted = await open([{ name: 'a', content: 'abc', flags: 1 }]);
    expect(() => encrypted.read('a')).toThrow('encrypted');
    const whole = zipBytes([{ name: 'a', content: 'abc' }]);
    for (let cut = 0; cut < whole.length; cut++) {
      expect(() => new GuardedZip(whole.subarray(0, cut), 'x.docx')).toThrow();
    }
  });

  it('computes the CRC of the zip format', () => {
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
  });
});
