import { encodeRoutiium } from '@tallystick/core/event'
import { type Filter, type GroupBy, groupByOf } from '@tallystick/core/query'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ARBITRARY_FROM_MS, ARBITRARY_TO_MS } from '../../../../core/src/event/testing/arbitrary.ts'
import { SEED_LINES } from '../jsonl/testing/workbench.ts'
import { storedEvents, totals } from '../testing/conformance.ts'
import { openRedisStore, type RedisStoreOptions } from './open.ts'
import type { RedisStore } from './redis-store.ts'
import { type RedisTarget, readTarget } from './target.ts'
import { endRedisServers, RedisServer } from './testing/redis-server.ts'

/** What stands in Redis, seen with other eyes than the store's. */

const DAY_MS = 86_400_000
const ALL = { fromMs: 0, toMs: ARBITRARY_TO_MS + 30 * DAY_MS, filters: [], limit: 10_000, ascending: true }

let server: RedisServer
let nowMs = 0
const stores: RedisStore[] = []
const clock = { now: () => nowMs, monotonic: () => performance.now() }
beforeAll(async () => {
  server = await RedisServer.start()
})
beforeEach(async () => {
  for (const store of stores.splice(0)) await store.close()
  await server.ask((redis) => redis.flushall())
  nowMs = ARBITRARY_FROM_MS
})
afterAll(async () => {
  for (const store of stores.splice(0)) await store.close()
  await endRedisServers()
})

async function open(options: Partial<RedisStoreOptions> = {}, search = ''): Promise<RedisStore> {
  const target = readTarget(`//127.0.0.1:${server.port}${search}`, { cluster: false, tls: false }) as RedisTarget
  const store = await openRedisStore({ target, clock, ...options })
  stores.push(store)
  return store
}

/** As Routiium writes an event. */
async function writeAsSeed(redis: Redis, document: (typeof SEED_LINES)[number], ttlSeconds?: number): Promise<void> {
  await redis.set(`analytics:event:${document.id}`, JSON.stringify(document))
  if (ttlSeconds !== undefined) await redis.expire(`analytics:event:${document.id}`, ttlSeconds)
  await redis.zadd('analytics:events:by_time', document.timestamp, document.id)
  await redis.sadd(`analytics:events:by_model:${document.request.model}`, document.id)
  await redis.sadd(`analytics:events:by_endpoint:${document.request.endpoint}`, document.id)
}

/** As Routiium reads a range, both ends included. */
async function readAsSeed(redis: Redis, start: number, end: number): Promise<{ id: string; timestamp: number }[]> {
  const ids = await redis.zrangebyscore('analytics:events:by_time', start, end)
  const texts = await Promise.all(ids.map((id) => redis.get(`analytics:event:${id}`)))
  return texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as { id: string; timestamp: number }]))
}

