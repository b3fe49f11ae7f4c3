import { describe, expect, it } from 'vitest'
import { isTallystickError } from '../errors.ts'
import { type AnalyticsEvent, fromAnalyticsEvent, type UsageEvent, uuidv7TimeMs } from '../event/index.ts'
import { EventStore } from './index.ts'
import { budgetNotice, completed, failed } from './testing/events.ts'

const fill = (store: EventStore, count: number): void => {
  for (let index = 0; index < count; index++) store.recordEvent(completed())
}
const ids = (events: readonly UsageEvent[]): string[] => events.map((event) => event.eventId)

describe('what a store keeps', () => {
  it('T:store a new store is empty: length 0, nothing unsynced', () => {
    const store = new EventStore()
    expect([store.isEmpty, store.length, store.unsyncedCount, store.droppedCount]).toEqual([true, 0, 0, 0])
    expect(store.capacity).toBe(10_000)
  })

  it('T:store 10,000 events fit a default store, none is dropped', () => {
    const store = new EventStore()
    fill(store, 10_000)
    expect([store.length, store.droppedCount, store.isEmpty]).toEqual([10_000, 0, false])
  })

  it('T:store a completed request counts as one, a failed one as failed too, a notice as none', () => {
    const store = new EventStore()
    store.recordEvent(completed())
    expect([store.stats().totalRequests, store.stats().failedRequests]).toEqual([1, 0])
    const other = new EventStore()
    other.recordEvent(failed())
    expect([other.stats().totalRequests, other.stats().failedRequests]).toEqual([1, 1])
    const notices = new EventStore()
    notices.recordEvent(budgetNotice())
    expect([notices.length, notices.stats().totalRequests, notices.unsyncedCount]).toEqual([1, 0, 1])
  })

  it('T:store capacity 3 and 5 events: 3 are kept, 2 dropped, all 5 counted', () => {
    const store = new EventStore({ capacity: 3 })
    for (let index = 1; index <= 5; index++) store.recordEvent(completed('gpt-4', 100, 50, index * 1000))
    expect(store.snapshotEvents()).toHaveLength(3)
    expect([store.length, store.droppedCount]).toEqual([3, 2])
    expect([...store.dropped]).toEqual([['queue_full', 2]])
    expect([store.stats().totalRequests, store.stats().totalCostMicros]).toEqual([5, 15_000])
    expect(store.snapshotEvents().map((event) => event.costReportedNanoUsd)).toEqual([1e6, 2e6, 3e6])
    expect(store.snapshotEvents().map((event) => event.seq)).toEqual([0, 1, 2])
  })

  it('T:store capacity 100 and 50 events: none is dropped', () => {
    const store = EventStore.withCapacity(100)
    fill(store, 50)
    expect([store.length, store.droppedCount]).toEqual([50, 0])
  })

  it('T:store capacity 10 and 1,000 events: 990 dropped', () => {
    const store = new EventStore({ capacity: 10 })
    fill(store, 1000)
    expect([store.length, store.droppedCount, store.stats().totalRequests]).toEqual([10, 990, 1000])
  })

  it('T:store two events are two unsynced ones; marking one leaves one, marking all none', () => {
    const store = new EventStore()
    fill(store, 3)
    const [first, ...rest] = ids(store.unsyncedEvents())
    expect(store.unsyncedCount).toBe(3)
    expect(store.markSynced([first as string])).toBe(1)
    expect([store.unsyncedCount, store.length]).toEqual([2, 2])
    expect(store.markSynced([first as string, 'unknown', ...rest])).toBe(2)
    expect([store.unsyncedCount, store.unsyncedEvents().length]).toEqual([0, 0])
    expect(store.markSynced(rest)).toBe(0)
    expect(store.unsyncedCount).toBe(0)
  })

  it('T:store two snapshots of two events leave both where they are, in order', () => {
    const store = new EventStore()
    store.record({ eventId: 'a', ...completed() })
    store.record({ eventId: 'b', ...failed() })
    expect(ids(store.snapshotEvents())).toEqual(['a', 'b'])
    expect(ids(store.snapshotEvents())).toEqual(['a', 'b'])
    expect(store.length).toBe(2)
  })

  it('T:store draining returns two events, then none, and nothing is unsynced', () => {
    const store = new EventStore()
    fill(store, 2)
    expect(store.drainAll()).toHaveLength(2)
    expect([store.drainAll().length, store.unsyncedCount, store.length]).toEqual([0, 0, 0])
    expect(store.droppedCount).toBe(0)
    expect(store.stats().totalRequests).toBe(2)
  })

  it('evicts the oldest events when told to, and counts them', () => {
    const store = new EventStore({ capacity: 3, overflow: 'drop-oldest' })
    for (const eventId of ['a', 'b', 'c', 'd', 'e']) expect(store.record({ eventId, ...completed() })).toBe(true)
    expect(ids(store.snapshotEvents())).toEqual(['c', 'd', 'e'])
    expect([...store.dropped]).toEqual([['evicted', 2]])
  })

  it('does not evict what is on its way to a server', () => {
    const store = new EventStore({ capacity: 2, overflow: 'drop-oldest' })
    for (const eventId of ['a', 'b']) store.record({ eventId, ...completed() })
    const taken = store.take(1)
    store.record({ eventId: 'c', ...completed() })
    expect(ids(store.snapshotEvents())).toEqual(['a', 'c'])
    store.take(1)
    expect(store.record({ eventId: 'd', ...completed() })).toBe(false)
    expect([...store.dropped]).toEqual([
      ['queue_full', 1],
      ['evicted', 1],
    ])
    store.release(taken)
    store.record({ eventId: 'e', ...completed() })
    expect(ids(store.snapshotEvents())).toEqual(['c', 'e'])
  })

  it('is bounded by bytes too: what does not fit beside the others is dropped, what never would is too large', () => {
    const tags = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`tag${index}`, 'x'.repeat(900)]))
    const store = new EventStore({ maxBytes: 2_000 })
    expect(store.record({ ...completed(), tags })).toBe(false)
    expect([...store.dropped]).toEqual([['too_large', 1]])
    let kept = 0
    while (store.recordEvent(completed())) kept++
    expect(kept).toBeGreaterThan(3)
    expect(store.bytes).toBeLessThanOrEqual(2_000)
    expect(store.dropped.get('queue_full')).toBe(1)
    store.drainAll()
    expect(store.bytes).toBe(0)
  })

  it('counts a repeated id once, and says so', () => {
    const store = new EventStore()
    expect(store.record({ eventId: 'a', ...completed() })).toBe(true)
    expect(store.record({ eventId: 'a', ...completed() })).toBe(false)
    store.drainAll()
    expect(store.record({ eventId: 'a', ...completed() })).toBe(false)
    expect([store.duplicateCount, store.stats().totalRequests, store.length]).toEqual([2, 1, 0])
    expect(store.ledgers()[0]?.recorded).toBe(1)
  })

  it('takes what it had no room for when it is brought again, and counts it once all the same', () => {
    const store = new EventStore({ capacity: 1 })
    const event = { eventId: 'b', ...completed() }
    store.record({ eventId: 'a', ...completed() })
    expect([store.record(event), store.record(event)]).toEqual([false, false])
    store.settle(store.take(1), 'acked')
    expect([store.record(event), store.record(event), store.length]).toEqual([true, false, 1])
    expect([store.stats().totalRequests, store.duplicateCount]).toEqual([2, 1])
    expect(store.ledgers()).toMatchObject([
      { recorded: 4, acked: 1, pending: 1, dropped: new Map([['queue_full', 2]]) },
    ])
  })

  it('remembers as many ids as it is told, and none when told not to', () => {
    const store = new EventStore({ deduplicate: 10 })
    for (let index = 0; index < 1_000; index++) store.record({ eventId: `id-${index}`, ...completed() })
    for (let index = 990; index < 1_000; index++) store.record({ eventId: `id-${index}`, ...completed() })
    expect(store.duplicateCount).toBe(10)
    expect(store.record({ eventId: 'id-0', ...completed() })).toBe(true)
    const none = new EventStore({ deduplicate: 0 })
    for (let index = 0; index < 2; index++) none.record({ eventId: 'a', ...completed() })
    expect([none.length, none.duplicateCount]).toEqual([2, 0])
  })

  it('gives out canonical events that know where they come from', () => {
    const store = new EventStore({ sourceId: 'gateway-1', epoch: 7 })
    const view: AnalyticsEvent = { eventId: 'a', timestampMs: 1_793_491_200_000, agentId: '42', ...completed() }
    store.record(view)
    expect(store.snapshotEvents()).toEqual([
      { ...fromAnalyticsEvent(view), agentId: 'agent_42', sourceId: 'gateway-1', epoch: 7, seq: 0 },
    ])
  })

  it('mints ids that are UUIDv7 of the event, rise, and stay the same however often they are read', () => {
    const store = new EventStore()
    for (let index = 0; index < 300; index++) store.recordEvent(completed())
    const events = store.snapshotEvents()
    expect(new Set(ids(events)).size).toBe(300)
    expect(ids(events)).toEqual(ids(events).toSorted())
    expect(ids(store.unsyncedEvents())).toEqual(ids(events))
    for (const event of events) expect(uuidv7TimeMs(event.eventId)).toBe(event.timestampMs)
  })

  it('fills in its defaults where an event does not say', () => {
    const store = new EventStore({
      defaults: { agentId: 'agent_7', provider: 'anthropic', requestModel: 'claude-sonnet-4-5', tags: { team: 'a' } },
    })
    store.recordEvent({ kind: 'llm_request_completed', inputTokens: 1, outputTokens: 2 })
    store.recordEvent({ ...completed(), agentId: 'agent_8' })
    expect(store.snapshotEvents()).toMatchObject([
      { agentId: 'agent_7', provider: 'anthropic', requestModel: 'claude-sonnet-4-5', tags: { team: 'a' } },
      { agentId: 'agent_8', provider: 'openai', requestModel: 'gpt-4' },
    ])
    expect([...store.stats().byProvider.keys()]).toEqual(['anthropic', 'openai'])
  })

  it('begins a life at a whole millisecond, whatever its clock says', () => {
    const at = (nowMs: number): number => new EventStore({ clock: { now: () => nowMs, monotonic: () => 0 } }).epoch
    expect([at(1_763_000_000_000.75), at(Number.NaN), at(-1)]).toEqual([1_763_000_000_000, 0, 0])
  })

  it('refuses bad options at construction, all at once', () => {
    const made = (): EventStore =>
      new EventStore({
        capacity: 0,
        maxBytes: -1,
        deduplicate: 1.5,
        overflow: 'none' as 'drop-newest',
        epoch: -1,
        sourceId: '',
      })
    try {
      made()
      expect.unreachable()
    } catch (error) {
      if (!isTallystickError(error)) throw error
      expect(error.code).toBe('invalid_config')
      expect(error.issues.map((issue) => issue.path)).toEqual([
        'capacity',
        'maxBytes',
        'deduplicate',
        'overflow',
        'epoch',
        'sourceId',
      ])
    }
    expect(() => EventStore.withStreaming(10, -1)).toThrow(/channelSize/)
    expect(() => new EventStore({ defaults: { agentId: 7 as unknown as string } })).toThrow(/defaults/)
  })

  it('a disabled store has the class and every method, and does nothing', () => {
    const store = EventStore.disabled()
    expect(store).toBeInstanceOf(EventStore)
    expect(store.record({ eventId: 'a', ...completed() })).toBe(false)
    store.recordEvent(completed())
    store.recordLlmFailed('gpt-4')
    store.recordRouterStarted(80)
    store.recordRouterStopped()
    store.recordBudgetThreshold(80, 1, 2)
    store.recordLlmCompleted({ price: () => expect.unreachable() }, 'gpt-4', 1, 2)
    store.recordLlmCompletedWithProvider({ price: () => expect.unreachable() }, 'gpt-4', 'openai', 1, 2)
    expect([store.length, store.unsyncedCount, store.droppedCount, store.duplicateCount]).toEqual([0, 0, 0, 0])
    expect([store.snapshotEvents(), store.drainAll(), store.unsyncedEvents(), store.take(5)]).toEqual([[], [], [], []])
    expect(store.markSynced(['a'])).toBe(0)
    expect(store.ledgers()).toEqual([])
    expect(store.stats().totalRequests).toBe(0)
  })
})

