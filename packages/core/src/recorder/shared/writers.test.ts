import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { isTallystickError } from '../../errors.ts'
import { attachWriter, EventStore, type RecordableEvent, type SharedEventStore } from '../index.ts'
import { completed } from '../testing/events.ts'
import { ATTACHED, BEGUN, MIN_RING_BYTES, RECORDS, SEQ, viewMemory } from './memory.ts'

const small = (writers = 1): SharedEventStore =>
  EventStore.shared({ writers, ringBytes: MIN_RING_BYTES, capacity: 100_000 })

/** recorded = acked + pending + dropped. */
function expectLaw(store: SharedEventStore): void {
  for (const { recorded, acked, pending, dropped } of store.ledgers()) {
    expect([...dropped.values()].reduce((sum, count) => sum + count, acked + pending)).toBe(recorded)
  }
}

const ringOf = (store: SharedEventStore) => viewMemory(store.handle(0).memory)

describe('a ring that is full', () => {
  it('leaves the newest event out, counts it, and loses nothing that it took', () => {
    const store = small()
    const writer = attachWriter(store.handle(0))
    const kept = Array.from({ length: 1_000 }, (_, index) =>
      writer.recordEvent({ ...completed(), messageCount: index }),
    )
    const held = kept.filter((taken) => taken).length
    expect(held).toBeGreaterThan(100)
    expect(held).toBeLessThan(1_000)
    expect(store.snapshotEvents().map((event) => event.messageCount)).toEqual(
      kept.flatMap((taken, index) => (taken ? [index] : [])),
    )
    expect([store.droppedCount, writer.droppedCount]).toEqual([1_000 - held, 1_000 - held])
    expect(store.dropped).toEqual(new Map([['queue_full', 1_000 - held]]))
    expect(store.ledgers()[0]?.recorded).toBe(1_000)
    expectLaw(store)
  })

  it('counts the requests, tokens and cost of what it left out, at once in total and with the next event by model', () => {
    const store = small()
    const writer = attachWriter(store.handle(0))
    for (let index = 0; index < 1_000; index++)
      writer.recordEvent(completed(index % 2 === 0 ? 'gpt-4' : 'gpt-4o', 10, 5, 100))
    const sums = { totalRequests: 1_000, totalInputTokens: 10_000, totalOutputTokens: 5_000, totalCostMicros: 100_000 }
    expect(store.stats()).toMatchObject(sums)
    expect(store.stats().byModel.get('(other)')?.requestCount).toBe(store.droppedCount)

    writer.recordRouterStarted(8080)
    const stats = store.stats()
    expect(stats).toMatchObject(sums)
    expect([...stats.byModel].map(([model, { requestCount }]) => [model, requestCount])).toEqual([
      ['gpt-4', 500],
      ['gpt-4o', 500],
    ])
    expect(stats.byProvider.get('openai')?.requestCount).toBe(1_000)
  })

  it('has its room for events again once it was collected, however many models it left out', () => {
    const store = small()
    const writer = attachWriter(store.handle(0))
    for (let index = 0; index < 5_000; index++) writer.recordEvent(completed(`model-${index}`, 10, 5, 100))
    store.collect()
    const leftOut = store.droppedCount
    let told = 0
    for (; store.stats().byModel.has('(other)'); told++) expect(writer.recordRouterStarted(8080)).toBe(true)
    expect(told).toBeGreaterThan(100)
    expect(store.stats().byModel.size).toBe(5_000)
    expect(store.stats()).toMatchObject({ totalRequests: 5_000, totalCostMicros: 500_000 })
    expect(store.droppedCount).toBe(leftOut)
    expectLaw(store)
  })

  it('agrees with a store of one thread after whatever was recorded and collected', () => {
    const model = fc.constantFrom('gpt-4', 'gpt-4o', 'claude-sonnet-4-5', 'o3')
    const event = fc.record({
      model,
      kind: fc.constantFrom('llm_request_completed', 'llm_request_failed'),
      inputTokens: fc.oneof(fc.nat(1_000), fc.nat(Number.MAX_SAFE_INTEGER)),
      costNanoUsd: fc.option(fc.oneof(fc.nat(1_000), fc.nat(Number.MAX_SAFE_INTEGER)), { nil: undefined }),
      errorMessage: fc.integer({ min: 0, max: 1_000 }).map((length) => 'x'.repeat(length)),
    })
    const steps = fc.array(
      fc.oneof({ weight: 30, arbitrary: event }, { weight: 1, arbitrary: fc.constant('collect' as const) }),
      {
        minLength: 50,
        maxLength: 400,
        size: 'max',
      },
    )
    fc.assert(
      fc.property(steps, (steps) => {
        const store = small()
        const plain = new EventStore({ capacity: 100_000 })
        const writer = attachWriter(store.handle(0))
        const kept: RecordableEvent[] = []
        for (const step of steps) {
          if (step === 'collect') {
            expect({ ...store.stats(), byModel: 0, byProvider: 0 }).toEqual({
              ...plain.stats(),
              byModel: 0,
              byProvider: 0,
            })
            expectLaw(store)
          } else {
            plain.record(step as RecordableEvent)
            if (writer.record(step as RecordableEvent)) kept.push(step as RecordableEvent)
          }
        }
        // Room, and an event that brings what is still to be told.
        store.collect()
        writer.recordRouterStarted(1)
        expect(store.stats()).toEqual(plain.stats())
        expect(
          store
            .snapshotEvents()
            .slice(0, -1)
            .map((event) => event.inputTokens),
        ).toEqual(kept.map((event) => event.inputTokens))
        expect(store.length + store.droppedCount).toBe(plain.length + 1)
      }),
      { seed: 4, numRuns: 60, endOnFailure: true },
    )
  })

  it('refuses an event larger than half of it, wherever the ring stands', () => {
    const store = small()
    const writer = attachWriter(store.handle(0))
    const tags = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`tag${index}`, 'v'.repeat(1_000)]))
    let large = 0
    for (let index = 0; index < 300; index++) {
      writer.recordEvent(completed())
      if (index % 10 !== 0) continue
      store.collect()
      expect(writer.recordEvent({ ...completed(), tags })).toBe(false)
      large++
    }
    expect(store.dropped).toEqual(new Map([['too_large', large]]))
    expect(store.length).toBe(300)
    expect(store.stats().totalRequests).toBe(300 + large)
  })

  it('holds a name only once, and any number of names one after the other', () => {
    const store = small()
    const writer = attachWriter(store.handle(0))
    const names = Array.from({ length: 12_000 }, (_, index) => `model-${index}`)
    for (const name of names) {
      writer.recordEvent({ ...completed(name), agentId: 'agent_7' })
      writer.recordEvent({ ...completed('gpt-4'), agentId: `bot-${name}` })
      if (store.collect() === 0) expect.unreachable()
    }
    expect(store.snapshotEvents().map((event) => `${event.requestModel} ${event.agentId}`)).toEqual(
      names.flatMap((name) => [`${name} agent_7`, `gpt-4 bot-${name}`]),
    )
  })
})

