import { basename, join } from 'node:path'
import { endRedisServers, RedisServer } from '../../store/redis/testing/redis-server.ts'

/** A store that events are moved out of and into in tests. */
export interface MovableStore {
  readonly name: string
  /** Its URL; a fresh one for each folder. */
  readonly url: (dir: string) => string | Promise<string>
}

let redis: Promise<RedisServer> | undefined

/** Ends what the stores of a test needed. */
export async function endServices(): Promise<void> {
  redis = undefined
  await endRedisServers()
}

/** Every store that outlives a process. */
export const MOVABLE: readonly MovableStore[] = [
  { name: 'jsonl', url: (dir) => `jsonl:${join(dir, 'analytics.jsonl')}` },
  { name: 'duckdb', url: (dir) => `duckdb:${join(dir, 'tallystick.duckdb')}` },
  {
    name: 'redis',
    async url(dir) {
      redis ??= RedisServer.start()
      return `${(await redis).url}?prefix=${basename(dir)}:`
    },
  },
]

/** Each into each other. */
export const PAIRS: readonly (readonly [MovableStore, MovableStore])[] = MOVABLE.flatMap((from) =>
  MOVABLE.filter((to) => to !== from).map((to) => [from, to] as const),
)
