import { fold } from '@tallystick/core/query'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ARBITRARY_FROM_MS, ARBITRARY_TO_MS } from '../../../../core/src/event/testing/arbitrary.ts'
import { storedEvents, totals } from '../testing/conformance.ts'
import { openRedisStore } from './open.ts'
import type { RedisStore } from './redis-store.ts'
import { type RedisTarget, readTarget } from './target.ts'
import { endRedisServers, type RedisServer, startCluster } from './testing/redis-server.ts'

/** Three masters, started for this file. */

let nodes: readonly RedisServer[]
beforeAll(async () => {
  nodes = await startCluster()
}, 60_000)
afterAll(endRedisServers)

const clock = { now: () => ARBITRARY_FROM_MS, monotonic: () => performance.now() }
const target = (prefix: string): RedisTarget =>
  readTarget(`//${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}?prefix=${prefix}:`, {
    cluster: true,
    tls: false,
  }) as RedisTarget
const open = (prefix: string): Promise<RedisStore> => openRedisStore({ target: target(prefix), clock })

const ALL = { fromMs: 0, toMs: ARBITRARY_TO_MS + 86_400_000, filters: [], limit: 10_000, ascending: true }

test('a batch is spread over all masters, and comes back as one store', async () => {
  const store = await open('spread')
  const events = storedEvents(200, 1)
  await store.append(events)
  const sizes = await Promise.all(nodes.map((node) => node.ask((redis) => redis.dbsize())))
  expect(Math.min(...sizes)).toBeGreaterThan(50)
  const plain = events.map(({ event }) => event)
  for (const query of [totals(), totals(['model'])])
    expect((await store.query(query)).rows).toEqual(fold(query, plain).rows)
  const sorted = [...events].sort((a, b) => a.event.timestampMs - b.event.timestampMs || a.ordinal - b.ordinal)
  expect((await store.scan(ALL)).events).toEqual(sorted)
  expect((await store.scan({ ...ALL, ascending: false, limit: 7 })).events).toEqual(sorted.reverse().slice(0, 7))
  expect(await store.held({ first: 20, last: 30 }, 5)).toEqual(events.slice(19, 24))
  expect(await store.stats()).toMatchObject({ events: 200, appliedOrdinal: 200, foreign: 0 })
  expect(await store.audit()).toEqual({ differences: [] })
  const eventsBeforeMs = ARBITRARY_FROM_MS + 86_400_000 * 3
  const { eventsDropped } = await store.prune({ eventsBeforeMs })
  expect(eventsDropped).toBe(events.filter(({ event }) => event.timestampMs < eventsBeforeMs).length)
  await store.clear()
  expect(await store.stats()).toMatchObject({ events: 0, expired: 0, cleared: 200, appliedOrdinal: 200 })
  const left = await Promise.all(nodes.map((node) => node.ask((redis) => redis.keys('spread:*'))))
  expect(left.flat().every((key) => key.endsWith(':tallystick:state'))).toBe(true)
  await store.close()
})

test('a master that has lost its keys is noticed, and the same events fill what is missing', async () => {
  const store = await open('lost')
  const events = storedEvents(100, 2)
  await store.append(events)
  await (nodes[1] as RedisServer).ask((redis) => redis.flushall())
  await expect(store.append([], { after: 100 })).rejects.toMatchObject({ code: 'store_unavailable' })
  expect((await store.stats()).appliedOrdinal).toBe(0)
  await store.append(events, { after: 0 })
  expect(await store.stats()).toMatchObject({ events: 100, appliedOrdinal: 100 })
  expect(await store.audit()).toEqual({ differences: [] })
  await store.close()
})

test('a URL without +cluster is told how to write it', async () => {
  const [{ port }] = nodes as [RedisServer]
  const single = readTarget(`//127.0.0.1:${port}`, { cluster: false, tls: false }) as RedisTarget
  await expect(openRedisStore({ target: single })).rejects.toMatchObject({
    code: 'invalid_config',
    message: expect.stringContaining('redis+cluster://'),
  })
})
