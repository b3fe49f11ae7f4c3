import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { UsageEvent } from '../event/event.ts'
import { ARBITRARY_FROM_MS, ARBITRARY_TO_MS, arbitraryEvent } from '../event/testing/arbitrary.ts'
import { addEvent, emptyAggregate } from './aggregate.ts'
import { type Cell, finishQuery, MAX_CELLS, queryPlan } from './cells.ts'
import { fold, foldCells } from './fold.ts'
import { groupByOf } from './names.ts'
import { parseQuery } from './parse.ts'
import type { FilterValue, GroupBy, Query, ResultRow } from './query.ts'
import { arbitraryQuery, ODD_ZONES } from './testing/arbitrary.ts'

const HOUR = 3_600_000
const NOW = Date.parse('2026-11-21T12:00:00Z')
const query = (input: object): Query => parseQuery({ from: NOW - 24 * HOUR, to: NOW, ...input }, { nowMs: NOW })
const event = (more: Partial<UsageEvent> = {}): UsageEvent => ({
  eventId: 'e',
  timestampMs: NOW - HOUR,
  kind: 'llm_request_completed',
  requestModel: 'gpt-4o',
  success: true,
  ...more,
})
const models = (...names: string[]): UsageEvent[] => names.map((requestModel) => event({ requestModel }))
const META = { completeToMs: NOW, answeredFrom: 'fold' } as const

