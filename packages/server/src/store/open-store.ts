import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { nearest, quoted, TallystickError } from '@tallystick/core'
import type { Clock } from '@tallystick/core/event'
import { readAddress } from './clickhouse/address.ts'
import { type DuckdbStoreOptions, openDuckdbStore } from './duckdb/open.ts'
import { openJsonlStore } from './jsonl/open.ts'
import { resetJsonlStore } from './jsonl/reset.ts'
import { openMemoryStore } from './memory.ts'
import { readTarget } from './redis/target.ts'
import type { UsageStore } from './store.ts'

export interface OpenStoreOptions {
  readonly clock?: Clock
  /** What only the embedded store takes; its path is that of the URL. */
  readonly duckdb?: Omit<DuckdbStoreOptions, 'path' | 'clock'>
  /** Events older than this many ms are not shown by a store that can tell at once. */
  readonly eventsTtlMs?: number
  /** The journal that events come from, where it is known: servers that share a store each have one. */
  readonly journalId?: string
  /** Told of what is not as it should be around a store that works nevertheless. */
  readonly onWarning?: (warning: string) => void
}

/** What a store URL names, once it is known to be right. */
interface Target {
  readonly open: (options: OpenStoreOptions) => Promise<UsageStore>
  /** Removes what came from the journal, so that opening it makes it again; a closed store only. Absent where nothing is kept. */
  readonly reset?: () => Promise<void>
}

/** One kind of store. */
interface Scheme {
  /** Reads what stands behind the colon. A text is what is wrong with it. */
  readonly read: (rest: string) => Target | string
  /** Its file in the data directory, for a URL that names none. */
  readonly defaultFile?: string
}

/** THE table of store schemes. */
const SCHEMES: ReadonlyMap<string, Scheme> = new Map<string, Scheme>([
  ['memory', { read: readMemory }],
  ['jsonl', { read: readJsonl, defaultFile: 'analytics.jsonl' }],
  ['duckdb', { read: readDuckdb, defaultFile: 'tallystick.duckdb' }],
  ['clickhouse', { read: (rest) => readClickhouse(rest, false) }],
  ['clickhouses', { read: (rest) => readClickhouse(rest, true) }],
  ['redis', { read: readRedis({ cluster: false, tls: false }) }],
  ['rediss', { read: readRedis({ cluster: false, tls: true }) }],
  ['redis+cluster', { read: readRedis({ cluster: true, tls: false }) }],
  ['rediss+cluster', { read: readRedis({ cluster: true, tls: true }) }],
])

export const STORE_SCHEMES: readonly string[] = [...SCHEMES.keys()]

