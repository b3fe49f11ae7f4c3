import { join } from 'node:path'
import { type Journal, type JournalEnd, type OrdinalRange, openJournal } from '@tallystick/core/journal'
import { describe, expect, test } from 'vitest'
import { openMemoryStore } from '../../store/memory.ts'
import type { Repricing } from '../../store/repriced.ts'
import { repricingBody } from '../../store/repricing-record.ts'
import type { StoredEvent, UsageStore } from '../../store/store.ts'
import { turn } from '../testing/gate.ts'
import { NOON, openBench, temporaryDir } from '../testing/harness.ts'
import type { Applier, ExpectedEvents } from './applier.ts'
import { openFeeding } from './feeding.ts'
import { openFollowing } from './following.ts'

/** A memory store that can be told to fail, and tells what it was given. */
function moodyStore(): UsageStore & {
  readonly batches: number[][]
  readonly repricings: number[][]
  failing: boolean
} {
  const store = openMemoryStore({ maxEvents: 100_000 })
  const batches: number[][] = []
  const repricings: number[][] = []
  return Object.assign(Object.create(store) as UsageStore, {
    batches,
    repricings,
    failing: false,
    async append(this: { failing: boolean }, events: readonly StoredEvent[]) {
      if (this.failing) throw new Error('the store is away')
      batches.push(events.map(({ ordinal }) => ordinal))
      await store.append(events)
    },
    async reprice(handed: readonly Repricing[]) {
      repricings.push(handed.map(({ ordinal }) => ordinal))
      await store.reprice(handed)
    },
    held: (wanted: OrdinalRange, limit: number) => store.held(wanted, limit),
    stats: () => store.stats(),
    clear: () => store.clear(),
  })
}

const stored = (ordinal: number): StoredEvent => ({
  ordinal,
  receivedMs: NOON,
  event: { eventId: `e${ordinal}`, timestampMs: NOON, kind: 'router_started' },
})
const range = (first: number, last: number): StoredEvent[] =>
  Array.from({ length: last - first + 1 }, (_, n) => stored(first + n))

async function openTestJournal(
  dir: string,
): Promise<{ log: Journal; dir: string; write: (count: number) => Promise<StoredEvent[]> }> {
  const log = await openJournal({ dir: join(dir, 'journal'), commitDelayMs: 0 })
  const write = async (count: number): Promise<StoredEvent[]> => {
    const first = log.end().ordinal + 1
    const bodies = range(first, first + count - 1).map(({ event }) => ({
      type: 'event' as const,
      body: `"r":${NOON},"h":"${'0'.repeat(16)}","e":{"event_id":"${event.eventId}","timestamp_ms":${NOON},"kind":"router_started"}`,
    }))
    await log.append(bodies).durable
    return range(first, first + count - 1)
  }
  return { log, dir: join(dir, 'journal'), write }
}

function deliver(applier: Applier, events: readonly StoredEvent[], durable = true): ExpectedEvents {
  const expected = applier.expect(events)
  applier.settle(expected, durable)
  return expected
}