describe('events on their way to a server', () => {
  const store = (): EventStore => {
    const made = new EventStore()
    for (const eventId of ['a', 'b', 'c', 'd']) made.record({ eventId, ...completed() })
    return made
  }

  it('are taken oldest first and not twice, and stay pending', () => {
    const made = store()
    expect(ids(made.take(2))).toEqual(['a', 'b'])
    expect(ids(made.take(9))).toEqual(['c', 'd'])
    expect(made.take(9)).toEqual([])
    expect([made.pendingCount, made.length]).toEqual([4, 4])
  })

  it('wait again in their old place when they were not answered', () => {
    const made = store()
    const first = made.take(2)
    made.take(1)
    made.release(first)
    expect(ids(made.take(9))).toEqual(['a', 'b', 'd'])
  })

  it('leave when they were answered, once, and the ledger adds up', () => {
    const made = store()
    const taken = made.take(3)
    made.settle(taken.slice(0, 2), 'acked')
    made.settle(taken.slice(0, 2), 'acked')
    made.settle(taken.slice(2), 'rejected')
    made.release(taken)
    expect(ids(made.snapshotEvents())).toEqual(['d'])
    expect(made.ledgers()).toEqual([
      {
        sourceId: made.sourceId,
        epoch: made.epoch,
        recorded: 4,
        acked: 2,
        pending: 1,
        dropped: new Map([['rejected', 1]]),
      },
    ])
  })

  it('of another recorder or life are not taken for its own', () => {
    const made = store()
    const taken = made.take(1)
    made.settle(
      taken.map((event) => ({ ...event, sourceId: 'somebody' })),
      'acked',
    )
    made.settle(
      taken.map((event) => ({ ...event, epoch: 1 })),
      'acked',
    )
    expect(made.length).toBe(4)
  })

  it('stay waiting when they are not wanted, and hold nobody up', () => {
    const made = new EventStore({ capacity: 4 })
    made.recordRouterStarted(80)
    for (let round = 0; round < 10; round++) {
      for (const eventId of ['a', 'b', 'c']) made.record({ eventId: eventId + round, ...completed() })
      const taken = made.take(9, (event) => event.kind === 'llm_request_completed')
      expect(ids(taken)).toEqual([`a${round}`, `b${round}`, `c${round}`])
      made.settle(taken, 'acked')
    }
    expect([made.length, made.droppedCount]).toEqual([1, 0])
    expect(made.take(9)).toMatchObject([{ kind: 'router_started' }])
  })

  it('can be marked or drained while they are taken; an answer that comes later changes nothing', () => {
    const made = store()
    const taken = made.take(2)
    expect(made.markSynced(['a'])).toBe(1)
    expect(ids(made.drainAll())).toEqual(['b', 'c', 'd'])
    made.settle(taken, 'acked')
    made.release(taken)
    expect(made.length).toBe(0)
    expect(made.ledgers()).toMatchObject([{ recorded: 4, acked: 1, pending: 0, dropped: new Map([['drained', 3]]) }])
  })
})

