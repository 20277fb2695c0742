/** Builds the window into out/renderer. Everything it needs is in there: the content security policy allows nothing else. */
import { fileURLToPath } from 'node:url';
import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  plugins: [react(), tailwind()],
  resolve: {
    alias: [
      // In a browser it would resolve &amp; and the like through innerHTML, which our content policy forbids: the text would throw.
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