describe('the store of several writers', () => {
  it('counts an id once, whichever thread brought it first', () => {
    const store = small(2)
    const writers = [0, 1].map((index) => attachWriter(store.handle(index)))
    for (const writer of writers) writer.record({ ...completed(), eventId: 'one' } as RecordableEvent)
    expect([store.length, store.duplicateCount, store.stats().totalRequests]).toEqual([1, 1, 1])
    expect(store.ledgers()[0]?.recorded).toBe(1)
    expect(store.writerTotals().requests).toBe(2)
  })

  it('gives totals of all writers without collecting', () => {
    const store = small(2)
    const writers = [0, 1].map((index) => attachWriter(store.handle(index)))
    writers[0]?.recordEvent(completed('gpt-4', 10, 5, 100))
    writers[1]?.recordLlmFailed('gpt-4')
    writers[1]?.recordEvent({ kind: 'llm_request_completed' } as RecordableEvent)
    const totals = {
      requests: 2,
      failedRequests: 1,
      unpricedRequests: 0,
      inputTokens: 10,
      outputTokens: 5,
      costNanoUsd: 100_000,
      droppedCount: 1,
    }
    expect(store.writerTotals()).toEqual(totals)
    expect(store.collect()).toBe(2)
    expect(store.collect()).toBe(0)
    expect(store.writerTotals()).toEqual(totals)
    expect(store.dropped).toEqual(new Map([['invalid', 1]]))
  })

  it('records what a router counted in all threads', () => {
    const store = small(2)
    const writer = attachWriter(store.handle(0))
    writer.recordEvent(completed('gpt-4', 1, 1, 7))
    store.recordEvent(completed('gpt-4', 1, 1, 5))
    store.recordRouterStopped()
    expect(store.snapshotEvents().at(-1)?.detail).toEqual({ total_requests: 2, total_cost_micros: 12 })
    writer.recordRouterStopped()
    expect(store.snapshotEvents().at(-1)?.detail).toEqual({ total_requests: 1, total_cost_micros: 7 })
  })

  it('adds its defaults to what its writers record', () => {
    const defaults = { provider: 'openai', requestModel: 'gpt-4o', tenantId: 'acme' }
    const store = EventStore.shared({ writers: 1, defaults })
    attachWriter(store.handle(0)).record({ kind: 'llm_request_completed' })
    expect(store.snapshotEvents()).toMatchObject([defaults])
    expect([...store.stats().byProvider.keys()]).toEqual(['openai'])
  })

  it('streams, calls back and syncs what its writers record', () => {
    const store = small()
    const writer = attachWriter(store.handle(0))
    writer.recordEvent(completed())
    expect(store.pendingCount).toBe(1)
    const [event] = store.take(10)
    writer.recordEvent(completed())
    store.settle(event === undefined ? [] : [event], 'acked')
    expect([store.unsyncedCount, store.ledgers()[0]?.acked, store.drainAll().length]).toEqual([1, 1, 1])
    expectLaw(store)
  })
})