describe('rows', () => {
  test('without interval and groups there is exactly one, also of nothing', () => {
    const totals = query({ measures: ['requests', 'input_tokens', 'cost_nano_usd', 'duration_ms_p50'] })
    expect(fold(totals, [])).toEqual({
      rows: [{ requests: 0, input_tokens: 0, cost_nano_usd: null, duration_ms_p50: null, unpriced_requests: 0 }],
      complete_to_ms: NOW,
      answered_from: 'fold',
      other_groups: 0,
    })
    expect(fold(totals, [event({ inputTokens: 3, costNanoUsd: 5, durationMs: 9 })]).rows).toEqual([
      { requests: 1, input_tokens: 3, cost_nano_usd: 5, duration_ms_p50: 9, unpriced_requests: 0 },
    ])
  })

  test('of a group tell its first and its last instant', () => {
    const visits = ['a', 'b', 'a', 'a'].map((sessionId, hours) =>
      event({ sessionId, timestampMs: NOW - (5 - hours) * HOUR }),
    )
    const measures = ['timestamp_ms_min', 'timestamp_ms_max', 'timestamp_ms_sum']
    const { rows } = fold(query({ measures, group_by: ['session_id'], order_by: '-timestamp_ms_max' }), visits)
    const sum = 3 * NOW - (5 + 3 + 2) * HOUR
    expect(rows).toEqual([
      { session_id: 'a', timestamp_ms_min: NOW - 5 * HOUR, timestamp_ms_max: NOW - 2 * HOUR, timestamp_ms_sum: sum },
      {
        session_id: 'b',
        timestamp_ms_min: NOW - 4 * HOUR,
        timestamp_ms_max: NOW - 4 * HOUR,
        timestamp_ms_sum: NOW - 4 * HOUR,
      },
    ])
  })

  test('with an interval and no groups every bucket of the range has one', () => {
    const { rows } = fold(query({ from: NOW - 3 * HOUR, measures: ['requests'], interval: '1h' }), [event()])
    expect(rows).toEqual([
      { time_ms: NOW - 3 * HOUR, requests: 0 },
      { time_ms: NOW - 2 * HOUR, requests: 0 },
      { time_ms: NOW - HOUR, requests: 1 },
    ])
  })

  test('with groups only what occurred has one, by time, then rank over the whole range', () => {
    const events = [
      event({ requestModel: 'b', timestampMs: NOW - 3 * HOUR }),
      event({ requestModel: 'a', timestampMs: NOW - 3 * HOUR }),
      event({ requestModel: 'b', timestampMs: NOW - HOUR }),
    ]
    const { rows } = fold(query({ measures: ['requests'], group_by: ['model'], interval: '1h' }), events)
    expect(rows).toEqual([
      { time_ms: NOW - 3 * HOUR, model: 'b', requests: 1 },
      { time_ms: NOW - 3 * HOUR, model: 'a', requests: 1 },
      { time_ms: NOW - HOUR, model: 'b', requests: 1 },
    ])
  })

  test('the range holds its first ms and not its last', () => {
    const at = (timestampMs: number) => event({ timestampMs })
    expect(
      fold(query({ measures: ['requests'] }), [at(NOW - 24 * HOUR), at(NOW - 24 * HOUR - 1), at(NOW), at(NOW - 1)])
        .rows,
    ).toEqual([{ requests: 2 }])
  })

  test('integers past 2^53 are strings', () => {
    const events = [1, 2, 3].map(() => event({ costNanoUsd: Number.MAX_SAFE_INTEGER }))
    expect(fold(query({ measures: ['cost_nano_usd'] }), events).rows[0]).toMatchObject({
      cost_nano_usd: '27021597764222973',
    })
  })

  test('a group that no value names is null, and tags are read as own members only', () => {
    const tagged = (tags: Record<string, string>) => event({ tags })
    const byTag = (tag: string) => query({ measures: ['requests'], group_by: [`tags.${tag}`] })
    expect(fold(byTag('team'), [tagged({ team: 'search' }), event()]).rows).toEqual([
      { 'tags.team': null, requests: 1 },
      { 'tags.team': 'search', requests: 1 },
    ])
    for (const name of ['constructor', '__proto__', 'toString']) {
      expect(fold(byTag(name), [tagged({ team: 'search' })]).rows).toEqual([{ [`tags.${name}`]: null, requests: 1 }])
    }
    const hostile = tagged(JSON.parse('{"__proto__":"x"}'))
    expect(fold(byTag('__proto__'), [hostile]).rows).toEqual([{ 'tags.__proto__': 'x', requests: 1 }])
  })

  test('groups whose values would collide when joined stay apart', () => {
    const events = [
      event({ provider: 'a,', requestModel: 'b' }),
      event({ provider: 'a', requestModel: ',b' }),
      event({ requestModel: 'null' }),
      event(),
    ]
    expect(fold(query({ measures: ['requests'], group_by: ['provider', 'model'] }), events).rows).toHaveLength(4)
  })
})

describe('filters', () => {
  const count = (filters: object, events: readonly UsageEvent[]): unknown =>
    fold(query({ measures: ['events'], filters }), events).rows[0]?.['events']
  const events = [event({ provider: 'openai', statusCode: 200 }), event({ provider: 'google', stream: true }), event()]

  test.each([
    [{ provider: 'openai' }, 1],
    [{ provider: ['openai', 'google'] }, 2],
    [{ provider: null }, 1],
    [{ provider: ['openai', null] }, 2],
    [{ provider: { not: ['openai'] } }, 2],
    [{ provider: { not: [null] } }, 2],
    [{ provider: { not: null } }, 2],
    [{ provider: { not: ['openai', null] } }, 1],
    [{ status: 200 }, 1],
    [{ stream: true }, 1],
    [{ stream: false }, 0],
    [{ stream: null, provider: 'openai' }, 1],
  ])('%j keeps %i', (filters, expected) => {
    expect(count(filters, events)).toBe(expected)
  })
})

