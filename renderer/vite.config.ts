/** Builds the window into out/renderer. That folder has all the window needs: the content security policy allows nothing else. */
import { fileURLToPath } from 'node:url';
import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { licenceNotices } from '../electron/setup/licence-notices.mjs';

/** Licences of what runs beside the window, in Electron and with a browser alike. */
const notices = licenceNotices({
  packages: ['@photostructure/sqlite', 'node-llama-cpp'],
  files: [
    { name: 'ggml and llama.cpp', version: 'v0.4.0', licence: 'MIT', files: ['assets/licences/llama.cpp.txt'] },
    ...['Qwen2.5-Coder-0.5B-Instruct', 'SmolLM2-135M-Instruct'].map((name) => ({
      name,
      version: 'weights',
      licence: 'Apache-2.0',
      files: ['assets/models/NOTICE', 'assets/models/LICENSE'],
    })),
  ],
});

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  plugins: [react(), tailwind(), notices.emit()],
  worker: { plugins: () => [notices.collect()] },
  resolve: {
    alias: [
      // Its browser build resolves &amp; and the like through innerHTML, which the content security policy forbids: rendering would throw.
      {
        find: /^decode-named-character-reference$/,
        replacement: fileURLToPath(
          new URL('../node_modules/decode-named-character-reference/index.js', import.meta.url),
        ),
      },
    ],
  },
  build: {
    outDir: fileURLToPath(new URL('../out/renderer', import.meta.url)),
    emptyOutDir: true,
    assetsInlineLimit: 0, // fonts as data: would break font-src 'self'
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
  },
});
