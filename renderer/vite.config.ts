/** Builds the window into out/renderer. Everything it needs is in there: the content security policy allows nothing else. */
import { fileURLToPath } from 'node:url';
import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  plugins: [react(), tailwind()],
  build: {
    outDir: fileURLToPath(new URL('../out/renderer', import.meta.url)),
    emptyOutDir: true,
    assetsInlineLimit: 0, // fonts as data: would break font-src 'self'
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
  },
});
