import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { UsageEvent } from '../event/index.ts'
import { EventStore } from './index.ts'
import type { DropReason } from './pending.ts'
import { completed } from './testing/events.ts'

/** What a store is, as plainly as it can be said: a list, and what has left it. */
interface Model {
  readonly capacity: number
  readonly dropOldest: boolean
  waiting: Entry[]
  /** In flight: what the caller got, which may not be in the store any more. */
  batches: (readonly UsageEvent[])[]
  readonly seen: Set<string>
  readonly leftOut: Set<string>
  recorded: number
  acked: number
  readonly dropped: Map<DropReason, number>
}

interface Entry {
  readonly seq: number
  readonly id: string | undefined
  taken: boolean
}

const drop = (model: Model, reason: DropReason, count = 1): void => {
  if (count > 0) model.dropped.set(reason, (model.dropped.get(reason) ?? 0) + count)
}

function check(model: Model, store: EventStore): void {
  expect(store.snapshotEvents().map((event) => event.seq)).toEqual(model.waiting.map((entry) => entry.seq))
  expect(store.unsyncedCount).toBe(model.waiting.length)
  expect([store.length, store.pendingCount, store.isEmpty]).toEqual([
    model.waiting.length,
    model.waiting.length,
    model.waiting.length === 0,
  ])
  expect(new Map(store.dropped)).toEqual(model.dropped)
  const [ledger] = store.ledgers()
  const { recorded = 0, acked = 0, pending = 0, dropped = new Map() } = ledger ?? {}
  expect([recorded, acked, pending]).toEqual([model.recorded, model.acked, model.waiting.length])
  const gone = [...dropped.values()].reduce((sum: number, count: number) => sum + count, 0)
  expect(recorded).toBe(acked + pending + gone)
  if (model.waiting.length === 0) expect(store.bytes).toBe(0)
}

type Command = fc.Command<Model, EventStore>
const command = (name: string, run: (model: Model, store: EventStore) => void): Command => ({
  check: () => true,
  run: (model, store) => {
    run(model, store)
    check(model, store)
  },
  toString: () => name,
})

const record = (id: string | undefined): Command =>
  command(`record(${id ?? ''})`, (model, store) => {
    const kept = store.record(id === undefined ? completed() : { eventId: id, ...completed() })
    if (id !== undefined && model.seen.has(id) && !model.leftOut.has(id)) return expect(kept).toBe(false)
    if (id !== undefined) model.seen.add(id)
    const seq = model.recorded++
    if (model.waiting.length === model.capacity) {
      const oldest = model.dropOldest ? model.waiting.find((entry) => !entry.taken) : undefined
      if (oldest === undefined) {
        drop(model, 'queue_full')
        if (id !== undefined) model.leftOut.add(id)
        return expect(kept).toBe(false)
      }
      model.waiting = model.waiting.filter((entry) => entry !== oldest)
      drop(model, 'evicted')
    }
    if (id !== undefined) model.leftOut.delete(id)
    model.waiting.push({ seq, id, taken: false })
    return expect(kept).toBe(true)
  })

const refuse = command('refuse', (model, store) => {
  store.record({ ...completed(), inputTokens: -1 })
  model.recorded++
  drop(model, 'invalid')
})

const mark = (from: number, count: number, unknown: boolean): Command =>
  command(`mark(${from}, ${count})`, (model, store) => {
    const chosen = store.snapshotEvents().slice(from, from + count)
    const ids = chosen.map((event) => event.eventId)
    expect(store.markSynced([...(unknown ? ['unknown'] : []), ...ids, ...ids])).toBe(ids.length)
    expect(store.markSynced(ids)).toBe(0)
    model.waiting = model.waiting.filter((entry) => !chosen.some((event) => event.seq === entry.seq))
    model.acked += ids.length
  })

const take = (limit: number, odd: boolean): Command =>
  command(`take(${limit}${odd ? ', odd' : ''})`, (model, store) => {
    const taken = store.take(limit, odd ? (event) => (event.seq as number) % 2 === 1 : undefined)
    const expected = model.waiting.filter((entry) => !entry.taken && (!odd || entry.seq % 2 === 1)).slice(0, limit)
    expect(taken.map((event) => event.seq)).toEqual(expected.map((entry) => entry.seq))
    for (const entry of expected) entry.taken = true
    model.batches.push(taken)
  })

const answer = (batch: number, outcome: 'acked' | 'rejected' | 'released', again: boolean): Command =>
  command(`${outcome}(${batch})`, (model, store) => {
    const events = model.batches[batch % Math.max(1, model.batches.length)] ?? []
    const known = new Set(events.map((event) => event.seq))
    const held = model.waiting.filter((entry) => entry.taken && known.has(entry.seq))
    for (let time = 0; time < (again ? 2 : 1); time++) {
      if (outcome === 'released') store.release(events)
      else store.settle(events, outcome)
    }
    if (outcome === 'released') for (const entry of held) entry.taken = false
    else model.waiting = model.waiting.filter((entry) => !held.includes(entry))
    if (outcome === 'acked') model.acked += held.length
    if (outcome === 'rejected') drop(model, 'rejected', held.length)
  })

const drain = command('drain', (model, store) => {
  expect(store.drainAll().map((event) => event.seq)).toEqual(model.waiting.map((entry) => entry.seq))
  drop(model, 'drained', model.waiting.length)
  model.waiting = []
})

it('is what a list with the same history is, whatever is done to it in whatever order', () => {
  const id = fc.option(
    fc.integer({ min: 0, max: 40 }).map((n) => `id-${n}`),
    { freq: 2, nil: undefined },
  )
  const commands = fc.commands(
    [
      id.map(record),
      id.map(record),
      fc.constant(refuse),
      fc.tuple(fc.nat(6), fc.nat(6), fc.boolean()).map((parts) => mark(...parts)),
      fc.tuple(fc.integer({ min: 1, max: 5 }), fc.boolean()).map((parts) => take(...parts)),
      fc
        .tuple(fc.nat(5), fc.constantFrom('acked', 'rejected', 'released'), fc.boolean())
        .map(([batch, outcome, again]) => answer(batch, outcome as 'acked', again)),
      fc.constant(drain),
    ],
    { maxCommands: 60, size: 'max' },
  )
  const property = fc.property(
    fc.integer({ min: 1, max: 8 }),
    fc.boolean(),
    commands,
    (capacity, dropOldest, steps) => {
      const setup = () => ({
        model: {
          capacity,
          dropOldest,
          waiting: [],
          batches: [],
          seen: new Set<string>(),
          leftOut: new Set<string>(),
          recorded: 0,
          acked: 0,
          dropped: new Map(),
        } as Model,
        real: new EventStore({ capacity, overflow: dropOldest ? 'drop-oldest' : 'drop-newest', deduplicate: 1_000 }),
      })
      fc.modelRun(setup, steps)
    },
  )
  fc.assert(property, { seed: 1, numRuns: 300 })
})
