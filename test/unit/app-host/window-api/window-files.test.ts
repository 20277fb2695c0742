import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { staticFile } from '../../../../electron/app-host/window-api/window-files.ts';

const outer = mkdtempSync(join(tmpdir(), 'rocketdoc-static-'));
const root = join(outer, 'web');
mkdirSync(join(root, 'assets'), { recursive: true });
mkdirSync(join(outer, 'web-secret'));
writeFileSync(join(outer, 'secret.js'), 'secret');
writeFileSync(join(outer, 'web-secret', 'secret.js'), 'secret');
writeFileSync(join(root, 'index.html'), 'window');
writeFileSync(join(root, 'assets', 'a.js'), 'a');
writeFileSync(join(root, 'assets', 'index-DtnVFrxS.js'), 'hashed');
writeFileSync(join(root, '.hidden.js'), 'hidden');
symlinkSync(join(outer, 'secret.js'), join(root, 'assets', 'link.js'));
symlinkSync(outer, join(root, 'assets', 'up'));

it('serves what is there, with its type', async () => {
  expect((await staticFile(root, '/'))?.headers).toEqual({ 'Content-Type': 'text/html; charset=utf-8' });
  expect((await staticFile(root, '/assets/a.js'))?.body.toString()).toBe('a');
});

it('lets a browser keep what is named by its content, and nothing else', async () => {
  expect((await staticFile(root, '/assets/index-DtnVFrxS.js'))?.headers['Cache-Control']).toContain('immutable');
  expect((await staticFile(root, '/assets/a.js'))?.headers['Cache-Control']).toBeUndefined();
});

it.each([
  '/../secret.js',
  '/assets/../../secret.js',
  '/%2e%2e/secret.js',
  '/..%2fsecret.js',
  '/%252e%252e/secret.js',
  '/..\\secret.js',
  '/..%5csecret.js',
  '/assets/link.js',
  '/assets/up/secret.js',
  '/../web-secret/secret.js',
  '/.hidden.js',
  '/assets/a.js%00.html',
  '/c:/secret.js',
  '//secret.js',
  '/assets',
  '/assets/',
  '/nothing.js',
  '/%E0%A4%A',
  '/index.html.ts',
])('does not serve %s', async (path) => {
  expect(await staticFile(root, path)).toBeUndefined();
});
