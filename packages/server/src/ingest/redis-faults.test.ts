import { createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { isTallystickError } from '@tallystick/core'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openRedisStore } from '../store/redis/open.ts'
import { type RedisTarget, readTarget } from '../store/redis/target.ts'
import { endRedisServers, freePort, RedisServer } from '../store/redis/testing/redis-server.ts'
import type { UsageStore } from '../store/store.ts'
import { totals } from '../store/testing/conformance.ts'
import { type Bench, idsIn, openBench, temporaryDir } from './testing/harness.ts'

/** What a Redis that fails costs: no event, no waiting at the door, and nobody has to do anything. */

const AOF = ['--appendonly', 'yes', '--appendfsync', 'always']
const PATIENCE = { answerMs: 500, connectMs: 500 }

let redis: RedisServer
let bench: Bench
let sent: string[]
const stores: UsageStore[] = []

const target = (port: number): RedisTarget =>
  readTarget(`//127.0.0.1:${port}`, { cluster: false, tls: false }) as RedisTarget

async function open(port: number, dir?: string): Promise<Bench> {
  const store = await openRedisStore({ target: target(port), patience: PATIENCE })
  stores.push(store)
  const opened = await openBench({ store, ...(dir === undefined ? {} : { dir }) })
  return opened
}

/** Sends a batch; the acknowledgement must not wait for Redis. */
async function send(count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, n) => `e-${sent.length + n}`)
  const items = ids.map((event_id) => ({ event_id, model: 'gpt-4o', input_tokens: 3 }))
  const answer = await bench.ingest.submit({ items, door: 'native' })
  expect(answer.accepted).toBe(count)
  sent.push(...ids)
}

const trouble = (): string | undefined => bench.ingest.progress().storeError

async function expectTrouble(pattern: RegExp): Promise<void> {
  await expect.poll(trouble, { timeout: 10_000, interval: 20 }).toMatch(pattern)
}

/** All that was acknowledged is there, once each, and the books balance. */
async function expectHealed(): Promise<void> {
  await expect
    .poll(async () => [trouble(), (await idsIn(bench.store).catch(() => [])).length], { timeout: 20_000, interval: 50 })
    .toEqual([undefined, sent.length])
  await bench.ingest.applied()
  expect([...(await idsIn(bench.store))].sort()).toEqual([...sent].sort())
  expect((await bench.ingest.invariants()).store).toMatchObject({ balanced: true, live: sent.length, pending_apply: 0 })
  expect(await bench.store.audit?.()).toEqual({ differences: [] })
}

beforeEach(() => {
  sent = []
})
afterEach(async () => {
  await bench.close()
  for (const store of stores.splice(0)) await store.close()
  await endRedisServers()
})
afterAll(endRedisServers)

describe('Redis that keeps what it has', () => {
  beforeEach(async () => {
    redis = await RedisServer.start(AOF)
    bench = await open(redis.port)
    await send(20)
    await expectHealed()
  })

  test.each(['SIGKILL', 'SIGTERM'] as const)('ended by %s and started again goes on where it was', async (signal) => {
    await redis.stop(signal)
    await send(20)
    await expectTrouble(/ECONNREFUSED/)
    await expect(bench.store.query(totals())).rejects.toMatchObject({ code: 'store_unavailable' })
    expect((await bench.ingest.invariants()).store).toMatchObject({
      balanced: true,
      accepted: 40,
      live: 20,
      pending_apply: 20,
    })
    await redis.start()
    await send(20)
    await expectHealed()
  })

  test('that answers slowly is waited for, while events are taken in', async () => {
    await redis.ask((client) => client.client('PAUSE', 2500, 'ALL'))
    await send(20)
    await expectTrouble(/timed out/i)
    await send(20)
    await expectHealed()
  })

  test('that is read-only for a while is filled when it is no longer', async () => {
    const other = await RedisServer.start()
    await redis.ask((client) => client.replicaof('127.0.0.1', other.port))
    await send(5)
    await expectTrouble(/READONLY|lost/)
    await redis.ask((client) => client.replicaof('NO', 'ONE'))
    await send(5)
    await expectHealed()
  })

  test('that has no memory left is filled when it has some again, and answers meanwhile', async () => {
    await redis.ask((client) => client.config('SET', 'maxmemory', '1mb'))
    await send(20)
    await expectTrouble(/OOM/)
    expect((await idsIn(bench.store)).length).toBe(20)
    await redis.ask((client) => client.config('SET', 'maxmemory', '0'))
    await expectHealed()
  })
})

