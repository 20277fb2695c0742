/** Builds the preload into out/preload: one CommonJS file, as a sandboxed preload must be. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));

export default defineConfig({
  root,
  publicDir: false,
  ssr: { noExternal: true, external: ['electron'] },
  build: {
    ssr: true,
    target: 'node20',
    outDir: join(root, 'out', 'preload'),
    emptyOutDir: true,
    minify: false,
    rolldownOptions: {
      input: { preload: join(root, 'electron/preload/preload.ts') },
      output: { format: 'cjs', entryFileNames: '[name].cjs' },
    },
  },
});