/**
 * Opens the store that a URL names.
 *
 * - `memory:` or `memory:?max_events=1000`: nothing is kept over a restart.
 * - `jsonl:data/analytics.jsonl` or `jsonl:PATH?rotate_mb=100`: a file of JSON documents, one a line.
 * - `duckdb:data/tallystick.duckdb`: an embedded column store in that file; `duckdb:` with an absolute or relative path,
 *   `duckdb:///abs/path` and `duckdb:./path` included.
 * - `clickhouse://user:password@host:8123/database`, `clickhouses://` or `?tls=1` for TLS: a server that others may share.
 * - `redis://user:password@host:6379/0?prefix=analytics:`, `rediss://` with TLS, `redis+cluster://host:port,host:port`.
 *
 * @throws TallystickError `invalid_config` for a scheme or parameter that does not exist.
 * @example const store = await openStore('memory:?max_events=1000')
 */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<UsageStore> {
  return targetOf(url).open(options)
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
export const canReset = (url: string): boolean => targetOf(url).reset !== undefined

/**
 * Removes from a closed store what came from the journal; opening it makes it again. Documents that others wrote into its
 * file stay.
 */
export async function resetStore(url: string): Promise<void> {
  await targetOf(url).reset?.()
}

/**
 * What is wrong with a store URL, undefined when it can be opened. Does not look whether anything is there, and repeats
 * nothing of the URL but its scheme and parameters: it may hold a password.
 *
 * @example storeUrlProblem('duckbd:x') // 'has no known scheme but "duckbd"; nearest: "duckdb", "jsonl", "memory"'
 */
export function storeUrlProblem(url: string): string | undefined {
  const target = readStoreUrl(url)
  return typeof target === 'string' ? target : undefined
}

function targetOf(url: string): Target {
  const target = readStoreUrl(url)
  if (typeof target !== 'string') return target
  throw new TallystickError('invalid_config', `The store URL ${target}.`, {
    issues: [{ path: 'store', message: target }],
  })
}

function readStoreUrl(url: string): Target | string {
  const colon = url.indexOf(':')
  if (colon < 0) return `has no scheme; it begins with ${STORE_SCHEMES.map((name) => `${name}:`).join(' or ')}`
  const name = url.slice(0, colon).toLowerCase()
  const scheme = SCHEMES.get(name)
  if (scheme === undefined) return `has no known scheme but ${quoted(name)}; ${nearest(name, STORE_SCHEMES)}`
  return scheme.read(url.slice(colon + 1))
}

function readMemory(rest: string): Target | string {
  const { path, search } = parts(rest)
  if (path !== '') return `is of a memory store, which has no path, but names ${quoted(path)}`
  const maxEvents = numberOf(search, 'max_events', 999_999_999)
  if (typeof maxEvents === 'string') return `is of a memory store and ${maxEvents}`
  return { open: async ({ clock }) => openMemoryStore({ ...defined({ maxEvents }), ...defined({ clock }) }) }
}

function readJsonl(rest: string): Target | string {
  const { path, search } = parts(rest)
  if (path === '') return 'needs the path of its file, as in jsonl:data/analytics.jsonl'
  const rotateMb = numberOf(search, 'rotate_mb', 9_999_999)
  if (typeof rotateMb === 'string') return `is of a jsonl store and ${rotateMb}`
  const rotateBytes = rotateMb === undefined ? undefined : rotateMb * 1024 * 1024
  return {
    open: ({ clock, eventsTtlMs }) =>
      openJsonlStore({ path, ...defined({ rotateBytes }), ...defined({ eventsTtlMs }), ...defined({ clock }) }),
    reset: () => resetJsonlStore(path),
  }
}

function readDuckdb(rest: string): Target | string {
  const path = withoutSlashes(rest)
  if (path === '') return 'needs the path of its file, as in duckdb:data/tallystick.duckdb'
  if (path.startsWith(':memory:')) return 'must name a file; use memory: for a store without one'
  return {
    open: ({ clock, duckdb }) => openDuckdbStore({ ...duckdb, path, ...defined({ clock }) }),
    reset: async () => {
      for (const file of [path, `${path}.wal`]) await rm(file, { force: true })
    },
  }
}

function readClickhouse(rest: string, tls: boolean): Target | string {
  const address = readAddress(rest, tls)
  if (typeof address === 'string') return address
  return {
    async open({ clock, journalId }) {
      const { openClickhouseStore } = await import('./clickhouse/open.ts')
      return openClickhouseStore({ address, ...defined({ clock }), ...defined({ journalId }) })
    },
    async reset() {
      const { resetClickhouseStore } = await import('./clickhouse/open.ts')
      await resetClickhouseStore(address)
    },
  }
}

function readRedis(kind: { readonly cluster: boolean; readonly tls: boolean }): Scheme['read'] {
  return (rest) => {
    const target = readTarget(rest, kind)
    if (typeof target === 'string') return target
    return {
      open: async ({ clock, eventsTtlMs, onWarning }) =>
        (await import('./redis/open.ts')).openRedisStore({
          target,
          ...defined({ clock }),
          ...defined({ eventsTtlMs }),
          ...defined({ onWarning }),
        }),
      reset: async () => (await import('./redis/open.ts')).resetRedisStore(target),
    }
  }
}

const withoutSlashes = (rest: string): string => (rest.startsWith('//') ? rest.slice(2) : rest)

function parts(rest: string): { readonly path: string; readonly search: string } {
  const question = rest.indexOf('?')
  if (question < 0) return { path: withoutSlashes(rest), search: '' }
  return { path: withoutSlashes(rest.slice(0, question)), search: rest.slice(question + 1) }
}

/** The one parameter that a scheme has, undefined when it is not given; a text is what is wrong. */
function numberOf(search: string, parameter: string, max: number): number | undefined | string {
  let number: number | undefined
  for (const [name, value] of new URLSearchParams(search)) {
    if (name !== parameter) return `takes ${parameter}, not ${quoted(name)}`
    number = /^\d{1,9}$/.test(value) ? Number(value) : 0
    if (number < 1 || number > max) return `has ${parameter} ${quoted(value)}; give an integer from 1 to ${max}`
  }
  return number
}

/** Leaves out what is undefined: an option that is not given and one given as nothing are not the same. */
function defined<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } | Record<never, never> {
  return Object.values(options)[0] === undefined ? {} : (options as { [K in keyof T]: Exclude<T[K], undefined> })
}