describe('a writer', () => {
  const hostile: readonly unknown[] = [
    undefined,
    null,
    7,
    'text',
    Symbol('s'),
    12n,
    {},
    { kind: 'llm_request_completed' },
    { kind: 'llm_request_completed', model: 'gpt-4', inputTokens: -1 },
    { kind: 'llm_request_completed', model: 'gpt-4', inputTokens: Number.NaN },
    { kind: 'llm_request_completed', model: 'gpt-4', tags: { a: 1n } },
    { kind: 'llm_request_completed', model: 'gpt-4', detail: Object.assign({}, { self: [] as unknown[] }) },
    {
      get kind(): string {
        throw new Error('no')
      },
    },
    new Proxy({}, { get: () => expect.unreachable }),
  ]

  it('takes and refuses what a store in the same thread does, and never throws', () => {
    const store = small()
    const plain = new EventStore()
    const writer = attachWriter(store.handle(0))
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    for (const event of [...hostile, proxy] as RecordableEvent[]) expect(writer.record(event)).toBe(plain.record(event))
    const noPrices = {
      price: () => {
        throw new Error('no prices')
      },
    } as never
    for (const recording of [writer, plain]) {
      expect(recording.recordLlmCompleted(noPrices, 'gpt-4', 1, 1)).toBe(true)
      expect(recording.recordLlmFailed('', {})).toBe(false)
      expect(recording.recordBudgetThreshold(80, 1, 2, 'agent_1')).toBe(true)
    }
    expect(store.dropped).toEqual(plain.dropped)
    expect(store.ledgers()[0]).toMatchObject({ recorded: plain.ledgers()[0]?.recorded, pending: plain.length })
  })

  it('does nothing for a store that is disabled', () => {
    const store = EventStore.shared({ writers: 1, enabled: false })
    const writer = attachWriter(store.handle(0))
    expect([writer.enabled, writer.recordEvent(completed()), store.length, store.writerTotals().requests]).toEqual([
      false,
      false,
      0,
      0,
    ])
  })

  it('survives a structured clone of its handle', () => {
    const store = small()
    expect(attachWriter(structuredClone(store.handle(0))).recordEvent(completed())).toBe(true)
    expect(store.length).toBe(1)
  })

  it('gives its place to another once it is closed, and records nothing from then on', () => {
    const store = small()
    const first = attachWriter(store.handle(0))
    first.recordEvent(completed('gpt-4'))
    expect(() => attachWriter(store.handle(0))).toThrow(/writer 0 is in use/)
    first.close()
    expect(first.recordEvent(completed())).toBe(false)
    const second = attachWriter(store.handle(0))
    second.recordEvent(completed('gpt-4o'))
    store.writerExited(0)
    expect(store.snapshotEvents().map((event) => event.requestModel)).toEqual(['gpt-4', 'gpt-4o'])
    expect(store.droppedCount).toBe(0)
  })

  it('refuses what is no handle, one of another version, and a number that the store does not have', () => {
    const store = small()
    const codeOf = (call: () => unknown): string => {
      try {
        call()
      } catch (error) {
        if (isTallystickError(error)) return error.code
      }
      return 'none'
    }
    for (const handle of [
      undefined,
      null,
      {},
      { ...store.handle(0), version: 0 },
      { ...store.handle(0), memory: {} },
    ]) {
      expect(codeOf(() => attachWriter(handle as never))).toBe('invalid_config')
    }
    for (const writer of [-1, 1, 0.5]) expect(codeOf(() => store.handle(writer))).toBe('invalid_config')
    for (const options of [{ writers: 0 }, { writers: 1.5 }, { writers: 257 }, { writers: 1, ringBytes: 100 }]) {
      expect(codeOf(() => EventStore.shared(options))).toBe('invalid_config')
    }
  })
})