describe('the layout of Routiium', () => {
  test('as it wrote it is read, counted as of others, and cleared', async () => {
    await server.ask(async (redis) => {
      for (const document of SEED_LINES) await writeAsSeed(redis, document)
    })
    const store = await open()
    expect(await store.stats()).toMatchObject({ events: 3, foreign: 3, appliedOrdinal: 0, cleared: 0 })
    const { events } = await store.scan(ALL)
    expect(events.map(({ event }) => event.eventId)).toEqual(SEED_LINES.map(({ id }) => id))
    expect(events.every(({ ordinal }) => ordinal < 0)).toBe(true)
    expect((await store.query(totals(['model']))).rows).toMatchObject([{ model: 'gpt-4o', requests: 3 }])
    expect((await store.query(totals(), { journaled: true })).rows).toMatchObject([{ requests: 0 }])
    expect(await store.held({ first: 1, last: 100 }, 10)).toEqual([])
    await store.append(storedEvents(5, 1))
    expect(await store.stats()).toMatchObject({ events: 8, foreign: 3 })
    await store.clear()
    expect(await store.stats()).toMatchObject({ events: 0, foreign: 0, cleared: 5 })
  })

  test('as we write it, it reads every event of a range of seconds, and by model and endpoint', async () => {
    const store = await open()
    const events = storedEvents(120, 2)
    await store.append(events)
    await server.ask(async (redis) => {
      for (const { event } of events) {
        const second = Math.floor(event.timestampMs / 1000)
        const read = await readAsSeed(redis, second, second)
        const { id, timestamp } = encodeRoutiium(event, { extended: false })
        expect(read.map((document) => [document.id, document.timestamp])).toContainEqual([id, timestamp])
        const { model, endpoint } = encodeRoutiium(event).request
        if (model) expect(await redis.sismember(`analytics:events:by_model:${model}`, id)).toBe(1)
        if (endpoint) expect(await redis.sismember(`analytics:events:by_endpoint:${endpoint}`, id)).toBe(1)
      }
      const [first] = await readAsSeed(redis, 0, ARBITRARY_TO_MS)
      expect(first).toMatchObject({ request: {}, performance: {}, auth: {}, routing: {} })
    })
  })

  test('loses the names of documents that have expired by themselves', async () => {
    await server.ask(async (redis) => {
      for (const document of SEED_LINES) await writeAsSeed(redis, document)
      await redis.del(`analytics:event:${SEED_LINES[1]?.id}`)
    })
    const store = await open()
    expect((await store.scan(ALL)).events).toHaveLength(2)
    expect(await store.stats()).toMatchObject({ events: 2, foreign: 2 })
  })

  test('with whatever stands in it: what is no document is no event, and what has a wrong type is unknown', async () => {
    await server.ask(async (redis) => {
      const [document] = SEED_LINES as [(typeof SEED_LINES)[number]]
      await writeAsSeed(redis, document)
      await writeAsSeed(redis, {
        ...document,
        id: 'odd',
        request: { ...document.request, input_tokens: 'many' as never },
      })
      for (const [id, text] of [
        ['a', 'no JSON'],
        ['b', '[]'],
        ['c', '{"id":"c","timestamp":"soon"}'],
        ['__proto__', 'null'],
      ] as const) {
        await redis.set(`analytics:event:${id}`, text)
        await redis.zadd('analytics:events:by_time', document.timestamp, id)
      }
      await redis.lpush('analytics:event:list', 'x')
      await redis.zadd('analytics:events:by_time', document.timestamp, 'list')
    })
    const store = await open()
    expect((await store.query(totals([], ['requests', 'input_tokens']))).rows).toEqual([
      { requests: 2, input_tokens: 42 },
    ])
    expect((await store.scan(ALL)).events).toHaveLength(2)
    const [{ event }] = storedEvents(1, 3) as [ReturnType<typeof storedEvents>[number]]
    await store.append([{ ordinal: 1, receivedMs: 1, event: { ...event, eventId: 'list' } }])
    expect((await store.stats()).foreign).toBe(7)
    expect(await store.held({ first: 1, last: 1 }, 1)).toMatchObject([{ event: { eventId: 'list' } }])
  })
})

test('an id that another event has already overwrites nothing: each tenant has its own', async () => {
  const store = await open()
  const [{ event }] = storedEvents(1, 4) as [ReturnType<typeof storedEvents>[number]]
  const events = ['acme', 'globex', 'initech'].map((tenantId, index) => ({
    ordinal: index + 1,
    receivedMs: 1,
    event: { ...event, tenantId, eventId: 'same' },
  }))
  await store.append(events)
  await server.ask((redis) => redis.hdel('analytics:tallystick:state', 'applied'))
  // What was noted is lost: the same come again.
  await store.append(events)
  expect((await store.scan(ALL)).events).toEqual(events)
  expect(await store.stats()).toMatchObject({ events: 3, foreign: 0 })
  expect(await store.audit()).toEqual({ differences: [] })
})

