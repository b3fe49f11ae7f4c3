import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, DIMENSION_OF, type EventKind, type UsageEvent } from '@tallystick/core/event'
import {
  type Filter,
  filterMatcher,
  fold,
  MEASURE_OF,
  parseQuery,
  QUANTITY_OF,
  type Quantity,
  type Query,
} from '@tallystick/core/query'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ARBITRARY_FROM_MS, ARBITRARY_TO_MS, arbitraryEvent } from '../../../../core/src/event/testing/arbitrary.ts'
import { LONG, thorough } from '../../../../core/src/testing/thorough.ts'
import { isErased } from '../erased.ts'
import { type Repricing, repriced } from '../repriced.ts'
import { spreadFolder } from '../spread.ts'
import type { EraseRequest, ScanCursor, ScanRequest, StoredEvent, UsageStore } from '../store.ts'
import { arbitraryQuery } from './arbitrary-query.ts'

/** What the suite must know of an engine. */
export interface StoreUnderTest {
  /** Opens the store whose files, if it has any, lie in `dir`; opening the same directory again is a restart. */
  readonly open: (dir: string, clock: Clock) => Promise<UsageStore>
  /** Does everything that is due now: sealing, compaction. */
  readonly maintain?: (store: UsageStore) => Promise<void>
  /** Must be empty: what an engine finds wrong with itself. */
  readonly differences?: (store: UsageStore) => Promise<readonly string[]>
}

const DAY_MS = 86_400_000
/** Generated questions, asked each time that the store has got on. */
const EACH_TIME = thorough(3, 15)
const ALL: Pick<Query, 'fromMs' | 'toMs'> = { fromMs: 0, toMs: ARBITRARY_TO_MS + 30 * DAY_MS }

/** Of questions that are asked again after each of many steps, in the short run every other one, in turns. */
function inTurns(queries: readonly Query[]): () => readonly Query[] {
  let turn = 0
  return () => {
    turn++
    return LONG ? queries : queries.filter((_, at) => at % 2 === turn % 2)
  }
}

/** One of each way to make a quantity: a field, a sum, a difference, a rate, a ratio. */
const RANKED = [
  'cost_nano_usd',
  'total_tokens',
  'fresh_input_tokens',
  'output_milli_tokens_per_second',
  'routing_confidence_millionths',
]

/** A ratio, which no row has as a number of its own. */
const ROUTING = parseQuery(
  {
    from: ARBITRARY_FROM_MS,
    to: ARBITRARY_TO_MS,
    measures: ['avg', 'count', 'min', 'p90'].map((part) => `routing_confidence_millionths_${part}`),
    group_by: ['routing_method', 'backend'],
    order_by: '-routing_confidence_millionths_count',
    limit: 3,
  },
  { nowMs: ARBITRARY_TO_MS },
)

/**
 * The one suite that every store passes: whatever is asked, the rows equal those of `fold` over the same events, whether
 * they come from open rows, sealed cells, late rows or any mixture.
 */
