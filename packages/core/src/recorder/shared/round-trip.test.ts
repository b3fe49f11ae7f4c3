import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { UsageEvent } from '../../event/index.ts'
import { arbitraryEvent } from '../../event/testing/arbitrary.ts'
import { attachWriter, EventStore, type RecordableEvent } from '../index.ts'

const clock = { now: () => 1_793_491_200_000, monotonic: () => 0 }
const options = { sourceId: 'gateway', epoch: 7, clock, deduplicate: 0, random: { fill: (bytes: Uint8Array) => bytes } }

/** The same events recorded in one thread, and through a ring. */
function both(events: readonly RecordableEvent[], ringBytes = 1 << 17) {
  const plain = new EventStore(options)
  const shared = EventStore.shared({ ...options, writers: 1, ringBytes })
  const writer = attachWriter(shared.handle(0), { clock })
  const kept = events.map((event) => [plain.record(event), writer.record(event)] as const)
  return { plain, shared, kept }
}

describe('an event through a ring', () => {
  it('comes through exactly as it would have been recorded in the thread of the store', () => {
    const events = fc.array(arbitraryEvent(), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(events, (events) => {
        const { plain, shared, kept } = both(events)
        for (const [here, there] of kept) expect(there).toBe(here)
        expect(JSON.stringify(shared.snapshotEvents())).toBe(JSON.stringify(plain.snapshotEvents()))
        expect(shared.snapshotEvents()).toEqual(plain.snapshotEvents())
        expect(shared.stats()).toEqual(plain.stats())
        expect(shared.ledgers()).toEqual(plain.ledgers())
        expect(shared.bytes).toBe(plain.bytes)
      }),
      { seed: 4, numRuns: 100, endOnFailure: true },
    )
  })

  it('keeps every text: of one byte, of two, of halves of pairs, of none, long and short', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ maxLength: 200 }))
    const event = fc.record({ model: text, userId: text, errorMessage: text, traceId: text, operationId: text })
    const recorded = (members: object): RecordableEvent => ({ kind: 'llm_request_completed', ...members })
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 20 }), (events) => {
        const { plain, shared } = both(events.map(recorded))
        // What is left out takes its `seq` when the ring is collected.
        const texts = (store: EventStore) => store.snapshotEvents().map((event) => ({ ...event, seq: 0, eventId: '' }))
        expect(texts(shared)).toEqual(texts(plain))
        expect(shared.dropped).toEqual(plain.dropped)
      }),
      { seed: 4, numRuns: 100 },
    )
  })

  it('cannot be changed by whoever holds a snapshot, its nested values included', () => {
    const { shared } = both([
      { kind: 'tool_invocation', toolName: 'ask', tags: { team: 'search' }, detail: { a: [1] } },
    ])
    const { tags, detail } = shared.snapshotEvents()[0] as UsageEvent
    expect([tags, detail, detail?.['a']].map(Object.isFrozen)).toEqual([true, true, true])
  })

  it('has the time at which it was recorded, not that at which it was collected', () => {
    let now = 1_000
    const moving = { now: () => now, monotonic: () => 0 }
    const store = EventStore.shared({ clock: moving, writers: 1 })
    const writer = attachWriter(store.handle(0), { clock: moving })
    writer.recordRouterStarted(8080)
    now = 2_000
    expect(store.snapshotEvents().map((event) => event.timestampMs)).toEqual([1_000])
  })

  it('gets id and seq from the store, in the order of collection', () => {
    const store = EventStore.shared({ ...options, writers: 2 })
    const writers = [0, 1].map((index) => attachWriter(store.handle(index)))
    store.recordRouterStarted(1)
    for (const writer of [1, 0, 1]) writers[writer]?.recordRouterStarted(2)
    const events = store.snapshotEvents()
    expect(events.map((event) => event.seq)).toEqual([0, 1, 2, 3])
    expect(new Set(events.map((event) => event.eventId)).size).toBe(4)
    expect(new Set(events.map((event) => `${event.sourceId} ${event.epoch}`))).toEqual(new Set(['gateway 7']))
  })
})
