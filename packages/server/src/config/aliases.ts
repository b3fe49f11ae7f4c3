import { statSync } from 'node:fs'

type Environment = Readonly<Record<string, string | undefined>>

/** A value that stands in a variable of another name. */
export interface AliasValue {
  readonly variable: string
  readonly value: string | readonly string[]
  /** What is wrong with it beyond what the key itself checks. */
  readonly problem?: string
}

/**
 * Variables of Routiium, by the key they stand for. They count where our own variable is not set, and over the
 * configuration file; blank ones are not set. Their order and meaning are Routiium's: the first that is set names the store.
 */
export const ALIASES: ReadonlyMap<string, (env: Environment) => AliasValue | undefined> = new Map<
  string,
  (env: Environment) => AliasValue | undefined
>([
  ['store', routiiumStore],
  ['retention.events_seconds', (env: Environment) => given(env, 'ROUTIIUM_ANALYTICS_TTL_SECONDS')],
  ['prices.files', pricingFile],
])

function routiiumStore(env: Environment): AliasValue | undefined {
  const redis = given(env, 'ROUTIIUM_ANALYTICS_REDIS_URL')
  if (redis !== undefined) return redis
  const sled = given(env, 'ROUTIIUM_ANALYTICS_SLED_PATH')
  if (sled !== undefined) return embeddedStore(sled)
  const jsonl = given(env, 'ROUTIIUM_ANALYTICS_JSONL_PATH')
  if (jsonl !== undefined) return { ...jsonl, value: `jsonl:${jsonl.value}` }
  const memory = given(env, 'ROUTIIUM_ANALYTICS_FORCE_MEMORY')
  if (memory === undefined || !['1', 'true', 'yes'].includes(memory.value.toLowerCase())) return undefined
  // Only the memory store had a limit; beside another store the variable says nothing.
  const limit = given(env, 'ROUTIIUM_ANALYTICS_MAX_EVENTS')
  if (limit === undefined) return { ...memory, value: 'memory:' }
  return { variable: limit.variable, value: `memory:?max_events=${encodeURIComponent(limit.value)}` }
}

/** Sled's place is taken by the embedded store, which is one file; what Sled has written it cannot read. */
function embeddedStore(sled: Given): AliasValue {
  const isDirectory = statSync(sled.value, { throwIfNoEntry: false })?.isDirectory() === true
  const value = `duckdb:${sled.value}`
  if (!isDirectory) return { ...sled, value }
  return {
    ...sled,
    value,
    problem: `names the directory ${sled.value}, which looks like a Sled database and cannot be read; export it with Routiium (GET /analytics/export?format=json), then name a file that does not exist yet`,
  }
}

/** One path, whatever commas are in it. */
function pricingFile(env: Environment): AliasValue | undefined {
  const file = given(env, 'ROUTIIUM_PRICING_CONFIG')
  return file && { ...file, value: [file.value] }
}

interface Given {
  readonly variable: string
  readonly value: string
}

function given(env: Environment, variable: string): Given | undefined {
  const value = env[variable]?.trim()
  return value === undefined || value === '' ? undefined : { variable, value }
}
