import { rmSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { rolldown } from 'rolldown'
import { ROOT } from './steps.mjs'

/**
 * `node scripts/bundle.mjs`: the compiled command line and the store's worker as a few files in `packages/server/bundle`.
 *
 * Node takes about a third of a start to find and link several hundred small modules. Packages of others stay outside; the
 * folder is as deep as `dist`, from which the modules find the page and the version by relative address.
 */
const server = join(ROOT, 'packages/server')
const core = /^@tallystick\/core(\/|$)/

const input = { main: join(server, 'dist/cli/main.js'), worker: join(server, 'dist/store/duckdb/worker.js') }
const bundle = await rolldown({
  input,
  platform: 'node',
  external: (id) => !id.startsWith('.') && !isAbsolute(id) && !core.test(id),
})
rmSync(join(server, 'bundle'), { recursive: true, force: true })
await bundle.write({ dir: join(server, 'bundle'), entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' })
await bundle.close()
