import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { Prng } from '../../packages/core/src/journal/testing/prng.ts'
import { endRedisServers, RedisServer } from '../../packages/server/src/store/redis/testing/redis-server.ts'
import { expectExactly, lawOf } from './testing/figures.ts'
import { HttpClient } from './testing/http-client.ts'
import { killAndRestart } from './testing/kill-and-restart.ts'
import { LawWatch } from './testing/law-watch.ts'
import { Oracle } from './testing/oracle.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'redis-store-'))
})
afterEach(async () => {
  await endServers()
  await endRedisServers()
  rmSync(dataDir, { recursive: true })
})
afterAll(endRedisServers)

test('a hundred kills of the server, nothing lost or doubled', async () => {
  const redis = await RedisServer.start()
  await killAndRestart(dataDir, 100, 31, ['--store', redis.url])
}, 600_000)

/** What is done to Redis; each of them heals, or is healed by the next. */
const FAULTS: readonly ((redis: RedisServer, prng: Prng) => Promise<unknown>)[] = [
  (redis) => redis.stop('SIGKILL'),
  (redis) => redis.stop('SIGTERM'),
  (redis) => redis.ask((to) => to.flushall()),
  (redis, prng) => redis.ask((to) => to.client('PAUSE', 500 + prng.below(6000), 'ALL')),
  (redis) => redis.ask((to) => to.config('SET', 'maxmemory', '1mb')),
  (redis) => redis.ask((to) => to.del('analytics:tallystick:state')),
  (redis) => redis.ask((to) => to.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')),
  (redis) => redis.ask((to) => to.script('FLUSH')),
]

test('Redis failing in every way, one after the other and under load, costs no event and doubles none', async () => {
  const prng = new Prng(32)
  const redis = await RedisServer.start(['--appendonly', 'yes', '--appendfsync', 'no'])
  const server = await ServerProcess.start(dataDir, ['--store', redis.url])
  const oracle = new Oracle(33, Date.now())
  const client = new HttpClient(2)
  const watch = new LawWatch(() => server.url)
  const over = new AbortController()
  const load = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await oracle.sendNew(client, server.url, 100)
      await sleep(200)
    }
  }
  const loading = load()
  for (let round = 0; round < 30; round++) {
    const fault = FAULTS[prng.below(FAULTS.length)] as (typeof FAULTS)[number]
    await fault(redis, prng).catch(() => undefined)
    await sleep(200 + prng.below(1500))
    // Whatever was done is undone, but for what it has cost.
    await redis.stop().catch(() => undefined)
    await redis.start()
    await sleep(prng.below(1500))
  }
  over.abort()
  await loading
  const status = async (): Promise<unknown> => (await client.call(`${server.url}/api/v1/status`)).json
  await expect
    .poll(status, { timeout: 120_000, interval: 500 })
    .toMatchObject({ readiness: { status: 'ready' }, store: { lag_events: 0 } })
  await expectExactly(client, server.url, oracle.events())
  expect(await lawOf(client, server.url)).toMatchObject({ balanced: true, store: { pending_apply: 0 } })
  await watch.stop()
  expect(watch.unbalanced).toEqual([])
  expect(oracle.broken).toEqual([])
  expect(oracle.acked.size).toBeGreaterThan(3_000)
  expect(await server.stop()).toBe(0)
}, 600_000)