export function describeStore(name: string, engine: StoreUnderTest): void {
  describe(`${name} store`, () => {
    let dir = ''
    let now = 0
    let store: UsageStore
    const clock: Clock = { now: () => now, monotonic: () => performance.now() }

    beforeEach(async () => {
      dir = await mkdtemp(join(tmpdir(), 'tallystick-store-'))
      now = ARBITRARY_FROM_MS
      store = await engine.open(dir, clock)
    })
    afterEach(async () => {
      await store.close()
      await rm(dir, { recursive: true, force: true })
    })

    const maintainAt = async (instant: number): Promise<void> => {
      now = instant
      await engine.maintain?.(store)
      expect((await engine.differences?.(store)) ?? []).toEqual([])
    }

    const expectAnswers = async (events: readonly StoredEvent[], queries: readonly Query[]): Promise<void> => {
      const plain = events.map(({ event }) => event)
      for (const query of queries) {
        const answer = await store.query(query)
        const expected = fold(query, plain)
        expect({ rows: answer.rows, others: answer.other_groups }, describeQuery(query)).toEqual({
          rows: expected.rows,
          others: expected.other_groups,
        })
      }
    }

    test('answers every query as the fold does, across open, sealed, late and compacted rows and a restart', async () => {
      const events = storedEvents(1_000, 11)
      const queries = fc.sample(arbitraryQuery({ fromMs: ARBITRARY_FROM_MS, toMs: ARBITRARY_TO_MS }), {
        seed: 12,
        numRuns: 6 * EACH_TIME,
      })
      const batch = (index: number): readonly Query[] => queries.slice(index * EACH_TIME, (index + 1) * EACH_TIME)
      const sealAt = [2.3, 4.01, 9]

      await store.append(events.slice(0, 400))
      await expectAnswers(events.slice(0, 400), batch(0))
      await maintainAt(ARBITRARY_FROM_MS + (sealAt[0] as number) * DAY_MS)
      await expectAnswers(events.slice(0, 400), batch(1))
      // About a third of these lie before the watermark.
      await store.append(events.slice(400, 650))
      await expectAnswers(events.slice(0, 650), batch(2))
      await maintainAt(ARBITRARY_FROM_MS + (sealAt[1] as number) * DAY_MS)
      await store.append(events.slice(650, 850))
      await expectAnswers(events.slice(0, 850), batch(3))
      if (store.capabilities.durable) {
        await store.close()
        store = await engine.open(dir, clock)
      }
      await expectAnswers(events.slice(0, 850), batch(4))
      await maintainAt(ARBITRARY_FROM_MS + (sealAt[2] as number) * DAY_MS)
      await store.append(events.slice(850))
      await maintainAt(ARBITRARY_FROM_MS + (sealAt[2] as number) * DAY_MS + 3_600_000)
      await expectAnswers(events, [...batch(5), ROUTING])
    }, 60_000)

    test('is the same whatever the batches, their repetition and the moments of sealing', async () => {
      const events = storedEvents(300, 21)
      const queries = fc.sample(arbitraryQuery({ fromMs: ARBITRARY_FROM_MS, toMs: ARBITRARY_TO_MS }), {
        seed: 22,
        numRuns: thorough(3, 10),
      })
      const cuts = fc.array(
        fc.record({ size: fc.integer({ min: 1, max: 120 }), again: fc.boolean(), day: fc.option(fc.nat(8)) }),
        {
          minLength: 3,
          maxLength: 8,
        },
      )
      for (const plan of fc.sample(cuts, { seed: 23, numRuns: thorough(1, 4) })) {
        await store.close()
        await rm(dir, { recursive: true, force: true })
        store = await engine.open(dir, clock)
        let at = 0
        for (const { size, again, day } of plan) {
          await store.append(events.slice(again ? 0 : at, at + size))
          at = Math.min(events.length, at + size)
          if (day !== null) await maintainAt(Math.max(now, ARBITRARY_FROM_MS + day * DAY_MS))
        }
        await store.append(events)
        await expectAnswers(events, queries)
        expect((await store.stats()).events).toBe(events.length)
      }
    }, 60_000)

    test('finds events by their id, and those of at least some cost or duration', async () => {
      const uuid = '01939f2e-7d10-7c4a-9c7f-2f1b4c5d6e7f'
      const ids = [uuid, uuid.toUpperCase(), '00000000-0000-0000-0000-000000000000', 'a"b\\%_\u00e9', '1', '01']
      const events = storedEvents(80, 33).map((stored, index) => {
        const { agentId: _agent, costNanoUsd: _cost, durationMs: _duration, ...event } = stored.event
        // Each id twice, by two agents, and a cost and a duration for two thirds of them.
        const told = index % 3 === 0 ? {} : { costNanoUsd: index * 10, durationMs: 100 - index }
        const eventId = ids[index % 40] ?? event.eventId
        return { ...stored, event: { ...event, eventId, agentId: `agent-${index}`, ...told } as UsageEvent }
      })
      await store.append(events)
      await maintainAt(ARBITRARY_FROM_MS + 9 * DAY_MS)
      const idsOf = async (narrow: Pick<ScanRequest, 'eventId' | 'atLeast'>): Promise<readonly number[]> => {
        const page = await store.scan({ ...ALL, filters: [], limit: 100, ...narrow })
        return page.events.map(({ ordinal }) => ordinal).sort((a, b) => a - b)
      }
      const expected = (keep: (event: UsageEvent) => boolean): readonly number[] =>
        events.flatMap(({ event, ordinal }) => (keep(event) ? [ordinal] : []))
      for (const id of [...ids, 'nobody'])
        expect(await idsOf({ eventId: id }), id).toEqual(expected(({ eventId }) => eventId === id))
      expect(await idsOf({ eventId: uuid })).toHaveLength(2)
      const dear = { field: 'costNanoUsd', value: 400 } as const
      const slow = { field: 'durationMs', value: 50 } as const
      expect(await idsOf({ atLeast: [dear] })).toEqual(expected(({ costNanoUsd = -1 }) => costNanoUsd >= 400))
      expect(await idsOf({ atLeast: [dear, slow] })).toEqual(
        expected(({ costNanoUsd = -1, durationMs = -1 }) => costNanoUsd >= 400 && durationMs >= 50),
      )
    })

    test('skips what it has applied, so a replay changes nothing', async () => {
      const events = storedEvents(200, 31)
      await store.append(events)
      const before = await store.stats()
      await store.append(events.slice(50))
      expect({ ...(await store.stats()), bytes: 0 }).toEqual({ ...before, bytes: 0 })
      expect(before).toMatchObject({ events: 200, appliedOrdinal: 200 })
    })

    test('gives events back as they were, page by page, in either direction and with filters', async () => {
      const events = storedEvents(400, 41)
      await store.append(events)
      await maintainAt(ARBITRARY_FROM_MS + 3 * DAY_MS)
      const filterSets: readonly (readonly Filter[])[] = [
        [],
        [{ by: groupBy('provider'), values: ['openai', null], negate: false }],
        [
          { by: groupBy('model'), values: ['gpt-4o'], negate: true },
          { by: { name: 'tags.team', tag: 'team' }, values: [null], negate: true },
        ],
        [{ by: groupBy('success'), values: [false], negate: false }],
      ]
      for (const filters of filterSets) {
        for (const ascending of [false, true]) {
          const range = { fromMs: ARBITRARY_FROM_MS + DAY_MS, toMs: ARBITRARY_FROM_MS + 6 * DAY_MS + 1 }
          const expected = events
            .filter(({ event }) => event.timestampMs >= range.fromMs && event.timestampMs < range.toMs)
            .filter(({ event }) => filterMatcher(filters)(event))
            .sort((a, b) => (a.event.timestampMs - b.event.timestampMs || a.ordinal - b.ordinal) * (ascending ? 1 : -1))
          const found: StoredEvent[] = []
          let after: ScanCursor | undefined
          do {
            const page = await store.scan({ ...range, filters, limit: 60, ascending, ...(after ? { after } : {}) })
            expect(page.events.length).toBeLessThanOrEqual(60)
            found.push(...page.events)
            after = page.next
          } while (after)
          expect(found).toEqual(expected)
        }
      }
    })

    test('ranks the values of any quantity exactly, with and without the events that carry none', async () => {
      const events = storedEvents(501, 31)
      await store.append(events)
      await maintainAt(ARBITRARY_FROM_MS + 3 * DAY_MS)
      const queries = fc.sample(arbitraryQuery({ fromMs: ARBITRARY_FROM_MS, toMs: ARBITRARY_TO_MS }), {
        seed: 32,
        numRuns: RANKED.length,
      })
      for (const [index, name] of RANKED.entries()) {
        const quantity = QUANTITY_OF.get(name) as Quantity
        const { fromMs, toMs, filters } = queries[index] as Query
        for (const range of [
          { ...ALL, filters: [] },
          { fromMs, toMs, filters },
        ]) {
          for (const request of [
            { ...range, quantity },
            { ...range, quantity, absentAs: 0 },
          ]) {
            const folder = spreadFolder(request)
            for (const { event } of events) folder.add(event)
            expect(await store.spread(request), name).toEqual(folder.result())
          }
        }
      }
    })

    test('keeps the order of events of one instant, also over pages', async () => {
      const [{ event }] = storedEvents(1, 51) as [StoredEvent]
      const events = Array.from({ length: 25 }, (_, index) => ({
        ordinal: index + 1,
        receivedMs: 1,
        event: { ...event, eventId: `e${index}` },
      }))
      await store.append(events)
      const first = await store.scan({ ...ALL, filters: [], limit: 10 })
      expect(first.events.map(({ ordinal }) => ordinal)).toEqual([25, 24, 23, 22, 21, 20, 19, 18, 17, 16])
      const rest = await store.scan({ ...ALL, filters: [], limit: 100, after: first.next as ScanCursor })
      expect(rest.events.map(({ ordinal }) => ordinal)).toEqual(Array.from({ length: 15 }, (_, index) => 15 - index))
      expect(rest.next).toBeUndefined()
    })

    test('gives the events it holds of a range of ordinals, in that order, whole, and a page at a time', async () => {
      const events = storedEvents(120, 71).filter(({ ordinal }) => ordinal % 10 !== 3)
      await store.append(events)
      const within = (first: number, last: number): StoredEvent[] =>
        events.filter(({ ordinal }) => ordinal >= first && ordinal <= last)
      expect(await store.held({ first: 1, last: 1000 }, 1000)).toEqual(events)
      expect(await store.held({ first: 20, last: 40 }, 1000)).toEqual(within(20, 40))
      expect(await store.held({ first: 20, last: 40 }, 5)).toEqual(within(20, 40).slice(0, 5))
      expect(await store.held({ first: 13, last: 13 }, 5)).toEqual([])
      await store.clear()
      expect(await store.held({ first: 1, last: 1000 }, 1000)).toEqual([])
    })

    test('leaves out no member of an event that was asked for, and the same events in the same order', async () => {
      const events = storedEvents(200, 55)
      await store.append(events)
      const fields = ['requestModel', 'apiKeyLabel', 'outputTokens', 'success', 'mcpServers', 'tags'] as const
      const kept = ['eventId', 'timestampMs', 'kind', ...fields] as const
      const wanted = ({ ordinal, event }: StoredEvent): unknown => [ordinal, ...kept.map((field) => event[field])]
      for (const ascending of [false, true]) {
        const request = { ...ALL, filters: [], limit: 70, ascending }
        const whole = await store.scan(request)
        const part = await store.scan({ ...request, fields })
        expect(part.events.map(wanted)).toEqual(whole.events.map(wanted))
        expect(part.next).toEqual(whole.next)
      }
    })

    test('is empty after a clear, stays so under a replay, and counts what comes later', async () => {
      const events = storedEvents(300, 61)
      await store.append(events.slice(0, 200))
      await maintainAt(ARBITRARY_FROM_MS + 3 * DAY_MS)
      await store.clear()
      await store.append(events.slice(0, 200))
      expect(await store.stats()).toMatchObject({
        events: 0,
        expired: 0,
        cleared: 200,
        appliedOrdinal: 200,
        oldestMs: null,
        newestMs: null,
      })
      await expectAnswers([], [totals()])
      await store.append(events.slice(150))
      await maintainAt(ARBITRARY_FROM_MS + 4 * DAY_MS)
      await expectAnswers(events.slice(200), [totals(), totals(['model'])])
    })

    test('drops old events on request; totals stay where cells are kept', async () => {
      const events = storedEvents(400, 71)
      await store.append(events)
      await maintainAt(ARBITRARY_TO_MS + DAY_MS)
      const cutMs = ARBITRARY_FROM_MS + 3 * DAY_MS
      const old = events.filter(({ event }) => event.timestampMs < cutMs)
      const kept = events.filter(({ event }) => event.timestampMs >= cutMs)
      expect(old.length).toBeGreaterThan(20)
      expect(await store.prune({ eventsBeforeMs: cutMs })).toEqual({ eventsDropped: old.length })
      expect(await store.stats()).toMatchObject({
        events: kept.length,
        expired: old.length,
        cleared: 0,
        appliedOrdinal: 400,
      })
      const page = await store.scan({ ...ALL, filters: [], limit: 10_000, ascending: true })
      expect(page.events.map(({ ordinal }) => ordinal).sort((a, b) => a - b)).toEqual(
        kept.map(({ ordinal }) => ordinal),
      )
      const sums = [...TOTALS, 'duration_ms_max']
      await expectAnswers(store.capabilities.cells ? events : kept, [
        totals(),
        totals(['model']),
        totals(['agent_id'], sums),
      ])
      expect(await store.prune({ eventsBeforeMs: cutMs })).toEqual({ eventsDropped: 0 })
      await store.clear()
      expect(await store.stats()).toMatchObject({ events: 0, expired: 0, cleared: 400 })
    })

    test('drops old events of a kind on request; totals stay where cells are kept', async () => {
      const events = storedEvents(400, 72)
      await store.append(events)
      await maintainAt(ARBITRARY_TO_MS + DAY_MS)
      const kindsBeforeMs = new Map<EventKind, number>([
        ['tool_invocation', ARBITRARY_FROM_MS + 4 * DAY_MS],
        ['llm_request_failed', ARBITRARY_FROM_MS + 2 * DAY_MS],
      ])
      const eventsBeforeMs = ARBITRARY_FROM_MS + DAY_MS
      const isOld = ({ event }: StoredEvent): boolean => event.timestampMs < (kindsBeforeMs.get(event.kind) ?? 0)
      const rounds = [
        { request: { kindsBeforeMs }, kept: events.filter((stored) => !isOld(stored)) },
        {
          request: { kindsBeforeMs, eventsBeforeMs },
          kept: events.filter((stored) => !isOld(stored) && stored.event.timestampMs >= eventsBeforeMs),
        },
      ]
      let left = events.length
      for (const { request, kept } of rounds) {
        expect(left - kept.length).toBeGreaterThan(5)
        expect(await store.prune(request)).toEqual({ eventsDropped: left - kept.length })
        left = kept.length
        expect(await store.stats()).toMatchObject({ events: left, expired: events.length - left, cleared: 0 })
        const page = await store.scan({ ...ALL, filters: [], limit: 10_000, ascending: true })
        expect(page.events.map(({ ordinal }) => ordinal).sort((a, b) => a - b)).toEqual(
          kept.map(({ ordinal }) => ordinal),
        )
        await expectAnswers(store.capabilities.cells ? events : kept, [
          totals(),
          totals(['kind'], [...TOTALS, 'duration_ms_max']),
          totals(['agent_id'], [...TOTALS, 'duration_ms_max']),
        ])
        expect(await store.prune(request)).toEqual({ eventsDropped: 0 })
        expect((await engine.differences?.(store)) ?? []).toEqual([])
      }
      // An event that comes too late for its kind is there until the next round.
      const late = events.filter(isOld).map((stored, index) => ({ ...stored, ordinal: 1000 + index }))
      await store.append(late)
      await maintainAt(ARBITRARY_TO_MS + 2 * DAY_MS)
      await store.prune({ kindsBeforeMs })
      expect((await store.stats()).events).toBe(left)
      await expectAnswers(store.capabilities.cells ? [...events, ...late] : (rounds[1]?.kept ?? []), [totals()])
    })

    test('puts a pseudonym in the place of a user, and every figure stays what it was', async () => {
      const users = ['ann@example.com', 'J\u00fcrgen "J\\" \u{1f600}', 'b', undefined]
      const named = (count: number, seed: number): StoredEvent[] =>
        storedEvents(count, seed, (event, index) => {
          const { userId: _, tenantId: __, ...rest } = event
          const [userId, tenantId] = [users[index % 4], ['acme', undefined, 'acme', 'other', 'acme'][index % 5]]
          return { ...rest, ...(userId === undefined ? {} : { userId }), ...(tenantId ? { tenantId } : {}) }
        })
      const renamed = (events: readonly StoredEvent[], request: EraseRequest): StoredEvent[] =>
        events.map((stored) =>
          isErased(stored, request) ? { ...stored, event: { ...stored.event, userId: request.pseudonym } } : stored,
        )
      const queries = [
        totals(),
        totals(['user_id']),
        { ...totals(['tenant_id', 'user_id'], ['events']), interval: '1d' as const },
        { ...totals(['user_id'], ['events']), limit: 1 },
        {
          ...totals(['model']),
          filters: [{ by: groupBy('user_id'), values: ['erased-1', users[1] as string, null], negate: false }],
        },
      ]
      const asked = inTurns(queries)
      let events = named(400, 73)
      // Rows of sealed days, late ones, and open ones; some expired where totals outlive them.
      await store.append(events.slice(0, 300))
      await maintainAt(ARBITRARY_FROM_MS + 4 * DAY_MS)
      await store.append(events.slice(300))
      const requests: EraseRequest[] = [
        { userId: users[0] as string, tenantId: 'acme', pseudonym: 'erased-1', throughOrdinal: 400 },
        { userId: users[1] as string, pseudonym: 'erased-2', throughOrdinal: 400 },
        { userId: users[2] as string, tenantId: null, pseudonym: 'erased-3', throughOrdinal: 400 },
      ]
      for (const request of requests) {
        const counted = events.filter((stored) => isErased(stored, request)).length
        expect(counted).toBeGreaterThan(10)
        expect(await store.erase(request)).toEqual({ events: counted })
        events = renamed(events, request)
        await expectAnswers(events, asked())
        expect((await engine.differences?.(store)) ?? []).toEqual([])
        expect(await store.erase(request)).toEqual({ events: 0 })
      }
      const page = await store.scan({ ...ALL, filters: [], limit: 10_000, ascending: true })
      expect([...page.events].sort((a, b) => a.ordinal - b.ordinal)).toEqual(events)
      // Whoever comes again under the name is somebody new, and what has been applied is not undone by a replay.
      const [{ event }] = events as [StoredEvent]
      const again = { ordinal: 401, receivedMs: 1, event: { ...event, eventId: 'again', userId: users[1] as string } }
      await store.append([...named(400, 73), again])
      events = [...events, again]
      await expectAnswers(events, asked())
      await maintainAt(ARBITRARY_TO_MS + DAY_MS)
      await expectAnswers(events, queries)
      if (!store.capabilities.durable) return
      await store.close()
      store = await engine.open(dir, clock)
      await expectAnswers(events, asked())
    }, 60_000)

    test('keeps everything over a restart where it promises to', async () => {
      const events = storedEvents(100, 81)
      await store.append(events)
      const before = await store.stats()
      await store.close()
      store = await engine.open(dir, clock)
      const expected = store.capabilities.durable
        ? before
        : { events: 0, expired: 0, cleared: 0, appliedOrdinal: 0, oldestMs: null, newestMs: null }
      expect({ ...(await store.stats()), bytes: 0 }).toEqual({ ...expected, bytes: 0 })
    })

    test('comes to the same wherever it is closed in between, when what came before is fed again', async () => {
      if (!store.capabilities.durable) return
      const events = storedEvents(60, 85)
      for (const at of [0, 1, 17, 59, 60]) {
        await store.append(events.slice(0, at))
        await store.close()
        store = await engine.open(dir, clock)
        expect((await store.stats()).appliedOrdinal).toBe(at)
        // As after a crash: the feeder may have noted less than the store has applied.
        await store.append(events.slice(0, Math.max(1, at)))
        await expectAnswers(events.slice(0, Math.max(1, at)), [totals(), totals(['model'])])
        if (at === 17) {
          await store.clear()
          await store.close()
          store = await engine.open(dir, clock)
          await store.append(events.slice(0, at))
          await expectAnswers([], [totals()])
          expect(await store.stats()).toMatchObject({ events: 0, cleared: 17, appliedOrdinal: 17 })
          await store.close()
          await rm(dir, { recursive: true, force: true })
          store = await engine.open(dir, clock)
        }
      }
    })

    test('shows events as repriced beside what was billed, in open rows, sealed cells and late rows', async () => {
      const events = storedEvents(300, 101)
      const asked = inTurns(REPRICED)
      await store.append(events.slice(0, 150))
      await maintainAt(ARBITRARY_FROM_MS + 4 * DAY_MS)
      // Those behind 4 days are open, a third of the next 50 late.
      await store.append(events.slice(150, 200))
      const first = repricing(201, events.slice(0, 200), (index) => index % 3 !== 0)
      await store.reprice([first])
      let expected = afterRepricing(events.slice(0, 200), first)
      await expectAnswers(expected, asked())
      // Of two the later counts, also where it says what was billed.
      const back = events.slice(0, 100).map(({ ordinal }) => ({ ordinal, differenceNanoUsd: 0, priceId: 'same' }))
      const second: Repricing = { ...first, ordinal: 202, events: back }
      await store.reprice([second])
      expected = afterRepricing(expected, second)
      await expectAnswers(expected, asked())
      expect(await store.held({ first: 1, last: 200 }, 1000)).toEqual(expected)
      await maintainAt(ARBITRARY_FROM_MS + 6 * DAY_MS)
      await expectAnswers(expected, asked())
      const rest = events.slice(200).map((stored) => ({ ...stored, ordinal: stored.ordinal + 2 }))
      await store.append(rest)
      const third = repricing(rest.at(-1)?.ordinal ?? 0, [...expected, ...rest], (index) => index % 2 === 0, 7)
      await store.reprice([{ ...third, ordinal: third.ordinal + 1 }])
      expected = afterRepricing([...expected, ...rest], third)
      await expectAnswers(expected, asked())
      await maintainAt(ARBITRARY_TO_MS + DAY_MS)
      await expectAnswers(expected, REPRICED)
      const page = await store.scan({ ...ALL, filters: [], limit: 10_000, ascending: true })
      expect([...page.events].sort((a, b) => a.ordinal - b.ordinal)).toEqual(expected)
    }, 60_000)

    test('takes new prices once, in the order of the journal, and keeps them over a restart', async () => {
      const events = storedEvents(120, 103)
      await store.append(events)
      await maintainAt(ARBITRARY_FROM_MS + 3 * DAY_MS)
      const first = repricing(121, events, () => true)
      const second = repricing(122, events, (index) => index % 2 === 0, 13)
      await store.reprice([first, second])
      expect(await store.stats()).toMatchObject({ events: 120, appliedOrdinal: 122 })
      const expected = afterRepricing(afterRepricing(events, first), second)
      // A replay of what came before changes nothing.
      await store.append(events)
      await store.reprice([first])
      await store.reprice([second])
      await expectAnswers(expected, REPRICED)
      if (!store.capabilities.durable) return
      await store.close()
      store = await engine.open(dir, clock)
      expect(await store.stats()).toMatchObject({ events: 120, appliedOrdinal: 122 })
      await store.reprice([first])
      await expectAnswers(expected, REPRICED)
      expect(await store.held({ first: 1, last: 200 }, 1000)).toEqual(expected)
      await maintainAt(ARBITRARY_TO_MS + DAY_MS)
      await expectAnswers(expected, REPRICED)
    }, 60_000)

    test('passes over new prices of events that were cleared, and keeps those of later ones until a clear', async () => {
      const events = storedEvents(100, 105)
      await store.append(events.slice(0, 60))
      await maintainAt(ARBITRARY_FROM_MS + 3 * DAY_MS)
      await store.clear()
      await store.append(events.slice(60))
      const change = repricing(101, events, () => true)
      await store.reprice([change])
      await expectAnswers(afterRepricing(events.slice(60), change), REPRICED)
      await store.clear()
      await expectAnswers([], REPRICED)
    })

    test('passes over new prices of expired events; what they came to by then stays in totals', async () => {
      const events = storedEvents(300, 107)
      await store.append(events)
      const first = repricing(301, events, (index) => index % 2 === 0)
      await store.reprice([first])
      await maintainAt(ARBITRARY_TO_MS + DAY_MS)
      const cutMs = ARBITRARY_FROM_MS + 3 * DAY_MS
      await store.prune({ eventsBeforeMs: cutMs })
      const second = repricing(302, events, () => true, 17)
      await store.reprice([second])
      const before = afterRepricing(events, first)
      const kept = ({ event }: StoredEvent): boolean => event.timestampMs >= cutMs
      const after = afterRepricing(before.filter(kept), second)
      const gone = before.filter((stored) => !kept(stored))
      await expectAnswers(store.capabilities.cells ? [...gone, ...after] : after, [
        totals([], AS_REPRICED),
        totals(['model'], AS_REPRICED),
        totals(['agent_id'], AS_REPRICED),
      ])
      expect((await store.stats()).events).toBe(after.length)
    })

    test('takes events that were repriced elsewhere as they are', async () => {
      const plain = storedEvents(80, 109)
      const events = afterRepricing(
        plain,
        repricing(1, plain, (index) => index % 2 === 0),
      )
      await store.append(events)
      await expectAnswers(events, REPRICED)
      await maintainAt(ARBITRARY_TO_MS + DAY_MS)
      await expectAnswers(events, REPRICED)
      expect(await store.held({ first: 1, last: 200 }, 1000)).toEqual(events)
    })

    test('answers a query over nothing with zero and unknown', async () => {
      await expectAnswers([], [totals(), { ...totals(), interval: '1d' }, totals(['model'])])
    })

    test('takes over what another store of the journal no longer holds, and how far that one had come', async () => {
      const { takeOver } = store
      if (takeOver === undefined) return
      await store.append(storedEvents(20, 87))
      for (let again = 0; again < 2; again++) await takeOver.call(store, { appliedOrdinal: 30, expired: 7, cleared: 3 })
      const expected = { events: 20, expired: 7, cleared: 3, appliedOrdinal: 30 }
      expect(await store.stats()).toMatchObject(expected)
      if (store.capabilities.durable) {
        await store.close()
        store = await engine.open(dir, clock)
        expect(await store.stats()).toMatchObject(expected)
      }
      const events = storedEvents(40, 87)
      await store.append(events)
      expect(await store.stats()).toMatchObject({ events: 30, expired: 7, cleared: 3, appliedOrdinal: 40 })
      await expectAnswers([...events.slice(0, 20), ...events.slice(30)], [totals(), totals(['model'])])
      await store.clear()
      expect(await store.stats()).toMatchObject({ events: 0, expired: 0, cleared: 40, appliedOrdinal: 40 })
    })

    test('refuses a query that is cancelled before it starts', async () => {
      await store.append(storedEvents(10, 91))
      await expect(store.query(totals(), { signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'query_cancelled',
      })
      await expectAnswers(storedEvents(10, 91), [totals()])
    })
  })
}

export function storedEvents(
  count: number,
  seed: number,
  change: (event: UsageEvent, index: number) => UsageEvent = (event) => event,
): StoredEvent[] {
  return fc.sample(arbitraryEvent(), { seed, numRuns: count }).map((event, index) => ({
    ordinal: index + 1,
    receivedMs: event.timestampMs + 5,
    event: change(event, index),
  }))
}

function groupBy(name: string): Query['groupBy'][number] {
  const dimension = DIMENSION_OF.get(name)
  if (!dimension) throw new Error(`no dimension ${name}`)
  return { name, dimension }
}

const TOTALS = ['events', 'requests', 'cost_nano_usd', 'total_tokens']

/** Everything there is, in a handful of figures. */
export function totals(
  dimensions: readonly string[] = [],
  measures: readonly string[] = [...TOTALS, 'duration_ms_max', 'duration_ms_p50'],
): Query {
  return {
    fromMs: ARBITRARY_FROM_MS - DAY_MS,
    toMs: ARBITRARY_TO_MS,
    measures: measures.map((name) => MEASURE_OF.get(name) as Query['measures'][number]),
    groupBy: dimensions.map(groupBy),
    interval: undefined,
    timeZone: 'UTC',
    filters: [],
    orderBy: undefined,
    limit: 100,
  }
}

const AS_REPRICED = ['events', 'cost_nano_usd', 'repriced_cost_nano_usd', 'unpriced_requests', 'total_tokens']
const REPRICED_TOTALS = [...AS_REPRICED, 'repriced_cost_nano_usd_avg', 'cost_nano_usd_avg', 'duration_ms_p50']

/** What is asked after a re-pricing: from each kind of cells, and from rows. */
const REPRICED: readonly Query[] = [
  totals(['model', 'provider'], REPRICED_TOTALS),
  totals(['agent_id'], AS_REPRICED),
  totals(['user_id'], AS_REPRICED),
  totals(['repriced_price_id'], AS_REPRICED),
  { ...totals([], AS_REPRICED), interval: '1d', timeZone: 'Asia/Kathmandu' },
  totals([], ['repriced_cost_nano_usd_p95', 'repriced_cost_nano_usd_max']),
]

/** New prices of some of the events: dearer, cheaper, the same, and priced for the first time. */
function repricing(
  ordinal: number,
  events: readonly StoredEvent[],
  wanted: (index: number) => boolean,
  seed = 3,
): Repricing {
  const instants = events.map(({ event }) => event.timestampMs)
  return {
    ordinal,
    fromMs: Math.min(...instants),
    toMs: Math.max(...instants) + 1,
    events: events
      .filter((_, index) => wanted(index))
      .map(({ ordinal: of, event: { costNanoUsd = 0 } }) => {
        const share = ((of * seed) % 7) - 3
        const differenceNanoUsd = costNanoUsd === 0 ? of * seed : Math.trunc((costNanoUsd / 4) * share)
        return { ordinal: of, differenceNanoUsd, priceId: `2026-12-01/p${(of * seed) % 4}` }
      }),
  }
}

/** What the events are by then. */
function afterRepricing(events: readonly StoredEvent[], { events: changes }: Repricing): StoredEvent[] {
  const changeOf = new Map(changes.map((change) => [change.ordinal, change]))
  return events.map((stored) => {
    const change = changeOf.get(stored.ordinal)
    return change ? { ...stored, event: repriced(stored.event, change) } : stored
  })
}

function describeQuery(query: Query): string {
  const { measures, groupBy: groups, filters, orderBy, ...rest } = query
  return JSON.stringify({
    ...rest,
    measures: measures.map(({ name }) => name),
    groups: groups.map(({ name }) => name),
    filters: filters.map(({ by, values, negate }) => [by.name, values, negate]),
    orderBy: orderBy && [orderBy.measure.name, orderBy.descending],
  })
}
