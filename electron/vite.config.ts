/**
 * Builds what node and Electron run into out/main, as plain modules with the packages they use: the main process, the hosts, the server and
 * the commands. Only packages that are native or hold data beside their code are not bundled; they stay in node_modules.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { libraryChanges } from './setup/library-changes.mjs';
import { licenceNotices } from './setup/licence-notices.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const outDir = join(root, 'out', 'main');

/**
 * A built module keeps the address of its source, so that files that it opens relative to itself (prompts, models, the addon, wasm) are
 * found as from the sources. In a package the address is in the unpacked folder, where files have real paths for native code.
 */
function sourceAddresses(): Plugin {
  return {
    name: 'source-addresses',
    enforce: 'pre',
    transform(code, id) {
      if (!code.includes('import.meta.url')) return null;
      const source = relative(outDir, id).replaceAll('\\', '/');
      const address = `new URL(${JSON.stringify(source)}, import.meta.url.replace('/app.asar/', '/app.asar.unpacked/')).href`;
      return { code: code.replaceAll('import.meta.url', address), map: null };
    },
  };
}

/** Each of these is started as a process, a thread or a command. */
const entries = [
  'main/main',
  'app-host/app-host',
  'app-host/library/prepare-library-thread',
  'engine-host/engine-host',
  'lab/lab-host',
  'document-host/document-host',
  'document-host/recogniser-thread',
  'server/serve',
  'mcp/mcp',
  'mcp/packaged-mcp',
  ...['start', 'ask', 'text', 'inspect', 'bench', 'bench-llama-cpp', 'fidelity', 'agree', 'check-vectors'].map(
    (name) => `cli/${name}`,
  ),
];

const outside = [
  'electron',
  'playwright-core', // for a measurement beside the window; not in the packed app
  '@photostructure/sqlite',
  '@embedpdf/pdfium', // loads its wasm from its own folder
  'tesseract.js', // loads its thread from its own folder
  /^@node-llama-cpp\//,
  /^@reflink\//, // native; of node-llama-cpp's downloader, which is not used and not in the bundle
];

/** The compiled libraries of node-llama-cpp for this platform; for some there are none. */
const llamaScope = join(root, 'node_modules', '@node-llama-cpp');
const llamaLibraries = existsSync(llamaScope) ? readdirSync(llamaScope) : [];

/** The licences of what is packed beside the bundles (electron-builder.yml), without those in the window's list. */
const notices = licenceNotices({
  packages: [
    'electron',
    'node-gyp-build',
    'tesseract.js',
    'tesseract.js-core',
    '@tesseract.js-data/eng',
    'bmp-js',
    'is-url',
    'regenerator-runtime',
    'wasm-feature-detect',
    ...llamaLibraries.map((name) => `@node-llama-cpp/${name}`),
  ],
});

export default defineConfig({
  root,
  publicDir: false,
  plugins: [sourceAddresses(), ...libraryChanges, notices.emit()],
  ssr: { noExternal: true, external: outside.filter((name) => typeof name === 'string') },
  build: {
    ssr: true,
    target: 'node20',
    outDir,
    emptyOutDir: true,
    minify: false,
    rolldownOptions: {
      external: outside,
      input: Object.fromEntries(entries.map((name) => [basename(name), join(root, 'electron', `${name}.ts`)])),
      // All in one folder, because a module's source address is relative to it.
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  },
});