describe('a writer that was killed', () => {
  it('in the middle of an event loses that event, which is counted', () => {
    const store = small()
    const writer = attachWriter(store.handle(0))
    writer.recordEvent(completed())
    const { ints, words } = ringOf(store)
    // As `terminate` leaves it: something has been written behind the last record, and nothing was published.
    ints[BEGUN] = (ints[SEQ] as number) + 1
    words.fill(42, 100)
    store.writerExited(0)
    expect([store.length, store.dropped]).toEqual([1, new Map([['worker_exit', 1]])])
    expectLaw(store)

    attachWriter(store.handle(0)).recordEvent(completed('gpt-4o'))
    expect(store.snapshotEvents().map((event) => event.requestModel)).toEqual(['gpt-4', 'gpt-4o'])
  })

  it('between two events loses nothing', () => {
    const store = small()
    attachWriter(store.handle(0)).recordEvent(completed())
    store.writerExited(0)
    store.writerExited(0)
    expect([store.length, store.droppedCount]).toEqual([1, 0])
  })

  it('before it could tell what a full ring left out: the figures stay, under (other)', () => {
    const store = small()
    const writer = attachWriter(store.handle(0))
    for (let index = 0; index < 1_000; index++) writer.recordEvent(completed())
    const lost = store.droppedCount
    store.writerExited(0)
    expect(store.stats().totalRequests).toBe(1_000)
    attachWriter(store.handle(0)).recordEvent(completed())
    const { totalRequests, byModel } = store.stats()
    expect([totalRequests, byModel.get('(other)')?.requestCount]).toEqual([1_001, lost])
  })

  it('leaves a ring that nobody can wedge: what is no record is left out and counted, and the next thread goes on', () => {
    const store = small()
    const writer = attachWriter(store.handle(0))
    for (let index = 0; index < 10; index++) writer.recordEvent(completed())
    const { headers } = ringOf(store)
    headers.fill(0xffff_ffff, 40, 80)
    expect(store.length).toBeLessThan(10)
    expect(store.length + store.droppedCount).toBe(10)
    writer.recordEvent(completed())
    expect(store.length + store.droppedCount).toBe(11)
    writer.close()
    const before = store.length
    attachWriter(store.handle(0)).recordEvent(completed('gpt-4o'))
    expect(store.length).toBe(before + 1)
    expect(store.snapshotEvents().at(-1)?.requestModel).toBe('gpt-4o')
    expectLaw(store)
  })

  it('is known to be attached until the store is told', () => {
    const store = small()
    attachWriter(store.handle(0))
    expect(Atomics.load(ringOf(store).ints, ATTACHED)).toBe(1)
    store.writerExited(0)
    expect(Atomics.load(ringOf(store).ints, ATTACHED)).toBe(0)
  })
})

describe('collecting by itself', () => {
  afterEach(() => vi.useRealTimers())

  it('happens every 50 ms', () => {
    vi.useFakeTimers()
    const store = small()
    const called = vi.fn()
    store.recordRouterStarted(1)
    store.onWaiting(2, called)
    attachWriter(store.handle(0)).recordRouterStarted(1)
    vi.advanceTimersByTime(50)
    return Promise.resolve().then(() => expect(called).toHaveBeenCalledOnce())
  })

  it('happens as soon as a ring is half full, where the runtime can wait for memory', async () => {
    // No timer runs any more.
    vi.useFakeTimers({ toFake: ['setInterval'] })
    const store = small()
    const writer = attachWriter(store.handle(0))
    const waiting = new Promise<void>((resolve) => void store.onWaiting(50, resolve))
    for (let index = 0; index < 200; index++) writer.recordEvent(completed())
    await waiting
    expect(store.droppedCount).toBe(0)
  })
})

it('the page of positions ends where the records start', () => {
  const { words, page, mask } = ringOf(small())
  expect([page.length, words.byteOffset, (mask + 1) * 8]).toEqual([RECORDS, RECORDS * 8, MIN_RING_BYTES])
})
