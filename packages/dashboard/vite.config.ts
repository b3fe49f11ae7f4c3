import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import tailwindcss from '@tailwindcss/vite'
import { defineConfig, type Plugin } from 'vite'

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** The component that draws the API page, beside the page in `public/docs`: it comes from a package, not from a CDN. */
const apiPage: Plugin = {
  name: 'api-page',
  generateBundle() {
    for (const file of ['rapidoc-min.js', 'rapidoc-min.js.LICENSE.txt']) {
      const path = fileURLToPath(import.meta.resolve(`rapidoc/dist/${file}`))
      this.emitFile({ type: 'asset', fileName: `docs/${file}`, source: readFileSync(path) })
    }
  },
}

/**
 * The page is built into the server package, which serves it under a policy without inline scripts or styles: assets are
 * never inlined as data, and the module preload polyfill (an inline script's cousin) is left out.
 */
export default defineConfig({
  root: source('.'),
  base: '/',
  plugins: [tailwindcss(), svelte(), apiPage],
  resolve: { alias: [{ find: /^@tallystick\/core\/(.+)$/, replacement: `${source('../core/src')}/$1/index.ts` }] },
  build: {
    outDir: source('../server/dist/dashboard'),
    emptyOutDir: true,
    target: 'es2023',
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { host: '127.0.0.1', proxy: { '/api': 'http://127.0.0.1:8088' } },
})
