import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LONG, thorough } from '../../packages/core/src/testing/thorough.ts'
import { endRedisServers, RedisServer } from '../../packages/server/src/store/redis/testing/redis-server.ts'
import { tallystick } from '../e2e/cli.ts'
import { expectExactly, lawOf } from './testing/figures.ts'
import { HttpClient } from './testing/http-client.ts'
import { killAndRestart } from './testing/kill-and-restart.ts'
import { Oracle } from './testing/oracle.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'

/** The built server on a real Redis; the faults of Redis one by one stand in `packages/server/src/ingest/redis-faults.test.ts`. */

let redis: RedisServer
let dataDir: string
const client = new HttpClient()
const flags = (): readonly string[] => ['--store', redis.url]
// One for each test: on a busy disk a FLUSHALL waits up to 2 s for the file, and a kill brings back what it removed.
beforeEach(async () => {
  redis = await RedisServer.start(['--appendonly', 'yes'])
  dataDir = mkdtempSync(join(tmpdir(), 'redis-store-'))
})
afterEach(async () => {
  await endServers()
  await endRedisServers()
  rmSync(dataDir, { recursive: true })
})

/** Resolves once it is ready; else fails with what `/readyz` answered last. */
const expectReady = (url: string): Promise<void> =>
  expect
    .poll(async () => (await client.call(`${url}/readyz`)).text, { timeout: 30_000, interval: 100 })
    .toContain('"status":"ready"')

test(
  'killed at any moment nothing is lost or doubled',
  async () => {
    await killAndRestart(dataDir, thorough(2, 3), thorough(16, 9), flags())
  },
  thorough(120_000, 600_000),
)

test('events are taken in while Redis is away, the status says so, and all of it is there when it comes back', async () => {
  const server = await ServerProcess.start(dataDir, flags())
  const oracle = new Oracle(1, Date.now())
  await oracle.sendNew(client, server.url, 300)
  await expectExactly(client, server.url, oracle.events())
  await redis.stop()
  await oracle.sendNew(client, server.url, 300)
  const ready = (): Promise<unknown> => client.call(`${server.url}/readyz`)
  await expect.poll(ready, { timeout: 10_000 }).toMatchObject({ status: 503 })
  const status = async (): Promise<unknown> => (await client.call(`${server.url}/api/v1/status`)).json
  await expect.poll(status, { timeout: 10_000 }).toMatchObject({
    readiness: { status: 'unavailable', store_error: expect.stringContaining('ECONNREFUSED') },
    store: { backend_type: 'redis', events: 300, lag_events: 300 },
  })
  expect(await lawOf(client, server.url)).toMatchObject({ balanced: true, store: { live: 300, pending_apply: 300 } })
  const asked = await client.post(`${server.url}/api/v1/query`, { measures: ['requests'] })
  expect(asked).toMatchObject({ status: 503, json: { code: 'store_unavailable' } })
  await redis.start()
  await expectReady(server.url)
  await redis.ask((to) => to.flushall())
  await oracle.sendNew(client, server.url, 50)
  await expectExactly(client, server.url, oracle.events())
  expect(await server.stop()).toBe(0)
}, 60_000)

test('a server that starts without Redis takes events in; verify and rebuild know the store', async () => {
  await redis.stop()
  const server = await ServerProcess.start(dataDir, flags())
  const oracle = new Oracle(2, Date.now())
  await oracle.sendNew(client, server.url, 200)
  await redis.start()
  await expectReady(server.url)
  await expectExactly(client, server.url, oracle.events())
  expect(await server.stop()).toBe(0)

  const all = [...flags(), '--data', dataDir]
  const agree = { code: 0, out: expect.stringContaining('All agree.') }
  if (LONG) expect(await tallystick(['verify', ...all])).toMatchObject(agree)
  await redis.ask(async (to) => {
    const [name] = await to.zrangebyscore('analytics:events:by_time', '-inf', '+inf', 'LIMIT', 0, 1)
    await to.del(`analytics:event:${name}`)
  })
  expect((await tallystick(['verify', ...all])).code).not.toBe(0)
  expect(await tallystick(['rebuild', ...all])).toMatchObject({ code: 0, out: expect.stringContaining('200 events') })
  expect(await tallystick(['verify', ...all])).toMatchObject(agree)
}, 60_000)
