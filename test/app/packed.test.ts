/// <reference types="node" />
/**
 * Packs RocketDoc with a stand-in for Electron's binary, as a machine without GitHub can, and looks at what came out: what is in
 * the archive, what lies beside it, the fuses. Then the packed hosts open the model and read documents, with the packed files alone.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPackage, extractAll, listPackage } from '@electron/asar';
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Licence } from '../../electron/contract/app-types.ts';
import { parseDocument } from '../../electron/document-host/document-client.ts';
import { documentHostOptions } from '../../electron/document-host/start-document-host.ts';
import { startEngine } from '../../electron/engine-host/engine-client.ts';
import { forkHost } from '../../electron/hosts/fork-host.ts';
import { isNativeFile } from '../../native/list-native-files.mjs';
import { pictureOfPage, scanPdf, twoColumnPage } from '../fixtures/documents/scans.ts';
import { temporaryFiles } from '../fixtures/documents/temporary-files.ts';
import { docxParts, epubParts, paragraphXml, zipBytes } from '../fixtures/documents/zip-inputs.ts';
import { chromiumPath, openWindow, root } from './browser.ts';
import { linkTo, useBrowser } from './opened-window.ts';
import { walks } from './walks/all.ts';
import { screens } from './walks/screens.ts';

const dir = mkdtempSync(join(tmpdir(), 'rocketdoc-pack-'));
const resources = join(dir, 'dist', 'linux-unpacked', 'resources');
const archive = join(resources, 'app.asar');
const unpacked = join(resources, 'app.asar.unpacked');
/** The archive's files and the unpacked ones in one tree, as Electron sees them. It lies outside of the project, so that nothing of
 *  the project's node_modules is found by accident. */
const whole = join(dir, 'whole');
let inArchive: string[] = [];

/** What electron-builder needs of an Electron: files of these names, an archive, and the bytes in which fuses are set (the fuse wire). */
async function standIn(): Promise<string> {
  const dist = join(dir, 'electron');
  mkdirSync(join(dist, 'locales'), { recursive: true });
  mkdirSync(join(dist, 'resources'));
  const wire = Buffer.concat([
    Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'),
    Buffer.from([1, 12]),
    Buffer.from('1'.repeat(12)),
  ]);
  writeFileSync(join(dist, 'electron'), Buffer.concat([Buffer.from('#!/bin/sh\nexit 0\n'), wire]), { mode: 0o755 });
  writeFileSync(join(dist, 'version'), '45.4.1');
  for (const name of ['LICENSE', 'LICENSES.chromium.html', join('locales', 'en-US.pak')])
    writeFileSync(join(dist, name), 'stand-in');
  const empty = join(dir, 'empty');
  mkdirSync(empty);
  writeFileSync(join(empty, 'main.js'), '');
  await createPackage(empty, join(dist, 'resources', 'default_app.asar'));
  return dist;
}

const nativeList = join('out', 'main', 'native-files.json');

/** Runs `work` while one byte in the middle of the file is changed. */
async function flipped(file: string, work: () => Promise<void>): Promise<void> {
  const bytes = readFileSync(file);
  const at = bytes.length >> 1;
  const flip = () => {
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  };
  flip();
  await work().finally(flip);
}

/** Puts the stand-in for Electron beside the packed files. */
function putElectron(): string {
  const electron = join(whole, 'node_modules', 'electron');
  mkdirSync(electron, { recursive: true });
  for (const name of ['index.mjs', 'ports.mjs', 'utility.mjs'])
    cpSync(join(root, 'test', 'fixtures', 'electron', name), join(electron, name));
  writeFileSync(join(electron, 'package.json'), '{"main":"index.mjs"}');
  return electron;
}

const packedMain = join(whole, 'out', 'main', 'main.js');

const startDocumentHost = (limits: { maxHeapBytes: number }) =>
  forkHost(join(whole, 'out', 'main', 'document-host.js'), documentHostOptions(limits));

/** Runs the packed main process under node, with a stand-in for Electron that prints what it is asked to show. Main quits by itself. */
function runMain(home: string): string {
  const electron = putElectron();
  const { stdout, stderr } = spawnSync(process.execPath, [packedMain], {
    env: { ...process.env, HOME: home, ROCKETDOC_WHOLE: whole, ROCKETDOC_PACKAGED: '1' },
    encoding: 'utf8',
    timeout: 60_000,
  });
  rmSync(electron, { recursive: true });
  return stdout + stderr;
}

