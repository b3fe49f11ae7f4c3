import { mkdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { startClickhouse } from '../../../../../test/engines/clickhouse/start.ts'
import type { ClickhouseStore } from '../clickhouse/clickhouse-store.ts'
import { openTestStore } from '../clickhouse/testing/open-test-store.ts'
import { type DuckdbStore, openDuckdbStore } from '../duckdb/open.ts'
import { openJsonlStore } from '../jsonl/open.ts'
import { openMemoryStore } from '../memory.ts'
import { openRedisStore } from '../redis/open.ts'
import { type RedisTarget, readTarget } from '../redis/target.ts'
import { endRedisServers, RedisServer } from '../redis/testing/redis-server.ts'
import type { ParityStore } from './parity.ts'

/** THE table of stores that must answer alike, and what ends the engines behind them. */
export async function startParityStores(): Promise<{
  readonly stores: readonly ParityStore[]
  readonly stop: () => Promise<void>
}> {
  const [clickhouse, redis] = await Promise.all([startClickhouse(), RedisServer.start()])
  return {
    stores: [
      { name: 'memory', open: async (_dir, clock) => openMemoryStore({ clock }) },
      { name: 'jsonl', open: (dir, clock) => openJsonlStore({ path: join(made(dir), 'a.jsonl'), clock }) },
      {
        name: 'duckdb',
        open: (dir, clock) => openDuckdbStore({ path: join(made(dir), 'a.duckdb'), clock, maintainEveryMs: 0 }),
        maintain: (store) => (store as DuckdbStore).maintain(),
      },
      {
        name: 'clickhouse',
        open: (dir, clock) => openTestStore(clickhouse, dir, clock),
        maintain: (store) => (store as ClickhouseStore).maintain(),
      },
      { name: 'redis', open: (dir, clock) => openRedisStore({ target: redisTarget(redis, dir), clock }) },
    ],
    stop: async () => {
      await clickhouse.stop()
      await endRedisServers()
    },
  }
}

function made(dir: string): string {
  mkdirSync(dir, { recursive: true })
  return dir
}

/** Each round has a prefix of its own. */
const redisTarget = ({ port }: RedisServer, dir: string): RedisTarget =>
  readTarget(`//127.0.0.1:${port}?prefix=${basename(dirname(dir))}:`, { cluster: false, tls: false }) as RedisTarget
