import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Builds the page into `dist/`, where the dashboard's server finds it. No inlined assets: the content policy allows files of our own only. */
// biome-ignore lint/style/noDefaultExport: Vite reads the default export
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: { outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0, target: 'es2023', modulePreload: { polyfill: false }, chunkSizeWarningLimit: 700 },
});