describe('ranking and the rest', () => {
  test('beyond the limit groups become one row a bucket that keeps sums exact', () => {
    const events = [
      ...models('a', 'a', 'a', 'b', 'b', 'c', 'd'),
      event({ requestModel: 'c', timestampMs: NOW - 5 * HOUR }),
    ]
    const result = fold(query({ measures: ['requests'], group_by: ['model'], limit: 1, interval: '1h' }), events)
    expect(result.other_groups).toBe(3)
    expect(result.rows).toEqual([
      { time_ms: NOW - 5 * HOUR, model: null, requests: 1, other: true },
      { time_ms: NOW - HOUR, model: 'a', requests: 3 },
      { time_ms: NOW - HOUR, model: null, requests: 4, other: true },
    ])
  })

  test('the default order is the first measure descending, ties by value', () => {
    const ranked = (order?: string) =>
      fold(
        query({ measures: ['requests'], group_by: ['model'], ...(order ? { order_by: order } : {}) }),
        models('b', 'b', 'c', 'a', 'd', 'd'),
      ).rows.map((row) => row['model'])
    expect(ranked()).toEqual(['b', 'd', 'a', 'c'])
    expect(ranked('requests')).toEqual(['a', 'c', 'b', 'd'])
    expect(ranked('-requests')).toEqual(['b', 'd', 'a', 'c'])
  })

  test('an unknown figure ranks last in both directions, and need not be among the measures', () => {
    const events = [
      event({ requestModel: 'none' }),
      event({ requestModel: 'dear', costNanoUsd: 9 }),
      event({ requestModel: 'free', costNanoUsd: 0 }),
    ]
    const ranked = (order_by: string) =>
      fold(query({ measures: ['requests'], group_by: ['model'], order_by }), events).rows
    expect(ranked('-cost_nano_usd').map((row) => row['model'])).toEqual(['dear', 'free', 'none'])
    expect(ranked('cost_nano_usd').map((row) => row['model'])).toEqual(['free', 'dear', 'none'])
    expect(ranked('cost_nano_usd')[0]).toEqual({ model: 'free', requests: 1 })
  })

  test('strings rank by code point, also beyond the basic plane', () => {
    const names = ['\u{1f642}', '\uffff', 'z', 'Z', '\u00e9', 'za', '\ud7ff']
    const rows = fold(query({ measures: ['requests'], group_by: ['model'] }), models(...names)).rows
    expect(rows.map((row) => row['model'])).toEqual(['Z', 'z', 'za', '\u00e9', '\ud7ff', '\uffff', '\u{1f642}'])
  })

  test('an engine may fold the rest itself', () => {
    const asked = query({ measures: ['requests'], group_by: ['model'], limit: 1 })
    const plan = queryPlan(asked)
    const cell = (values: FilterValue[], events: readonly UsageEvent[], other?: true): Cell => {
      const aggregate = emptyAggregate(plan)
      for (const each of events) addEvent(plan, aggregate, each)
      return { bucketMs: null, values, aggregate, ...(other ? { other } : {}) }
    }
    const cells = [cell([], models('c', 'd'), true), cell(['a'], models('a', 'a')), cell(['b'], models('b'))]
    const whole = fold(asked, models('a', 'a', 'b', 'c', 'd'))
    expect(finishQuery(asked, plan, cells, { ...META, otherGroups: 2 })).toEqual({ ...whole, complete_to_ms: NOW })
  })

  test('more groups than fit are refused', () => {
    const asked = query({ measures: ['events'], group_by: ['operation_id'] })
    function* flood(): Generator<UsageEvent> {
      for (let index = 0; index <= MAX_CELLS; index++) yield event({ operationId: `${index}` })
    }
    expect(() => fold(asked, flood())).toThrow(expect.objectContaining({ code: 'too_many_groups' }))
    const plan = queryPlan(asked)
    const aggregate = emptyAggregate(plan)
    const cells = Array.from(
      { length: MAX_CELLS + 1 },
      (_, index): Cell => ({ bucketMs: null, values: [`${index}`], aggregate }),
    )
    expect(() => finishQuery(asked, plan, cells, META)).toThrow(expect.objectContaining({ code: 'too_many_groups' }))
  })
})