describe('Redis that has lost what it had', () => {
  beforeEach(async () => {
    redis = await RedisServer.start()
    bench = await open(redis.port)
    await send(20)
    await expectHealed()
  })

  test('by FLUSHALL, although nothing is sent, is filled from the journal', async () => {
    await redis.ask((client) => client.flushall())
    await expectTrouble(/lost what it had applied/)
    await expectHealed()
  })

  test('by FLUSHALL between two batches is filled in order', async () => {
    await redis.ask((client) => client.flushall())
    await send(20)
    await expectHealed()
    await redis.stop()
    await redis.start()
    await send(20)
    await expectHealed()
  })

  test('while the server was down is filled at its start', async () => {
    await bench.close()
    await redis.ask((client) => client.flushall())
    bench = await open(redis.port, bench.dir)
    await send(20)
    await expectHealed()
  })

  test('because a replica that lags has taken its place is given what that lacks', async () => {
    const replica = await RedisServer.start(['--replicaof', '127.0.0.1', String(redis.port)])
    await expect.poll(() => replica.ask((client) => client.dbsize()), { timeout: 10_000 }).toBeGreaterThan(20)
    // From here on the replica sees nothing, as one does whose link is down.
    await replica.ask((client) => client.replicaof('NO', 'ONE'))
    await send(30)
    await expect.poll(async () => (await idsIn(bench.store)).length).toBe(50)
    const { port } = redis
    await redis.stop()
    await replica.ask((client) => client.config('SET', 'port', port))
    await expectHealed()
  })
})

describe('Redis that is not there at the start', () => {
  test('is not waited for: events are taken in, and it is filled when it comes', async () => {
    const port = await freePort()
    bench = await open(port)
    await send(20)
    await expectTrouble(/ECONNREFUSED/)
    await expect(bench.store.stats()).rejects.toMatchObject({ code: 'store_unavailable' })
    redis = await RedisServer.start([], port)
    await expectHealed()
  })

  test('is no Redis at all: what it says is no answer, and a real one in its place is filled', async () => {
    const port = await freePort()
    const garbage: Server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
    })
    await new Promise<void>((resolve) => garbage.listen(port, '127.0.0.1', resolve))
    bench = await open(port)
    await send(20)
    await expectTrouble(/does not answer as Redis does/)
    await new Promise((resolve) => garbage.close(resolve))
    redis = await RedisServer.start([], port)
    await expectHealed()
  })

  test('comes with the events of another server: they are left alone, and it is said', async () => {
    redis = await RedisServer.start()
    bench = await open(redis.port)
    await send(10)
    await expectHealed()
    const first = bench
    const error = await open(redis.port, await temporaryDir()).catch((refused: unknown) => refused)
    expect(isTallystickError(error) && error.code).toBe('store_corrupt')
    bench = first
    await expectHealed()
  })
})

test('while Redis loads its data it is waited for', async () => {
  redis = await RedisServer.start([...AOF, '--enable-debug-command', 'yes'])
  bench = await open(redis.port)
  await send(20)
  await expectHealed()
  await redis.ask(async (client) => {
    for (let n = 0; n < 20; n++) await client.call('DEBUG', 'POPULATE', 10_000, `filler${n}`, 200)
    await client.config('SET', 'key-load-delay', 150)
    await client.config('SET', 'loading-process-events-interval-bytes', 1024)
    // Saves what it has and reads it back: keys of POPULATE stand in no append-only file.
    void client.call('DEBUG', 'RELOAD').catch(() => undefined)
    await sleep(200)
  })
  await send(5)
  await expectTrouble(/LOADING|timed out/)
  await redis.ask((client) => client.config('SET', 'key-load-delay', 0))
  await expectHealed()
}, 60_000)