describe('who waits for events', () => {
  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

  it('is called soon after the number is reached, never within the recording, and once', async () => {
    const store = new EventStore()
    let calls = 0
    store.onWaiting(3, () => calls++)
    fill(store, 2)
    await settled()
    expect(calls).toBe(0)
    fill(store, 5)
    expect(calls).toBe(0)
    await settled()
    expect(calls).toBe(1)
    fill(store, 5)
    await settled()
    expect(calls).toBe(1)
  })

  it('is called again once fewer have waited in between', async () => {
    const store = new EventStore()
    let calls = 0
    store.onWaiting(3, () => calls++)
    fill(store, 3)
    await settled()
    const taken = store.take(9)
    fill(store, 2)
    await settled()
    expect(calls).toBe(1)
    store.release(taken)
    await settled()
    expect(calls).toBe(1)
    fill(store, 1)
    await settled()
    expect(calls).toBe(2)
  })

  it('is called for what waits already, and not any more once it has said so', async () => {
    const store = new EventStore()
    fill(store, 5)
    const calls: string[] = []
    const stop = store.onWaiting(2, () => calls.push('stopped'))
    store.onWaiting(2, () => {
      calls.push('thrown')
      throw new Error('never felt')
    })
    stop()
    await settled()
    expect(calls).toEqual(['thrown'])
  })
})