describe('laws', () => {
  const events = fc.array(arbitraryEvent(), { maxLength: 40 })

  test('cells of any split in any order finish to the same answer', () => {
    fc.assert(
      fc.property(
        arbitraryQuery(),
        events,
        fc.array(fc.nat(3), { minLength: 40, maxLength: 40 }),
        (asked, all, where) => {
          const plan = queryPlan(asked)
          const cells = [3, 1, 0, 2].flatMap((part) =>
            foldCells(asked, plan, all.filter((_, index) => where[index] === part).reverse()),
          )
          const before = structuredClone(cells)
          expect(finishQuery(asked, plan, cells, { ...META, completeToMs: asked.toMs })).toEqual(fold(asked, all))
          expect(cells).toEqual(before)
        },
      ),
      { seed: 1, numRuns: 200 },
    )
  })

  test('the order of events changes nothing', () => {
    fc.assert(
      fc.property(arbitraryQuery(), events, (asked, all) => {
        expect(fold(asked, all.toReversed())).toEqual(fold(asked, all))
      }),
      { seed: 2, numRuns: 100 },
    )
  })

  test('rows of any split, `other` included, add up to the total of the range in any zone', () => {
    const added = ['requests', 'events', 'input_tokens', 'total_tokens', 'cost_nano_usd']
    const sum = (rows: readonly ResultRow[], name: string): bigint =>
      rows.reduce((total, row) => total + BigInt((row[name] as number | string | null) ?? 0), 0n)
    fc.assert(
      fc.property(arbitraryQuery(), events, (asked, all) => {
        const measures = parseQuery({ measures: added }, { nowMs: NOW }).measures
        const total = fold({ ...asked, measures, groupBy: [], interval: undefined, orderBy: undefined }, all)
        const { rows } = fold({ ...asked, measures }, all)
        for (const name of added) expect(sum(rows, name), name).toBe(sum(total.rows, name))
      }),
      { seed: 3, numRuns: 200 },
    )
  })

  test('days add up to the range across every change of the clock', () => {
    const from = Date.parse('2025-01-01T00:00:00Z')
    const to = Date.parse('2026-01-01T00:00:00Z')
    fc.assert(
      fc.property(
        fc.array(arbitraryEvent({ fromMs: from, toMs: to }), { maxLength: 60 }),
        fc.constantFrom(...ODD_ZONES),
        (all, time_zone) => {
          const { rows } = fold(query({ from, to, measures: ['events'], interval: '1d', time_zone }), all)
          expect(rows.reduce((total, row) => total + (row['events'] as number), 0)).toBe(all.length)
          // A zone east or west of UTC has a part of another day at either end.
          expect(rows.length === 365 || rows.length === 366).toBe(true)
        },
      ),
      { seed: 4, numRuns: 40 },
    )
  })

  test('agrees with a count written without the algebra', () => {
    fc.assert(
      fc.property(events, fc.constantFrom('model', 'provider', 'status_code', 'stream', 'agent_id'), (all, name) => {
        const by = groupByOf(name) as Extract<GroupBy, { dimension: unknown }>
        const asked = query({
          from: ARBITRARY_FROM_MS,
          to: ARBITRARY_TO_MS,
          measures: ['events', 'output_tokens', 'duration_ms_max'],
          group_by: [name],
        })
        for (const row of fold(asked, all).rows) {
          const mine = all.filter((each) => (each[by.dimension.field] ?? null) === row[name])
          expect(row['events']).toBe(mine.length)
          const tokens = mine.reduce((total, each) => total + BigInt(each.outputTokens ?? 0), 0n)
          expect(BigInt(row['output_tokens'] as number | string)).toBe(tokens)
          const durations = mine.flatMap((each) => each.durationMs ?? [])
          expect(row['duration_ms_max']).toBe(durations.length === 0 ? null : Math.max(...durations))
        }
      }),
      { seed: 5, numRuns: 100 },
    )
  })
})
