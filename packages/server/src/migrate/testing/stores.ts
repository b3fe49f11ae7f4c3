import { createHash } from 'node:crypto'
import { basename, join } from 'node:path'
import { type ClickhouseEngine, startClickhouse } from '../../../../../test/engines/clickhouse/start.ts'
import { endRedisServers, RedisServer } from '../../store/redis/testing/redis-server.ts'

/** A store that events are moved out of and into in tests. */
export interface MovableStore {
  readonly name: string
  /** Its URL; a fresh one for each folder. */
  readonly url: (dir: string) => string | Promise<string>
  /** The highest ordinal that it has room for. */
  readonly maxOrdinal: number
}

let redis: Promise<RedisServer> | undefined
let clickhouse: Promise<ClickhouseEngine> | undefined

/** Ends what the stores of a test needed. */
export async function endServices(): Promise<void> {
  const engine = await clickhouse?.catch(() => undefined)
  redis = undefined
  clickhouse = undefined
  await Promise.all([endRedisServers(), engine?.stop()])
}

/** Every store that outlives a process. */
export const MOVABLE: readonly MovableStore[] = [
  { name: 'jsonl', url: (dir) => `jsonl:${join(dir, 'analytics.jsonl')}`, maxOrdinal: 2 ** 53 - 1 },
  { name: 'duckdb', url: (dir) => `duckdb:${join(dir, 'tallystick.duckdb')}`, maxOrdinal: 2 ** 53 - 1 },
  {
    name: 'redis',
    async url(dir) {
      redis ??= RedisServer.start()
      return `${(await redis).url}?prefix=${basename(dir)}:`
    },
    maxOrdinal: 2 ** 53 - 1,
  },
  {
    name: 'clickhouse',
    async url(dir) {
      clickhouse ??= startClickhouse()
      return (await clickhouse).storeUrl(`moved_${createHash('sha256').update(dir).digest('hex').slice(0, 16)}`)
    },
    maxOrdinal: 2 ** 40 - 1,
  },
]

/** Each into each other. */
export const PAIRS: readonly (readonly [MovableStore, MovableStore])[] = MOVABLE.flatMap((from) =>
  MOVABLE.filter((to) => to !== from).map((to) => [from, to] as const),
)
