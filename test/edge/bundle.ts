import { fileURLToPath } from 'node:url'
import { build, type Rollup } from 'vite'

const entryOf = (door: string): string =>
  fileURLToPath(new URL(`../../packages/core/src/${door}index.ts`, import.meta.url))

/** What a bundler makes of the main entry, and the modules that are in it. */
export interface Bundle {
  readonly code: string
  readonly modules: readonly string[]
}

/**
 * Bundles what an application takes from `@tallystick/core`, as a script that sets the global `tallystick`.
 *
 * @param names exported names, e.g. `['EventStore']`; everything when absent
 * @param door the folder of another entry, e.g. `metrics/`
 */
export async function bundle(names?: readonly string[], door = ''): Promise<Bundle> {
  const source = `export ${names === undefined ? '*' : `{ ${names.join(', ')} }`} from ${JSON.stringify(entryOf(door))}`
  const output = (await build({
    configFile: false,
    logLevel: 'silent',
    plugins: [
      {
        name: 'entry',
        enforce: 'pre',
        resolveId: (id) => (id.endsWith('virtual-entry') ? 'virtual-entry' : undefined),
        load: (id) => (id === 'virtual-entry' ? source : undefined),
      },
    ],
    build: { write: false, target: 'es2023', lib: { entry: 'virtual-entry', formats: ['iife'], name: 'tallystick' } },
  })) as Rollup.RollupOutput[]
  const chunk = output[0]?.output[0]
  if (chunk?.type !== 'chunk') throw new Error('the bundler made no script')
  return { code: chunk.code, modules: chunk.moduleIds }
}