test('nothing outside the prefix is touched, nor what others keep under it', async () => {
  const others = ['other', 'llm', 'llmx:event:a', 'llm:rate:9', 'analytics:event:seed', 'analytics:events:by_time']
  await server.ask(async (redis) => {
    for (const key of others) await redis.set(key, 'theirs')
  })
  const store = await open({}, '?prefix=llm:')
  await store.append(storedEvents(40, 5))
  await store.prune({ eventsBeforeMs: ARBITRARY_FROM_MS + 2 * DAY_MS })
  await store.clear()
  await server.ask(async (redis) => {
    expect((await redis.keys('*')).sort()).toEqual([...others, 'llm:tallystick:state'].sort())
    for (const key of others) expect(await redis.get(key)).toBe('theirs')
  })
})

describe('retention', () => {
  const ttlMs = 2 * DAY_MS

  test('hides at once, drops from every index, and has Redis drop what no server drops', async () => {
    const store = await open({ eventsTtlMs: ttlMs })
    const events = storedEvents(200, 6, (event, index) => ({ ...event, eventId: `e${index}` }))
    await store.append(events)
    nowMs = ARBITRARY_FROM_MS + 5 * DAY_MS
    const kept = events.filter(({ event }) => event.timestampMs >= nowMs - ttlMs)
    expect((await store.scan(ALL)).events).toHaveLength(kept.length)
    await store.prune({ eventsBeforeMs: nowMs - ttlMs })
    expect(await store.stats()).toMatchObject({ events: kept.length, expired: 200 - kept.length })
    await server.ask(async (redis) => {
      const names = new Set(await redis.zrange('analytics:events:by_time', 0, -1))
      expect(names.size).toBe(kept.length)
      expect(await redis.keys('analytics:event:*')).toHaveLength(kept.length)
      for (const key of await redis.keys('analytics:events:by_[me]*'))
        for (const name of await redis.smembers(key)) expect(names).toContain(name)
      for (const { event } of kept) {
        const left = await redis.pttl(`analytics:event:${event.eventId}`)
        // Written at the beginning, by a clock that stands still.
        const due = event.timestampMs + ttlMs + DAY_MS - ARBITRARY_FROM_MS
        expect(Math.abs(left - due)).toBeLessThan(60_000)
      }
    })
  })

  test('that is changed holds for what is there', async () => {
    const events = storedEvents(20, 7)
    await (await open()).append(events)
    const ttls = (): Promise<number[]> =>
      server.ask((redis) => Promise.all(events.map(({ event }) => redis.pttl(`analytics:event:${event.eventId}`))))
    expect(new Set(await ttls())).toEqual(new Set([-1]))
    await (await open({ eventsTtlMs: 30 * DAY_MS })).append([], { after: 20 })
    expect(Math.min(...(await ttls()))).toBeGreaterThan(DAY_MS)
    await (await open()).append([], { after: 20 })
    expect(new Set(await ttls())).toEqual(new Set([-1]))
  })

  test('does not reach what is held back, not by Redis either', async () => {
    const store = await open({ eventsTtlMs: ttlMs })
    const events = storedEvents(60, 8)
    await store.append(events)
    nowMs = ARBITRARY_FROM_MS + 20 * DAY_MS
    expect(await store.prune({ eventsBeforeMs: ARBITRARY_FROM_MS })).toEqual({ eventsDropped: 0 })
    const ttls = await server.ask((redis) =>
      Promise.all(events.map(({ event }) => redis.pttl(`analytics:event:${event.eventId}`))),
    )
    expect(new Set(ttls)).toEqual(new Set([-1]))
  })
})

