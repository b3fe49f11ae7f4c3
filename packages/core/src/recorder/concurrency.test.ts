import { describe, expect, it } from 'vitest'
import { EventStore } from './index.ts'
import { completed } from './testing/events.ts'

/** Writers that take turns at every event, as asynchronous code of one thread does. */
async function writers(count: number, each: number, write: (writer: number, index: number) => void): Promise<void> {
  const one = async (writer: number): Promise<void> => {
    for (let index = 0; index < each; index++) {
      write(writer, index)
      await null
    }
  }
  await Promise.all(Array.from({ length: count }, (_, writer) => one(writer)))
}

describe('many writers on one thread', () => {
  for (const [count, each] of [
    [10, 100],
    [100, 10],
  ] as const) {
    it(`T:concurrency ${count} writers of ${each} events make 1,000`, async () => {
      const store = new EventStore()
      await writers(count, each, () => store.recordEvent(completed()))
      expect([store.length, store.stats().totalRequests, store.droppedCount]).toEqual([1000, 1000, 0])
    })
  }

  it('T:concurrency sums are exact: 1,000 requests, 10,000 in, 5,000 out, 100,000 micro-USD', async () => {
    const store = new EventStore()
    await writers(10, 100, () => store.recordEvent(completed('gpt-4', 10, 5, 100)))
    expect(store.stats()).toMatchObject({
      totalRequests: 1000,
      totalInputTokens: 10_000,
      totalOutputTokens: 5_000,
      totalCostMicros: 100_000,
    })
  })

  it('T:concurrency five writers for each of two models: 500 and 500', async () => {
    const store = new EventStore()
    await writers(10, 100, (writer) => store.recordEvent(completed(writer % 2 === 0 ? 'gpt-4' : 'gpt-3.5-turbo')))
    const { byModel } = store.stats()
    expect([byModel.get('gpt-4')?.requestCount, byModel.get('gpt-3.5-turbo')?.requestCount]).toEqual([500, 500])
  })

  it('T:concurrency 20 writers of 500 events, each followed by a look at the figures, which never go back', async () => {
    const store = new EventStore()
    let last = 0
    await writers(20, 500, () => {
      store.recordEvent(completed())
      const { totalRequests } = store.stats()
      expect(totalRequests).toBe(++last)
    })
    expect(store.length).toBe(10_000)
  })

  it('T:concurrency a reader sees at most what was written, and snapshots are whole while others write', async () => {
    const store = new EventStore()
    let written = 0
    const writing = writers(10, 100, () => {
      written++
      store.recordEvent(completed())
    })
    for (let look = 0; look < 100; look++) {
      const events = store.snapshotEvents()
      expect(events.length).toBe(written)
      expect(events.map((event) => event.seq)).toEqual(Array.from({ length: written }, (_, seq) => seq))
      await null
    }
    await writing
    expect(store.stats().totalRequests).toBe(1000)
  })

  it('T:concurrency a writer and a drainer: 1,000 counted, each drained once', async () => {
    const store = new EventStore({ capacity: 50 })
    const drained: (number | undefined)[] = []
    const writing = writers(10, 100, () => store.recordEvent(completed()))
    const draining = writers(1, 400, () => drained.push(...store.drainAll().map((event) => event.seq)))
    await Promise.all([writing, draining])
    drained.push(...store.drainAll().map((event) => event.seq))
    expect(store.stats().totalRequests).toBe(1000)
    expect(drained).toEqual(Array.from({ length: 1000 }, (_, seq) => seq))
    expect(store.droppedCount).toBe(0)
  })

  it('T:concurrency two markers of 50 leave nothing unsynced', async () => {
    const store = new EventStore()
    for (let index = 0; index < 100; index++) store.recordEvent(completed())
    const ids = store.unsyncedEvents().map((event) => event.eventId)
    await writers(2, 50, (marker, index) => store.markSynced([ids[marker * 50 + index] as string]))
    expect([store.unsyncedCount, store.length, store.ledgers()[0]?.acked]).toEqual([0, 0, 100])
  })

  it('T:concurrency a reader of the stream sees every event in order while it is written', async () => {
    const [store, receiver] = EventStore.withStreaming(1000, 1000)
    const seen: (number | undefined)[] = []
    const reading = (async () => {
      for await (const event of receiver) if (seen.push(event.seq) === 1000) break
    })()
    await writers(10, 100, () => store.recordEvent(completed()))
    await reading
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, seq) => seq))
    expect(receiver.lostCount).toBe(0)
  })
})
