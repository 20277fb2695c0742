/** Licence notices of a build: of the packages found by walking it, and of compiled libraries, whose texts are kept in the project. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { licenceNotices } from '../../../electron/setup/licence-notices.mjs';
import { modulesDir, root } from '../../../electron/setup/paths.mjs';

interface Notice {
  name: string;
  version: string;
  licence: string;
  text: string;
}

/** Runs the plugins as Vite does: for a worker's bundle first, then for the whole. */
function noticesOf(bundle: object, part: object = {}, unbundled = {}): Notice[] {
  const plugins = licenceNotices(unbundled);
  const collect = plugins.collect();
  collect.configResolved({ root });
  collect.generateBundle({}, part);
  const emit = plugins.emit();
  emit.configResolved({ root });
  let source = '';
  const context = {
    emitFile(file: { fileName: string; source: string }) {
      expect(file.fileName).toBe('licences.json');
      source = file.source;
    },
  };
  emit.generateBundle.call(context, {}, bundle);
  return JSON.parse(source) as Notice[];
}

it('names each package that a chunk, a worker, a style sheet or an asset came from, once', () => {
  const at = (path: string) => join(modulesDir, path);
  const notices = noticesOf(
    {
      'a.js': {
        type: 'chunk',
        moduleIds: [
          at('react/index.js'),
          at('react/cjs/x.js'),
          `\0${at('clsx/dist/clsx.mjs')}?x`,
          join(root, 'renderer/app.tsx'),
        ],
      },
      'a.css': { type: 'chunk', moduleIds: [join(root, 'renderer/styles/index.css')] },
      'a.woff2': { type: 'asset', originalFileNames: ['node_modules/@fontsource-variable/inter/files/a.woff2'] },
    },
    { 'w.js': { type: 'chunk', moduleIds: [at('@embedpdf/engines/dist/worker.js')] } },
  );
  const names = notices.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(['@embedpdf/engines', '@fontsource-variable/inter', 'clsx', 'react', 'tailwindcss']),
  );
  expect(new Set(names).size).toBe(names.length);
  expect(names).not.toContain('vite');
  expect(notices.find(({ name }) => name === 'react')).toMatchObject({
    licence: 'MIT',
    text: expect.stringContaining('Permission is hereby granted'),
  });
  expect(notices.find(({ name }) => name === '@fontsource-variable/inter')?.text).toContain('SIL OPEN FONT LICENSE');
});

it('names what travels beside the bundle, and nothing that is not installed', () => {
  const file = {
    name: 'ggml and llama.cpp',
    version: 'v0.4.0',
    licence: 'MIT',
    files: ['assets/licences/llama.cpp.txt'],
  };
  const notices = noticesOf({}, {}, { packages: ['zod', 'not-installed-at-all'], files: [file] });
  expect(notices.map(({ name }) => name)).toEqual(['ggml and llama.cpp', 'zod']);
  expect(notices[0]?.text).toContain('The ggml authors');
});

it('has the licences of llama.cpp as the pinned release has them', () => {
  const bundle = join(modulesDir, 'node-llama-cpp', 'llama', 'gitRelease.bundle');
  const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-licences-'));
  try {
    execFileSync('git', ['clone', '--quiet', '--bare', bundle, dir]);
    const text = readFileSync(join(root, 'assets', 'licences', 'llama.cpp.txt'), 'utf8');
    const parts = [
      'LICENSE',
      'licenses/LICENSE-jsonhpp',
      'vendor/cpp-httplib/LICENSE',
      'vendor/hash/rotate-bits/LICENSE.md',
    ];
    for (const part of parts)
      expect(text).toContain(execFileSync('git', ['-C', dir, 'show', `HEAD:${part}`], { encoding: 'utf8' }).trim());
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  const { tag } = JSON.parse(
    readFileSync(join(modulesDir, 'node-llama-cpp', 'llama', 'llama.cpp.info.json'), 'utf8'),
  ) as { tag: string };
  expect(readFileSync(join(root, 'renderer', 'vite.config.ts'), 'utf8')).toContain(`version: '${tag}'`);
});