describe('an index', () => {
  const filterBy = (name: string, ...values: string[]): Filter => ({
    by: groupByOf(name) as GroupBy,
    values,
    negate: false,
  })
  /** 4,000 events over as many minutes: one in ten of `few`, three of `rare`. */
  const events = storedEvents(1, 9).flatMap(({ event }) =>
    Array.from({ length: 4_000 }, (_, n) => ({
      ordinal: n + 1,
      receivedMs: 1,
      event: {
        ...event,
        kind: 'llm_request_completed' as const,
        eventId: `e${n}`,
        timestampMs: ARBITRARY_FROM_MS + n * 60_000,
        requestModel: n % 1_500 === 7 ? 'rare' : n % 10 === 0 ? 'few' : 'most',
        endpoint: n % 4 === 0 ? '/v1/responses' : '/v1/chat/completions',
      },
    })),
  )

  /** Documents that Redis was asked for meanwhile. */
  async function read(task: () => Promise<unknown>): Promise<number> {
    const before = await sent()
    await task()
    return Math.round(((await sent()) - before) / 1000)
  }
  const sent = async (): Promise<number> =>
    Number(/total_net_output_bytes:(\d+)/.exec(await server.ask((redis) => redis.info('stats')))?.[1])

  test('of models and of endpoints spares reading what is not asked for', async () => {
    const store = await open()
    await store.append(events)
    const range = { fromMs: ARBITRARY_FROM_MS, toMs: ARBITRARY_TO_MS }
    const ask = (...filters: Filter[]) => read(() => store.query({ ...totals(), ...range, filters }))
    const all = await ask()
    expect(all).toBeGreaterThan(4_000)
    expect(await ask(filterBy('model', 'few'))).toBeLessThan(all / 7)
    expect(await ask(filterBy('model', 'rare'))).toBeLessThan(20)
    expect(await ask(filterBy('model', 'nobody'))).toBeLessThan(10)
    expect(await ask(filterBy('endpoint', '/v1/responses'))).toBeLessThan(all / 3)
    expect(await ask(filterBy('model', 'few', 'rare'), filterBy('endpoint', '/v1/responses'))).toBeLessThan(all / 7)
    const page = { ...range, limit: 20, filters: [filterBy('model', 'few')] }
    expect(await read(() => store.scan(page))).toBeLessThan(200)
    const found = await store.scan(page)
    expect(found.events.map(({ event }) => event.requestModel)).toEqual(Array.from({ length: 20 }, () => 'few'))
  })
})

describe('a Redis that drops keys when it is full', () => {
  test('is warned of, or refused where that is asked for', async () => {
    await server.ask(async (redis) => {
      await redis.config('SET', 'maxmemory', '200mb')
      await redis.config('SET', 'maxmemory-policy', 'allkeys-lru')
    })
    try {
      const told: string[] = []
      const store = await open({ onWarning: (warning) => void told.push(warning) })
      await store.append(storedEvents(1, 10))
      expect(told).toEqual([expect.stringContaining('allkeys-lru')])
      expect((await store.stats()).warnings).toEqual(told)
      await expect(open({}, '?eviction=refuse')).rejects.toMatchObject({
        code: 'invalid_config',
        message: expect.stringContaining('noeviction'),
      })
    } finally {
      await server.ask((redis) => redis.config('SET', 'maxmemory', '0'))
    }
  })

  test('and has dropped documents is found out: by whoever reads, and by the audit', async () => {
    const store = await open()
    const events = storedEvents(30, 11)
    await store.append(events)
    await server.ask((redis) => redis.del(`analytics:event:${events[3]?.event.eventId}`))
    await store.query(totals())
    expect((await store.stats()).warnings).toEqual([expect.stringContaining('1 events have lost their document')])
    expect((await store.audit()).differences).toHaveLength(1)
  })

  test('and has dropped the index of times is filled again', async () => {
    const store = await open()
    const events = storedEvents(30, 12)
    await store.append(events)
    await server.ask((redis) => redis.del('analytics:events:by_time'))
    await expect(store.append([], { after: 30 })).rejects.toMatchObject({ code: 'store_unavailable' })
    expect((await store.stats()).appliedOrdinal).toBe(0)
    await store.append(events)
    expect(await store.stats()).toMatchObject({ events: 30, foreign: 0 })
    expect(await store.audit()).toEqual({ differences: [] })
  })
})
