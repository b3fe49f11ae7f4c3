import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openMemoryStore } from '../store/memory.ts'
import type { StoredEvent, UsageStore } from '../store/store.ts'
import { turn } from './testing/gate.ts'
import { idsIn, NOON, openBench } from './testing/harness.ts'

const item = (event_id: string) => ({ event_id, timestamp_ms: NOON, model: 'gpt-4o', input_tokens: 100 })
const door = 'native'

/** A memory store that applies nothing until it may; no attempt fails meanwhile. */
function laggingStore(): UsageStore & { readonly asked: number; go(): void } {
  const store = openMemoryStore({ maxEvents: 100_000 })
  let go: () => void = () => undefined
  const may = new Promise<void>((resolve) => {
    go = resolve
  })
  let asked = 0
  return {
    capabilities: store.capabilities,
    async append(events: readonly StoredEvent[]) {
      asked++
      await may
      await store.append(events)
    },
    clear: () => store.clear(),
    query: (query, options) => store.query(query, options),
    spread: (request) => store.spread(request),
    scan: (request) => store.scan(request),
    held: (range, limit) => store.held(range, limit),
    stats: () => store.stats(),
    prune: (request) => store.prune(request),
    erase: (request) => store.erase(request),
    reprice: (repricings) => store.reprice(repricings),
    close: () => store.close(),
    get asked() {
      return asked
    },
    go,
  }
}

describe('while the store lags', () => {
  test('ack=applied waits no longer than it may; the events stand, and are duplicates when they come again', async () => {
    const store = laggingStore()
    const { ingest } = await openBench({ store })
    const delivery = { items: [item('a')], door, ack: 'applied' as const, appliedWithinMs: 20 }
    await expect(ingest.submit(delivery)).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(ingest.progress()).toMatchObject({ inFlight: 0, targetOrdinal: 1, appliedOrdinal: 0 })
    expect(await ingest.invariants()).toMatchObject({
      balanced: true,
      server: { accepted: 1, failed: 0, in_flight: 0 },
    })
    store.go()
    expect(await ingest.submit(delivery)).toMatchObject({ accepted: 0, duplicate: 1 })
    expect(await idsIn(store)).toEqual(['a'])
  })

  test('a clear waits no longer than it may, is done all the same, and tells then', async () => {
    const store = laggingStore()
    const { ingest } = await openBench({ store })
    await ingest.submit({ items: [item('a')], door })
    let told = 0
    ingest.onCleared(() => told++)
    await expect(ingest.clear(20)).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(told).toBe(0)
    store.go()
    await ingest.drain()
    await turn()
    expect([await idsIn(store), told]).toEqual([[], 1])
  })

  test('closing hands it what is left', async () => {
    const store = laggingStore()
    const { ingest, close } = await openBench({ store })
    for (const id of ['a', 'b', 'c']) await ingest.submit({ items: [item(id)], door })
    // The first is being applied; the others wait behind it.
    expect(store.asked).toBe(1)
    const closed = close()
    await sleep(100)
    store.go()
    await closed
    expect(await idsIn(store)).toEqual(['a', 'b', 'c'])
  })

  test('closing does not wait for one that fails: the journal has what is left', async () => {
    const store = laggingStore()
    store.go()
    const failing = Object.assign(Object.create(store) as UsageStore, {
      append: async () => {
        throw new Error('the store is away')
      },
      stats: () => store.stats(),
    })
    const { ingest, close, dir } = await openBench({ store: failing })
    for (const id of ['a', 'b']) await ingest.submit({ items: [item(id)], door })
    await close()
    const again = await openBench({ store, dir })
    await again.ingest.drain()
    expect(await idsIn(store)).toEqual(['a', 'b'])
  })
})
