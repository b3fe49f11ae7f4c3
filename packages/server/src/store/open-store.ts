import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { TallystickError } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'
import { type DuckdbStoreOptions, openDuckdbStore } from './duckdb/open.ts'
import { type JsonlStoreOptions, openJsonlStore } from './jsonl/open.ts'
import { resetJsonlStore } from './jsonl/reset.ts'
import { openMemoryStore } from './memory.ts'
import type { UsageStore } from './store.ts'

export interface OpenStoreOptions {
  readonly clock?: Clock
  /** What only the embedded store takes; its path is that of the URL. */
  readonly duckdb?: Omit<DuckdbStoreOptions, 'path' | 'clock'>
  /** Events older than this many ms are not shown by a store that can tell at once. */
  readonly eventsTtlMs?: number
}

/** One kind of store. What follows the colon of its URL is `rest`. */
interface Scheme {
  readonly open: (rest: string, options: OpenStoreOptions) => Promise<UsageStore>
  /** Its file in the data directory, for a URL that names none. */
  readonly defaultFile?: string
  /** Removes what came from the journal, so that opening it makes it again; a closed store only. */
  readonly reset?: (rest: string) => Promise<void>
}

/** THE table of store schemes. */
const SCHEMES: ReadonlyMap<string, Scheme> = new Map<string, Scheme>([
  [
    'memory',
    { open: async (rest, { clock }) => openMemoryStore({ ...memoryOptions(rest), ...(clock ? { clock } : {}) }) },
  ],
  [
    'jsonl',
    {
      open: async (rest, { clock, eventsTtlMs }) =>
        openJsonlStore({
          ...jsonlOptions(rest),
          ...(eventsTtlMs === undefined ? {} : { eventsTtlMs }),
          ...(clock ? { clock } : {}),
        }),
      defaultFile: 'analytics.jsonl',
      reset: async (rest) => resetJsonlStore(jsonlOptions(rest).path),
    },
  ],
  [
    'duckdb',
    {
      open: async (rest, { clock, duckdb }) =>
        openDuckdbStore({ ...duckdb, path: duckdbPath(rest), ...(clock ? { clock } : {}) }),
      defaultFile: 'tallystick.duckdb',
      reset: async (rest) => {
        for (const file of [duckdbPath(rest), `${duckdbPath(rest)}.wal`]) await rm(file, { force: true })
      },
    },
  ],
])

export const STORE_SCHEMES: readonly string[] = [...SCHEMES.keys()]

/**
 * Opens the store that a URL names.
 *
 * - `memory:` or `memory:?max_events=1000`: nothing is kept over a restart.
 * - `jsonl:data/analytics.jsonl` or `jsonl:PATH?rotate_mb=100`: a file of JSON documents, one a line.
 * - `duckdb:data/tallystick.duckdb`: an embedded column store in that file; `duckdb:` with an absolute or relative path,
 *   `duckdb:///abs/path` and `duckdb:./path` included.
 *
 * @throws TallystickError `invalid_config` for a scheme or parameter that does not exist.
 * @example const store = await openStore('memory:?max_events=1000')
 */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<UsageStore> {
  const { scheme, rest } = schemeOf(url)
  return scheme.open(rest, options)
}

/**
 * The URL with the path that an empty one stands for.
 *
 * @example locateStore('duckdb:', 'data') // 'duckdb:data/tallystick.duckdb'
 */
export function locateStore(url: string, dataDir: string): string {
  const [, name = '', search = ''] = /^([^:]*):(\?.*)?$/.exec(url) ?? []
  const file = SCHEMES.get(name.toLowerCase())?.defaultFile
  return file === undefined ? url : `${name}:${join(dataDir, file)}${search}`
}

/** Does the store keep anything that could be made again from the journal? */
export const canReset = (url: string): boolean => schemeOf(url).scheme.reset !== undefined

/**
 * Removes from a closed store what came from the journal; opening it makes it again. Documents that others wrote into its
 * file stay.
 */
export async function resetStore(url: string): Promise<void> {
  const { scheme, rest } = schemeOf(url)
  await scheme.reset?.(rest)
}

function schemeOf(url: string): { readonly scheme: Scheme; readonly rest: string } {
  const colon = url.indexOf(':')
  const scheme = SCHEMES.get(url.slice(0, Math.max(0, colon)).toLowerCase())
  if (scheme === undefined) {
    const names = STORE_SCHEMES.map((name) => `${name}:`)
    const known = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
    throw invalid(`No store has the scheme of ${JSON.stringify(url)}; the schemes are ${known}.`)
  }
  return { scheme, rest: url.slice(colon + 1) }
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

function jsonlOptions(rest: string): Pick<JsonlStoreOptions, 'path' | 'rotateBytes'> {
  const question = rest.indexOf('?')
  const path = withoutSlashes(question < 0 ? rest : rest.slice(0, question))
  if (path === '') throw invalid('A jsonl store needs the path of its file, as in jsonl:data/analytics.jsonl.')
  let rotateMb: number | undefined
  for (const [name, value] of new URLSearchParams(question < 0 ? '' : rest.slice(question + 1))) {
    if (name !== 'rotate_mb') throw invalid(`A jsonl store has no parameter ${JSON.stringify(name)}; it has rotate_mb.`)
    rotateMb = /^\d{1,7}$/.test(value) ? Number(value) : 0
    if (rotateMb < 1) throw invalid(`rotate_mb is ${JSON.stringify(value)}; give an integer from 1 to 9999999.`)
  }
  return rotateMb === undefined ? { path } : { path, rotateBytes: rotateMb * 1024 * 1024 }
}

const withoutSlashes = (rest: string): string => (rest.startsWith('//') ? rest.slice(2) : rest)

function duckdbPath(rest: string): string {
  const path = withoutSlashes(rest)
  if (path === '') throw invalid('A duckdb store needs the path of its file, as in duckdb:data/tallystick.duckdb.')
  if (path.startsWith(':memory:')) throw invalid('A duckdb store is a file; use memory: for a store without one.')
  return path
}

function invalid(message: string): TallystickError {
  return new TallystickError('invalid_config', message, { issues: [{ path: 'store', message }] })
}