describe('feeding a store', () => {
  test('happens in ordinal order, whatever order deliveries settle in, without those that failed', async () => {
    const store = moodyStore()
    const applier = await openFeeding({ store, onError: () => {} })
    const [a, b, c] = [applier.expect(range(1, 2)), applier.expect(range(3, 4)), applier.expect(range(5, 6))]
    applier.settle(c, true)
    applier.settle(b, false)
    await turn()
    expect(store.batches).toEqual([])
    applier.settle(a, true)
    await applier.applied(6)
    expect(store.batches.flat()).toEqual([1, 2, 5, 6])
    expect(applier.progress()).toEqual({ appliedOrdinal: 6 })
    await applier.close()
  })

  test('is tried again when the store fails, and what is wrong is told once and shown meanwhile', async () => {
    const store = moodyStore()
    const errors: unknown[] = []
    const applier = await openFeeding({ store, onError: (error) => errors.push(error) })
    store.failing = true
    deliver(applier, range(1, 3))
    await turn()
    expect(applier.progress()).toEqual({ appliedOrdinal: 0, storeError: 'the store is away' })
    store.failing = false
    await applier.applied(3)
    expect(applier.progress()).toEqual({ appliedOrdinal: 3 })
    expect(errors).toHaveLength(1)
    await applier.close()
  })

  test('whoever waits for a store that keeps failing is told why', async () => {
    const store = moodyStore()
    const applier = await openFeeding({ store, onError: () => {} })
    store.failing = true
    deliver(applier, range(1, 1))
    await expect(applier.applied(1)).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('the store is away'),
    })
    await applier.close()
  })

  test('goes on from the journal when memory for a lagging store is used up, and comes back to memory', async () => {
    const journal = await openTestJournal(await temporaryDir())
    const store = moodyStore()
    const applier = await openFeeding({ store, journal, maxQueued: 10, onError: () => {} })
    store.failing = true
    const held = []
    for (let n = 0; n < 20; n++) held.push(deliver(applier, await journal.write(4)))
    expect(held.filter(({ events }) => events).length).toBe(2)
    store.failing = false
    await applier.applied(80)
    expect(store.batches.flat()).toEqual(range(1, 80).map(({ ordinal }) => ordinal))
    expect(deliver(applier, await journal.write(4)).events).toBeDefined()
    await applier.applied(84)
    await applier.close()
    expect((await store.stats()).events).toBe(84)
    expect(journal.log.cursors().get('store')?.ordinal).toBe(84)
    await journal.log.close()
  })

  test('begins with what the journal holds and the store does not', async () => {
    const journal = await openTestJournal(await temporaryDir())
    await journal.write(5000)
    const store = moodyStore()
    await store.append(range(1, 7))
    const applier = await openFeeding({ store, journal, onError: () => {} })
    deliver(applier, await journal.write(3))
    await applier.applied(5003)
    expect(store.batches.flat()).toEqual(range(1, 5003).map(({ ordinal }) => ordinal))
    await applier.close()
    await journal.log.close()
  })

  test('is refused with a journal that ends before the store: its events would be taken for old ones', async () => {
    const journal = await openTestJournal(await temporaryDir())
    await journal.write(3)
    const store = moodyStore()
    await store.append(range(1, 4))
    await expect(openFeeding({ store, journal, onError: () => {} })).rejects.toMatchObject({ code: 'store_corrupt' })
    await journal.log.close()
  })

  test('a clear in the journal clears the store at its place', async () => {
    const journal = await openTestJournal(await temporaryDir())
    await journal.write(3)
    await journal.log.append([{ type: 'clear', body: '"r":1' }]).durable
    await journal.write(2)
    const store = moodyStore()
    const applier = await openFeeding({ store, journal, onError: () => {} })
    await applier.applied(6)
    expect((await store.stats()).events).toBe(2)
    await applier.close()
    await journal.log.close()
  })

  test('new prices reach a store in their place, from memory and from the journal, those that follow each other together', async () => {
    const journal = await openTestJournal(await temporaryDir())
    const store = moodyStore()
    const { repricings: handed } = store
    const newPrices = async (...ordinals: readonly number[]): Promise<Repricing> => {
      const events = ordinals.map((ordinal) => ({ ordinal, differenceNanoUsd: ordinal, priceId: 'p' }))
      const record = { fromMs: NOON, toMs: NOON + 1, events }
      const body = repricingBody({ ...record, writtenMs: NOON, version: 'v' })
      const { firstOrdinal, durable } = journal.log.append([{ type: 'reprice', body }])
      await durable
      return { ...record, ordinal: firstOrdinal }
    }
    await journal.write(2)
    await newPrices(1)
    await newPrices(1, 2)
    await journal.write(1)
    const applier = await openFeeding({ store, journal, maxQueued: 5, onError: () => {} })
    await applier.applied(5)
    expect(handed).toEqual([[3, 4]])
    store.failing = true
    deliver(applier, await journal.write(1))
    for (const ordinals of [[5], [6], [1, 2, 5, 6]]) {
      const expected = applier.expectReprice(await newPrices(...ordinals))
      applier.settle(expected, true)
    }
    store.failing = false
    await applier.applied(9)
    // The last did not fit beside the others and was read from the journal.
    expect(handed.slice(1)).toEqual([[7, 8], [9]])
    const held = await store.held({ first: 1, last: 9 }, 9)
    expect(held.map(({ ordinal, event }) => [ordinal, event.repricedUpNanoUsd])).toEqual([
      [1, 1],
      [2, 2],
      [5, 5],
      [6, 6],
    ])
    await applier.close()
    expect(journal.log.cursors().get('store')?.ordinal).toBe(9)
    await journal.log.close()
  })

  test('without a journal no more is taken than fits in memory', async () => {
    const store = moodyStore()
    const applier = await openFeeding({ store, maxQueued: 5, onError: () => {} })
    store.failing = true
    applier.assertRoom()
    deliver(applier, range(1, 5))
    expect(() => applier.assertRoom()).toThrow(expect.objectContaining({ code: 'store_unavailable' }))
    store.failing = false
    await applier.applied(5)
    applier.assertRoom()
    await applier.close()
  })

  test('a store that stays away for long costs a bounded number of notes', async () => {
    const journal = await openTestJournal(await temporaryDir())
    const store = moodyStore()
    const applier = await openFeeding({ store, journal, maxQueued: 1, onError: () => {} })
    store.failing = true
    const events = await journal.write(9000)
    for (const event of events) deliver(applier, [event])
    store.failing = false
    await applier.applied(9000)
    expect(new Set(store.batches.flat()).size).toBe(9000)
    await applier.close()
    await journal.log.close()
  })

  test('whoever waits for a store is told when the server stops', async () => {
    const store = moodyStore()
    const applier = await openFeeding({ store, onError: () => {} })
    store.failing = true
    deliver(applier, range(1, 1))
    const waiting = applier.applied(1)
    const refused = expect(waiting).rejects.toMatchObject({ code: 'shutting_down' })
    await applier.close()
    await refused
    await expect(applier.applied(1)).rejects.toMatchObject({ code: 'shutting_down' })
  })
})

