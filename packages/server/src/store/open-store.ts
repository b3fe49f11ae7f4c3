import { TallystickError } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'
import { type DuckdbStoreOptions, openDuckdbStore } from './duckdb/open.ts'
import { openMemoryStore } from './memory.ts'
import type { UsageStore } from './store.ts'

export interface OpenStoreOptions {
  readonly clock?: Clock
  /** What only the embedded store takes; its path is that of the URL. */
  readonly duckdb?: Omit<DuckdbStoreOptions, 'path' | 'clock'>
}

type Opener = (rest: string, options: OpenStoreOptions) => Promise<UsageStore>

/** THE table of store schemes. */
const OPENERS: ReadonlyMap<string, Opener> = new Map<string, Opener>([
  ['memory', async (rest, { clock }) => openMemoryStore({ ...memoryOptions(rest), ...(clock ? { clock } : {}) })],
  [
    'duckdb',
    async (rest, { clock, duckdb }) =>
      openDuckdbStore({ ...duckdb, path: duckdbPath(rest), ...(clock ? { clock } : {}) }),
  ],
])

export const STORE_SCHEMES: readonly string[] = [...OPENERS.keys()]

/**
 * Opens the store that a URL names.
 *
 * - `memory:` or `memory:?max_events=1000`: nothing is kept over a restart.
 * - `duckdb:data/tallystick.duckdb`: an embedded column store in that file; `duckdb:` with an absolute or relative path,
 *   `duckdb:///abs/path` and `duckdb:./path` included.
 *
 * @throws TallystickError `invalid_config` for a scheme or parameter that does not exist.
 * @example const store = await openStore('memory:?max_events=1000')
 */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<UsageStore> {
  const colon = url.indexOf(':')
  const scheme = colon < 0 ? url : url.slice(0, colon)
  const opener = OPENERS.get(scheme.toLowerCase())
  if (colon < 0 || opener === undefined) {
    const known = STORE_SCHEMES.map((name) => `${name}:`).join(' and ')
    throw invalid(`No store has the scheme of ${JSON.stringify(url)}; the schemes are ${known}.`)
  }
  return opener(url.slice(colon + 1), options)
}

function memoryOptions(rest: string): { readonly maxEvents?: number } {
  const [path = '', search = ''] = rest.split('?', 2)
  if (path !== '' && path !== '//')
    throw invalid(`A memory store has no path, but the URL names ${JSON.stringify(path)}.`)
  let maxEvents: number | undefined
  for (const [name, value] of new URLSearchParams(search)) {
    if (name !== 'max_events')
      throw invalid(`A memory store has no parameter ${JSON.stringify(name)}; it has max_events.`)
    maxEvents = /^\d{1,9}$/.test(value) ? Number(value) : 0
    if (maxEvents < 1) throw invalid(`max_events is ${JSON.stringify(value)}; give an integer from 1 to 999999999.`)
  }
  return maxEvents === undefined ? {} : { maxEvents }
}

function duckdbPath(rest: string): string {
  const path = rest.startsWith('//') ? rest.slice(2) : rest
  if (path === '') throw invalid('A duckdb store needs the path of its file, as in duckdb:data/tallystick.duckdb.')
  if (path.startsWith(':memory:')) throw invalid('A duckdb store is a file; use memory: for a store without one.')
  return path
}

function invalid(message: string): TallystickError {
  return new TallystickError('invalid_config', message, { issues: [{ path: 'store', message }] })
}