beforeAll(async () => {
  if (process.platform !== 'linux') return;
  const builder = join(root, 'node_modules', 'electron-builder', 'cli.js');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      builder,
      ...['--linux', '--dir', '--publish', 'never', '--config', 'electron/electron-builder.yml'],
      `-c.electronDist=${await standIn()}`,
      `-c.directories.output=${join(dir, 'dist')}`,
    ],
    { cwd: root, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`electron-builder failed:\n${stdout}\n${stderr}`);
  inArchive = listPackage(archive, { isPack: false }).map((name) => name.replaceAll('\\', '/'));
  extractAll(archive, whole);
}, 300_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe.skipIf(process.platform !== 'linux')('the package', () => {
  it('holds the built app, its assets and what they run on', () => {
    const needed = [
      '/package.json',
      '/LICENSE',
      '/out/main/main.js',
      '/out/main/app-host.js',
      '/out/main/engine-host.js',
      '/out/main/document-host.js',
      '/out/main/packaged-mcp.js',
      '/out/preload/preload.cjs',
      '/out/renderer/index.html',
      '/assets/icons/icon.png',
      '/assets/prompts/prompts.json',
      '/assets/samples/report.pdf',
      '/out/main/licences.json',
      '/out/renderer/licences.json',
      '/node_modules/@photostructure/sqlite/package.json',
      '/node_modules/node-llama-cpp/package.json',
    ];
    expect(needed.filter((name) => !inArchive.includes(name))).toEqual([]);
    const { main } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { main: string };
    expect(inArchive).toContain(`/${main}`);
  });

  it('holds nothing of the development', () => {
    const tops = new Set(inArchive.map((name) => name.split('/')[1]));
    expect([...tops].sort()).toEqual(['LICENSE', 'assets', 'native', 'node_modules', 'out', 'package.json']);
    const ours = inArchive.filter((name) => !name.startsWith('/node_modules/'));
    expect(ours.filter((name) => /\.(tsx?|map|cpp|cu|h|log)$|\.ready$|CMake/.test(name))).toEqual([]);
    const native = ours.filter((name) => name.startsWith('/native/') && /\.\w+$/.test(name));
    expect(native).toContain('/native/build/Release/rocketdoc.node');
    for (const host of ['lab-host', 'bench', 'check-vectors']) expect(inArchive).not.toContain(`/out/main/${host}.js`);
    const product = ['/native/build/Release/rocketdoc.node', '/native/build/Release/librocketdoc_kernels.so'];
    expect(native.filter((name) => !product.includes(name))).toEqual([]);
    const packages = inArchive.flatMap(
      (name) => /^\/node_modules\/((@[^/]+\/)?[^/]+)\/package\.json$/.exec(name)?.[1] ?? [],
    );
    expect(packages.filter((name) => !name.startsWith('@node-llama-cpp/')).sort()).toEqual([
      '@embedpdf/pdfium',
      '@photostructure/sqlite',
      '@tesseract.js-data/eng',
      'bmp-js',
      'is-url',
      'node-gyp-build',
      'node-llama-cpp',
      'regenerator-runtime',
      'tesseract.js',
      'tesseract.js-core',
      'wasm-feature-detect',
    ]);
    expect(inArchive.filter((name) => name.endsWith('.bundle'))).toEqual([]);
  });

  it('keeps beside the archive what native code opens', () => {
    const ggml = join('node_modules', '@node-llama-cpp', 'linux-x64', 'bins', 'linux-x64');
    const paths = [
      join('native', 'build', 'Release', 'rocketdoc.node'),
      join(ggml, 'libggml-base.so'),
      join('node_modules', '@embedpdf', 'pdfium', 'dist', 'pdfium.wasm'),
      join('assets', 'prompts', 'prompts.json'),
    ];
    const { models } = JSON.parse(readFileSync(join(root, 'assets', 'models', 'models.json'), 'utf8')) as {
      models: { files: { file: string }[] }[];
    };
    for (const { files } of models) for (const { file } of files) paths.push(join('assets', 'models', file));
    expect(paths.filter((path) => !existsSync(join(unpacked, path)))).toEqual([]);
    expect(readdirSync(join(unpacked, ggml)).some((name) => name.startsWith('libggml-cpu-'))).toBe(true);
    const sqlite = inArchive.filter((name) => name.includes('/@photostructure/sqlite/') && name.endsWith('.node'));
    expect(sqlite.length).toBeGreaterThan(0);
    expect(sqlite.filter((name) => !existsSync(join(unpacked, name)))).toEqual([]);
    expect(sqlite.filter((name) => !name.includes('/linux-x64/'))).toEqual([]);
  });

  it('has its fuses set', async () => {
    const wire = await getCurrentFuseWire(join(dir, 'dist', 'linux-unpacked', 'rocketdoc'));
    const on = [
      FuseV1Options.EnableCookieEncryption,
      FuseV1Options.EnableEmbeddedAsarIntegrityValidation,
      FuseV1Options.OnlyLoadAppFromAsar,
    ];
    const off = [
      FuseV1Options.RunAsNode,
      FuseV1Options.EnableNodeOptionsEnvironmentVariable,
      FuseV1Options.EnableNodeCliInspectArguments,
      FuseV1Options.LoadBrowserProcessSpecificV8Snapshot,
      FuseV1Options.GrantFileProtocolExtraPrivileges,
    ];
    expect(on.map((fuse) => wire[fuse])).toEqual(on.map(() => '1'.charCodeAt(0)));
    expect(off.map((fuse) => wire[fuse])).toEqual(off.map(() => '0'.charCodeAt(0)));
  });

  it('holds packages under permissive licences alone', () => {
    const permissive =
      /^(MIT|MIT-0|ISC|0BSD|BSD|BSD-[23]-Clause|Apache-2\.0|BlueOak-1\.0\.0|CC0-1\.0|Unlicense|Python-2\.0|Zlib|OFL-1\.1)$/;
    const manifests = inArchive.filter((name) => /\/node_modules\/(@[^/]+\/)?[^/@]+\/package\.json$/.test(name));
    const listed = (room: string) =>
      JSON.parse(readFileSync(join(whole, 'out', room, 'licences.json'), 'utf8')) as Licence[];
    const [main, window] = [listed('main'), listed('renderer')];
    const names = (list: Licence[]) => list.map(({ name }) => name);
    expect(names(main)).toEqual(
      expect.arrayContaining(['zod', '@orpc/server', 'turndown', 'node-llama-cpp', 'electron']),
    );
    const shown = [
      'react',
      'streamdown',
      'tailwindcss',
      '@embedpdf/pdfium',
      'ggml and llama.cpp',
      'Qwen2.5-Coder-0.5B-Instruct',
      'SmolLM2-135M-Instruct',
    ];
    const fonts = ['@fontsource-variable/inter', '@fontsource-variable/jetbrains-mono'];
    expect(names(window)).toEqual(expect.arrayContaining([...shown, ...fonts]));
    // Packages that only build or test are in neither list.
    for (const tool of ['vite', 'vitest', 'typescript', 'electron-builder', 'playwright-core'])
      expect([...names(main), ...names(window)]).not.toContain(tool);
    const packed = manifests.map((path) => {
      const { name, license } = JSON.parse(readFileSync(join(whole, path), 'utf8')) as {
        name: string;
        license?: string;
      };
      return { name, license };
    });
    expect(packed.map(({ name }) => name).filter((name) => ![...names(main), ...names(window)].includes(name))).toEqual(
      [],
    );
    const short = window.filter(({ name, text }) => [...shown, ...fonts].includes(name) && text.length < 500);
    expect(short).toEqual([]);
    const notices = [...main, ...window].map(({ name, licence }) => ({ name, license: licence }));
    const others = [...notices, ...packed].flatMap(({ name, license }) => {
      // "A OR B": one of them is enough.
      const choices = (license ?? 'none').replace(/[()]/g, '').split(' OR ');
      return choices.some((choice) => choice.split(' AND ').every((part) => permissive.test(part)))
        ? []
        : [`${name}: ${license}`];
    });
    expect(others).toEqual([]);
  });

  it('opens the model with the packed engine', async () => {
    const startHost = () => forkHost(join(whole, 'out', 'main', 'engine-host.js'));
    const engine = startEngine({ startHost });
    const { models } = JSON.parse(readFileSync(join(whole, 'assets', 'models', 'models.json'), 'utf8')) as {
      models: { files: { file: string }[] }[];
    };
    const path = join(whole, 'assets', 'models', models[0]?.files[0]?.file ?? '');
    const opened = await engine.verbs.openModel({ path, threads: 1, device: 'cpu' });
    expect(opened.device).toMatch(/^ggml-cpu/);
    expect(opened.promptFamily).not.toBe('');
    await engine.close();
  });

  it('lists every native file that is in it', () => {
    const packed = inArchive.filter((name) => isNativeFile(name)).map((name) => name.slice(1));
    expect(packed.length).toBeGreaterThan(15);
    const listed = JSON.parse(readFileSync(join(whole, nativeList), 'utf8')) as Record<string, string>;
    expect(packed.filter((name) => !(name in listed))).toEqual([]);
  });

  const openWith = async (env: NodeJS.ProcessEnv = {}, device = 'cpu') => {
    const hostFile = join(whole, 'out', 'main', 'engine-host.js');
    const startHost = () => forkHost(hostFile, { env: { ...process.env, ...env } });
    const engine = startEngine({ startHost });
    const models = join(whole, 'assets', 'models');
    const file = readdirSync(models).find((name) => /^SmolLM2.*\.gguf$/.test(name)) ?? '';
    return engine.verbs
      .openModel({ path: join(models, file), threads: 1, device })
      .then(
        (opened) => opened.device,
        (error: Error) => error.message,
      )
      .finally(() => engine.close());
  };

  it.each([
    'native/build/Release/rocketdoc.node',
    'node_modules/@node-llama-cpp/linux-x64/bins/linux-x64/libggml-base.so',
    'node_modules/@node-llama-cpp/linux-x64/bins/linux-x64/libggml-cpu-x64.so',
  ])('does not load %s with one byte flipped', async (name) => {
    await flipped(join(whole, name), async () => {
      const said = await openWith();
      expect(said).toContain(`${name.split('/').at(-1)} is not the one that was packed: its checksum differs.`);
    });
    expect(await openWith()).toMatch(/^ggml-cpu/);
  });

  it('takes no GPU library that a variable names', async () => {
    const kernels = join(whole, 'native', 'build', 'Release', 'librocketdoc_kernels.so');
    if (!existsSync(kernels)) return expect(await openWith({}, 'cuda:0')).toContain('kernels are not built');
    const ROCKETDOC_GGML_CUDA = join(dir, 'not-there.so');
    // From sources the variable would be used, and its file is missing; a package ignores it, whether or not this machine has a GPU.
    expect(await openWith({ ROCKETDOC_GGML_CUDA }, 'cuda:0')).toBe(await openWith({}, 'cuda:0'));
  });

  it.each([
    '@photostructure/sqlite/prebuilds/linux-x64/@photostructure+sqlite.glibc.node',
    '@node-llama-cpp/linux-x64/bins/linux-x64/llama-addon.node',
  ])('ends its main process with a sentence, before the library is opened, where %s was changed', async (name) => {
    const home = mkdtempSync(join(dir, 'home-'));
    await flipped(join(whole, 'node_modules', name), async () => {
      expect(runMain(home)).toContain('RocketDoc cannot start: RocketDoc was changed after it was packed');
    });
    expect(existsSync(join(home, '.rocketdoc'))).toBe(false);
  });

  it('starts its main process as it was packed', () => {
    const home = mkdtempSync(join(dir, 'home-'));
    expect(runMain(home)).toContain('window app://rocketdoc/');
    expect(existsSync(join(home, '.rocketdoc', 'library.sqlite'))).toBe(true);
  });

  it('serves an agent over stdio: starts RocketDoc where it is closed, and is beside it where it is open', async () => {
    const home = mkdtempSync(join(dir, 'home-'));
    const folder = join(home, 'papers');
    mkdirSync(folder);
    writeFileSync(join(folder, 'islands.txt'), 'The keeper of the lighthouse is called Oona Farrier.\n');
    const electron = putElectron();
    // The program that a person starts. It has no window that could be closed, so it writes down its process id.
    const program = join(home, 'rocketdoc');
    const pidFile = join(home, 'pids');
    writeFileSync(program, `#!/bin/sh\necho $$ >>'${pidFile}'\nexec '${process.execPath}' '${packedMain}'\n`, {
      mode: 0o755,
    });
    const pids = () => (existsSync(pidFile) ? readFileSync(pidFile, 'utf8').trim().split('\n').map(Number) : []);
    const agents: Client[] = [];
    const agent = async () => {
      const client = new Client({ name: 'test', version: '1' });
      agents.push(client);
      const stays = { ROCKETDOC_WHOLE: whole, ROCKETDOC_PACKAGED: '1', ROCKETDOC_EXE: program, ROCKETDOC_STAYS: '1' };
      const env = { ...(process.env as Record<string, string>), HOME: home, ...stays };
      const args = [packedMain, '--mcp', '--folder', folder];
      await client.connect(new StdioClientTransport({ command: process.execPath, args, env, stderr: 'inherit' }));
      return async (name: string, input: object = {}) => {
        const { content } = await client.callTool({ name, arguments: { ...input } }, undefined, { timeout: 280_000 });
        return (content as { text: string }[]).map(({ text }) => text).join('\n');
      };
    };
    try {
      const first = await agent();
      expect(pids()).toHaveLength(1);
      expect(await first('list_documents')).toBe('The library is empty.');
      const added = await first('add_document', { path: join(folder, 'islands.txt') });
      const [document = ''] = added.split(' ');
      const question = { document, question: 'Who is the keeper of the lighthouse?' };
      expect(await first('ask_document', question)).toContain(
        '[p. 1] "The keeper of the lighthouse is called Oona Farrier."',
      );
      const second = await agent();
      expect(await second('list_documents')).toContain('islands.txt');
      expect(pids()).toHaveLength(1);
    } finally {
      for (const client of agents) await client.close();
      for (const pid of pids()) process.kill(pid);
      rmSync(electron, { recursive: true });
    }
  }, 400_000);

  it('reads every format with the packed document reader', async () => {
    const file = temporaryFiles();
    const words = 'The Trust was founded in 1887 by Ada Lark.';
    const files = [
      join(whole, 'assets', 'samples', 'report.pdf'),
      file('a.txt', words),
      file('a.md', `# Title\n\n${words}`),
      file('a.html', `<html><body><h1>Title</h1><p>${words}</p></body></html>`),
      file('a.docx', zipBytes(docxParts(paragraphXml(words)))),
      file(
        'a.epub',
        zipBytes(
          epubParts([
            {
              file: 'one.xhtml',
              titles: ['One'],
              xhtml: `<html xmlns="http://www.w3.org/1999/xhtml"><body><p>${words}</p></body></html>`,
            },
          ]),
        ),
      ),
    ];
    const scan = await scanPdf([await pictureOfPage(await twoColumnPage(words.repeat(3)), 0, 150)]);
    files.push(file('scan.pdf', scan));
    const choice = { recognise: 'pages-without-text' } as const;
    for (const path of files)
      expect((await parseDocument(path, { startHost: startDocumentHost, choice })).text).toContain('1887');
  });

  it('finds what its processes need: SQLite from the package, Electron alone from outside', () => {
    const code = `const { DatabaseSync } = require('@photostructure/sqlite');
      process.stdout.write(JSON.stringify(new DatabaseSync(':memory:').prepare('SELECT 41 + 1 AS n').get()));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--eval', code], { cwd: whole, encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: '{"n":42}', stderr: '' });
    const builtin = new Set(builtinModules);
    const named = readdirSync(join(whole, 'out', 'main'))
      .filter((name) => name.endsWith('.js'))
      .flatMap((name) => [
        ...readFileSync(join(whole, 'out', 'main', name), 'utf8').matchAll(
          /^(?:import|export) .*from "([^".][^"]*)";$/gm,
        ),
      ])
      .map(([, name]) => name ?? '')
      .filter((name) => !name.startsWith('node:') && !builtin.has(name));
    expect([...new Set(named)].sort()).toEqual([
      '@embedpdf/pdfium',
      '@photostructure/sqlite',
      'electron',
      'tesseract.js',
    ]);
  });

  describe.skipIf(!chromiumPath)('its window', () => {
    const opened = useBrowser();
    const seen: string[] = [];

    it.each(walks.map((make) => make()))(
      'goes through $name',
      async ({ server: start, script, steps }) => {
        const server = await start({ webRoot: join(whole, 'out', 'renderer'), startDocumentHost });
        const { page, outbound } = await openWindow(opened.browser, linkTo(server));
        try {
          for await (const screen of steps(page, server, script)) seen.push(screen);
        } finally {
          await page.context().close();
          await server.close();
        }
        expect(outbound).toEqual([]);
      },
      180_000,
    );

    it('came to every screen', () => {
      expect(seen.toSorted()).toEqual(screens.toSorted());
    });
  });
});