describe('a store that follows the journal by itself', () => {
  test('says why it cannot apply, while it cannot', async () => {
    const journal = await openTestJournal(await temporaryDir())
    const progress: { appliedOrdinal: number; targetOrdinal: number; error?: string } = {
      appliedOrdinal: 1,
      targetOrdinal: 2,
    }
    const follower = { follow: async () => {}, advance: () => {}, progress: () => progress, applied: async () => {} }
    const applier = await openFollowing(follower, journal.log, journal.dir, () => {})
    expect(applier.progress()).toEqual({ appliedOrdinal: 1 })
    progress.error = 'no space left'
    expect(applier.progress()).toEqual({ appliedOrdinal: 1, storeError: 'no space left' })
    await applier.close()
    await journal.log.close()
  })

  test('is told where to begin and of every commit, and the cursor never runs ahead of it', async () => {
    const journal = await openTestJournal(await temporaryDir())
    await journal.write(3)
    const told: number[] = []
    let appliedOrdinal = 0
    const follower = {
      follow: async (_dir: string, end: JournalEnd) => void told.push(end.ordinal),
      advance: (end: JournalEnd) => void told.push(end.ordinal),
      progress: () => ({ appliedOrdinal, targetOrdinal: 0 }),
      applied: async () => {},
    }
    const applier = await openFollowing(follower, journal.log, journal.dir, () => {})
    await journal.write(2)
    expect(told).toEqual([3, 3, 5])
    expect(journal.log.cursors().get('store')?.ordinal).toBe(0)
    appliedOrdinal = 4
    expect(applier.progress()).toEqual({ appliedOrdinal: 4 })
    await applier.close()
    expect(journal.log.cursors().get('store')?.ordinal).toBe(0)
    await journal.log.close()
  })
})

test('a delivery of the pipeline reaches a store that failed for a while', async () => {
  const store = moodyStore()
  store.failing = true
  const { ingest } = await openBench({ store })
  await ingest.submit({ items: [{ event_id: 'a', model: 'm' }], door: 'native' })
  expect(ingest.progress()).toMatchObject({ appliedOrdinal: 0, targetOrdinal: 1 })
  expect((await ingest.invariants()).store).toMatchObject({ live: 0, pending_apply: 1 })
  store.failing = false
  await ingest.drain()
  expect((await store.stats()).events).toBe(1)
})