describe('the stream', () => {
  it('T:store channel size 10 delivers one event, or exactly three and then none', () => {
    const [store, receiver] = EventStore.withStreaming(100, 10)
    store.recordEvent(completed())
    expect(receiver.tryReceive()).toMatchObject({ requestModel: 'gpt-4', seq: 0 })
    for (const model of ['a', 'b', 'c']) store.recordEvent(completed(model))
    expect([1, 2, 3].map(() => receiver.tryReceive()?.requestModel)).toEqual(['a', 'b', 'c'])
    expect(receiver.tryReceive()).toBeUndefined()
  })

  it('T:store channel size 2 and 100 events: recording goes on, the rest is lost to the stream and counted', () => {
    const { store, receiver } = EventStore.withStreaming(1000, 2)
    fill(store, 100)
    expect([store.length, receiver.length, receiver.lostCount, store.streamLostCount]).toEqual([100, 2, 98, 98])
    expect(store.droppedCount).toBe(0)
  })

  it('carries what the buffer has no room for, with the id it would have had', () => {
    const [store, receiver] = EventStore.withStreaming(1, 10)
    fill(store, 3)
    const streamed = [receiver.tryReceive(), receiver.tryReceive(), receiver.tryReceive()]
    expect(streamed.map((event) => event?.seq)).toEqual([0, 1, 2])
    expect(streamed[0]).toEqual(store.snapshotEvents()[0])
  })

  it('hands events to a reader that waits, in order, even with no room at all', async () => {
    const [store, receiver] = EventStore.withStreaming(10, 0)
    fill(store, 1)
    expect(receiver.lostCount).toBe(1)
    const seen: (number | undefined)[] = []
    const reading = (async () => {
      for await (const event of receiver) if (seen.push(event.seq) === 3) break
    })()
    for (let index = 0; index < 3; index++) {
      await Promise.resolve()
      fill(store, 1)
      await new Promise((resolve) => setTimeout(resolve))
    }
    await reading
    expect(seen).toEqual([1, 2, 3])
  })

  it('goes on after a loop that was left or threw, and ends when it is closed', async () => {
    const [store, receiver] = EventStore.withStreaming(10, 10)
    fill(store, 3)
    await expect(
      (async () => {
        for await (const event of receiver) throw new Error(`reader fails at ${event.seq}`)
      })(),
    ).rejects.toThrow('reader fails at 0')
    const rest: (number | undefined)[] = []
    const reading = (async () => {
      for await (const event of receiver) rest.push(event.seq)
    })()
    await new Promise((resolve) => setTimeout(resolve))
    receiver.close()
    await reading
    expect(rest).toEqual([1, 2])
    fill(store, 5)
    expect([receiver.closed, receiver.length, receiver.lostCount, store.length]).toEqual([true, 0, 0, 8])
  })
})
