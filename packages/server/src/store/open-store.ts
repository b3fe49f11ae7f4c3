import { nearest, quoted, TallystickError } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'
import { type DuckdbStoreOptions, openDuckdbStore } from './duckdb/open.ts'
import { openMemoryStore } from './memory.ts'
import type { UsageStore } from './store.ts'

export interface OpenStoreOptions {
  readonly clock?: Clock
  /** What only the embedded store takes; its path is that of the URL. */
  readonly duckdb?: Omit<DuckdbStoreOptions, 'path' | 'clock'>
}

/** What a store URL says, once it is known to be right. */
type StoreTarget =
  | { readonly scheme: 'memory'; readonly maxEvents?: number }
  | { readonly scheme: 'duckdb'; readonly path: string }

/** THE table of store schemes: what stands behind the colon. A text is what is wrong with it. */
const READERS: ReadonlyMap<string, (rest: string) => StoreTarget | string> = new Map([
  ['memory', readMemory],
  ['duckdb', readDuckdb],
])

const SCHEMES: readonly string[] = [...READERS.keys()]

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
  const target = readStoreUrl(url)
  if (typeof target === 'string')
    throw new TallystickError('invalid_config', `The store URL ${target}.`, {
      issues: [{ path: 'store', message: target }],
    })
  const { clock, duckdb } = options
  const timed = clock === undefined ? {} : { clock }
  if (target.scheme === 'duckdb') return openDuckdbStore({ ...duckdb, path: target.path, ...timed })
  return openMemoryStore({ ...(target.maxEvents === undefined ? {} : { maxEvents: target.maxEvents }), ...timed })
}

/**
 * What is wrong with a store URL, undefined when it can be opened. Does not look whether anything is there, and repeats
 * nothing of the URL but its scheme and parameters: it may hold a password.
 *
 * @example storeUrlProblem('duckbd:x') // 'has no known scheme but "duckbd"; nearest: "duckdb", "memory"'
 */
export function storeUrlProblem(url: string): string | undefined {
  const target = readStoreUrl(url)
  return typeof target === 'string' ? target : undefined
}

function readStoreUrl(url: string): StoreTarget | string {
  const colon = url.indexOf(':')
  if (colon < 0) return `has no scheme; it begins with ${SCHEMES.map((name) => `${name}:`).join(' or ')}`
  const scheme = url.slice(0, colon).toLowerCase()
  const read = READERS.get(scheme)
  if (read === undefined) return `has no known scheme but ${quoted(scheme)}; ${nearest(scheme, SCHEMES)}`
  return read(url.slice(colon + 1))
}

function readMemory(rest: string): StoreTarget | string {
  const [path = '', search = ''] = rest.split('?', 2)
  if (path !== '' && path !== '//') return `is of a memory store, which has no path, but names ${quoted(path)}`
  let maxEvents: number | undefined
  for (const [name, value] of new URLSearchParams(search)) {
    if (name !== 'max_events') return `is of a memory store, which takes max_events, not ${quoted(name)}`
    maxEvents = /^\d{1,9}$/.test(value) ? Number(value) : 0
    if (maxEvents < 1) return `has max_events ${quoted(value)}; give an integer from 1 to 999999999`
  }
  return { scheme: 'memory', ...(maxEvents !== undefined && { maxEvents }) }
}

function readDuckdb(rest: string): StoreTarget | string {
  const path = rest.startsWith('//') ? rest.slice(2) : rest
  if (path === '') return 'needs the path of its file, as in duckdb:data/tallystick.duckdb'
  if (path.startsWith(':memory:')) return 'must name a file; use memory: for a store without one'
  return { scheme: 'duckdb', path }
}
