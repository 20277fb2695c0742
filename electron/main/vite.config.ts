/**
 * Builds the main process and its hosts into out/main: plain modules that Electron's node runs, with the packages they use. Outside
 * stay only those that are native or hold data beside their code; they travel in node_modules.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));
const outDir = join(root, 'out', 'main');

/**
 * A built module keeps the address of its source, so that what it opens relative to itself (prompts, models, the addon, wasm) is found
 * as it is from the sources. In a package the address lies in the unpacked half, where files have real paths for native code.
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

/**
 * Before it loads its library, node-llama-cpp tries it in a child process. In a utility process of Electron that child would be a
 * second RocketDoc. It is left out: our engine has a process of its own, and a library that cannot be loaded is an error there.
 */
function withoutTrialProcess(): Plugin {
  const name = /[\\/]node-llama-cpp[\\/]dist[\\/]bindings[\\/]utils[\\/]testBindingBinary\.js$/;
  return {
    name: 'without-trial-process',
    enforce: 'pre',
    load: (id) => (name.test(id) ? 'export const testBindingBinary = async () => true;' : null),
  };
}

/** The notices of everything that was bundled, in one file beside it. */
function licenceNotices(): Plugin {
  return {
    name: 'licence-notices',
    generateBundle(_, bundle) {
      const folders = new Set<string>();
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        for (const id of chunk.moduleIds) {
          const folder = /^.*[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/.exec(id.replace(/^\0/, ''))?.[0];
          if (folder !== undefined && existsSync(join(folder, 'package.json'))) folders.add(folder);
        }
      }
      const source = [...folders]
        .sort()
        .map(notice)
        .join(`\n${'-'.repeat(80)}\n\n`);
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source });
    },
  };
}

function notice(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
    string,
    string
  >;
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return `${name} ${version}: ${license}\n\n${texts.join('\n\n')}\n`;
}

const outside = [
  'electron',
  '@photostructure/sqlite',
  '@embedpdf/pdfium', // finds its wasm beside itself
  /^@node-llama-cpp\//,
  /^@reflink\//, // native; of node-llama-cpp's downloader
];

export default defineConfig({
  root,
  publicDir: false,
  plugins: [sourceAddresses(), withoutTrialProcess(), licenceNotices()],
  ssr: { noExternal: true, external: outside.filter((name) => typeof name === 'string') },
  build: {
    ssr: true,
    target: 'node20',
    outDir,
    emptyOutDir: true,
    minify: false,
    rolldownOptions: {
      external: outside,
      input: {
        main: join(root, 'electron/main/main.ts'),
        'engine-host': join(root, 'electron/engine-host/engine-host.ts'),
        'document-host': join(root, 'electron/document-host/document-host.ts'),
      },
      // All in one folder: a module's address is taken relative to it.
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  },
});
