import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { UsageEvent } from '../event/event.ts'
import { arbitraryEvent } from '../event/testing/arbitrary.ts'
import {
  type Aggregate,
  addEvent,
  emptyAggregate,
  measureValue,
  mergeAggregate,
  type Plan,
  planOf,
} from './aggregate.ts'
import { aggregateFromJson, aggregateToJson } from './aggregate-json.ts'
import { MEASURE_OF, MEASURES, type Measure } from './measures.ts'

const measure = (name: string): Measure => MEASURE_OF.get(name) as Measure
const EVERYTHING = planOf(MEASURES)
const request = (more: Partial<UsageEvent> = {}): UsageEvent => ({
  eventId: 'e',
  timestampMs: 0,
  kind: 'llm_request_completed',
  requestModel: 'm',
  success: true,
  ...more,
})
const aggregateOf = (plan: Plan, events: readonly UsageEvent[]): Aggregate => {
  const aggregate = emptyAggregate(plan)
  for (const event of events) addEvent(plan, aggregate, event)
  return aggregate
}
const merged = (plan: Plan, parts: readonly Aggregate[]): Aggregate => {
  const whole = emptyAggregate(plan)
  for (const part of parts) mergeAggregate(plan, whole, part)
  return whole
}
const figure = (name: string, events: readonly UsageEvent[]): number | bigint | null => {
  const plan = planOf([measure(name)])
  return measureValue(plan, aggregateOf(plan, events), measure(name))
}

describe('a rate', () => {
  const speed = (...events: readonly Partial<UsageEvent>[]): unknown =>
    figure('output_milli_tokens_per_second_avg', events.map(request))

  test('is a mean of what each event did, not of all tokens over all time', () => {
    expect(speed({ outputTokens: 100, durationMs: 1_000 }, { outputTokens: 100, durationMs: 4_000 })).toBe(62_500)
  })

  test('leaves out events without tokens or without time, and is null when none is left', () => {
    expect(speed({ outputTokens: 50, durationMs: 1_000 }, { outputTokens: 9 }, { durationMs: 5 })).toBe(50_000)
    expect(speed({ outputTokens: 50, durationMs: 0 })).toBeNull()
    expect(speed({ outputTokens: 0, durationMs: 10 })).toBe(0)
  })

  test('is rounded half up to thousandths, and stays a safe integer whatever a client claims', () => {
    expect(speed({ outputTokens: 2, durationMs: 3_000 })).toBe(667)
    expect(speed({ outputTokens: 1, durationMs: 2_000_000 })).toBe(1)
    expect(speed({ outputTokens: Number.MAX_SAFE_INTEGER, durationMs: 1 })).toBe(Number.MAX_SAFE_INTEGER)
    expect(speed({ outputTokens: Number.MAX_SAFE_INTEGER, durationMs: Number.MAX_SAFE_INTEGER })).toBe(1_000_000)
  })
})

describe('plan', () => {
  test('holds what the measures need and nothing more', () => {
    const plan = planOf([
      measure('duration_ms_p95'),
      measure('duration_ms_avg'),
      measure('ttfb_ms_max'),
      measure('input_tokens'),
    ])
    expect(plan.counters).toEqual([])
    expect(plan.quantities.map(({ quantity, sketch, extremes }) => [quantity.name, sketch, extremes])).toEqual([
      ['input_tokens', false, false],
      ['duration_ms', true, true],
      ['ttfb_ms', false, true],
    ])
  })

  test('a ratio pulls in its two parts', () => {
    expect(planOf([measure('error_ratio')]).counters.map(({ name }) => name)).toEqual(['requests', 'failed_requests'])
    expect(planOf([measure('cache_hit_ratio')]).quantities.map(({ quantity }) => quantity.name)).toEqual([
      'input_tokens',
      'cache_read_tokens',
    ])
  })

  test('does not depend on the order of the measures', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...MEASURES], { minLength: 1 }), (measures) => {
        expect(planOf(measures)).toEqual(planOf(measures.toReversed()))
      }),
      { seed: 1, numRuns: 50 },
    )
  })
})

describe('algebra', () => {
  const events = fc.array(arbitraryEvent(), { maxLength: 12 })

  test('merging is associative and commutative, and empty is neutral', () => {
    fc.assert(
      fc.property(events, events, events, (a, b, c) => {
        const [x, y, z] = [a, b, c].map((part) => aggregateOf(EVERYTHING, part)) as [Aggregate, Aggregate, Aggregate]
        const left = merged(EVERYTHING, [merged(EVERYTHING, [x, y]), z])
        expect(merged(EVERYTHING, [x, merged(EVERYTHING, [y, z])])).toEqual(left)
        expect(merged(EVERYTHING, [z, y, x])).toEqual(left)
        expect(merged(EVERYTHING, [emptyAggregate(EVERYTHING), left, emptyAggregate(EVERYTHING)])).toEqual(left)
      }),
      { seed: 1, numRuns: 60 },
    )
  })

  test('any split of the events in any order merges to the whole', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryEvent(), { maxLength: 30 }),
        fc.array(fc.nat(4), { minLength: 30, maxLength: 30 }),
        (all, where) => {
          const parts = [0, 1, 2, 3, 4].map((part) => all.filter((_, index) => where[index] === part).reverse())
          const split = merged(
            EVERYTHING,
            parts.map((part) => aggregateOf(EVERYTHING, part)),
          )
          expect(split).toEqual(aggregateOf(EVERYTHING, all))
        },
      ),
      { seed: 1, numRuns: 60 },
    )
  })

  test('merging leaves the merged part as it was', () => {
    const plan = planOf([measure('duration_ms_p50')])
    const part = aggregateOf(plan, [request({ durationMs: 5 })])
    const before = structuredClone(part)
    const into = emptyAggregate(plan)
    mergeAggregate(plan, into, part)
    mergeAggregate(plan, into, part)
    expect(part).toEqual(before)
    expect(into.quantities[0]?.count).toBe(2)
  })

  test('the JSON of an aggregate reads back as that aggregate, whatever its figures', () => {
    fc.assert(
      fc.property(events, (all) => {
        const aggregate = aggregateOf(EVERYTHING, all)
        const text = JSON.stringify(aggregateToJson(EVERYTHING, aggregate))
        expect(aggregateFromJson(EVERYTHING, JSON.parse(text))).toEqual(aggregate)
      }),
      { seed: 1, numRuns: 60 },
    )
  })

  test('equal aggregates have equal JSON, however they came about', () => {
    fc.assert(
      fc.property(events, (all) => {
        const text = (list: readonly UsageEvent[]) =>
          JSON.stringify(aggregateToJson(EVERYTHING, aggregateOf(EVERYTHING, list)))
        expect(text(all.toReversed())).toBe(text(all))
      }),
      { seed: 2, numRuns: 40 },
    )
  })

  test('JSON that is not of the plan is refused with invalid_body', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(() => aggregateFromJson(EVERYTHING, json)).toThrow(expect.objectContaining({ code: 'invalid_body' }))
      }),
      { seed: 1, numRuns: 100 },
    )
    const plan = planOf([measure('duration_ms_p50')])
    const good = [9, 1, 9, 9, [9, 1]]
    expect(aggregateFromJson(plan, { c: [], q: [good] }).quantities[0]?.sum).toBe(9)
    for (const [at, bad] of [
      [0, 1.5],
      [0, '1e3'],
      [1, -1],
      [2, null],
      [3, '9'],
      [4, [9]],
      [4, [3072, 1]],
      [4, [1, 0.5]],
    ] as const) {
      expect(() => aggregateFromJson(plan, { c: [], q: [good.with(at, bad as number)] })).toThrow(
        expect.objectContaining({ code: 'invalid_body' }),
      )
    }
  })
})

describe('measures', () => {
  test('a sum of money over unpriced events only is null, of tokens nobody reported 0', () => {
    expect(figure('cost_nano_usd', [request()])).toBeNull()
    expect(figure('cost_nano_usd', [request(), request({ costNanoUsd: 0 })])).toBe(0)
    expect(figure('input_tokens', [request()])).toBe(0)
    expect(figure('unpriced_requests', [request(), request({ costNanoUsd: 7 })])).toBe(1)
  })

  test.each(['duration_ms_min', 'duration_ms_max', 'duration_ms_avg', 'duration_ms_p50', 'input_tokens_avg'])(
    '%s of nothing is null',
    (name) => {
      expect(figure(name, [request()])).toBeNull()
    },
  )

  test('extremes see 0, and the first event alone', () => {
    expect(figure('duration_ms_min', [request({ durationMs: 7 }), request({ durationMs: 0 })])).toBe(0)
    expect(figure('duration_ms_min', [request({ durationMs: 7 })])).toBe(7)
    expect(figure('duration_ms_max', [request({ durationMs: 0 })])).toBe(0)
  })

  test('a mean is rounded half to even at six decimals', () => {
    expect(
      figure(
        'duration_ms_avg',
        [1, 1, 2].map((durationMs) => request({ durationMs })),
      ),
    ).toBe(1.333333)
    expect(
      figure(
        'duration_ms_avg',
        [1, 2, 2].map((durationMs) => request({ durationMs })),
      ),
    ).toBe(1.666667)
    expect(
      figure(
        'duration_ms_avg',
        [3, 4].map((durationMs) => request({ durationMs })),
      ),
    ).toBe(3.5)
  })

  test('sums past 2^53 stay exact, and so does their mean', () => {
    const events = Array.from({ length: 3 }, () => request({ costNanoUsd: Number.MAX_SAFE_INTEGER }))
    expect(figure('cost_nano_usd', events)).toBe(27021597764222973n)
    expect(figure('cost_nano_usd_avg', events)).toBe(Number.MAX_SAFE_INTEGER)
  })

  test('a ratio over 0 is null', () => {
    expect(figure('success_ratio', [])).toBeNull()
    expect(figure('success_ratio', [request(), request({ kind: 'llm_request_failed', success: false })])).toBe(0.5)
    expect(figure('cache_hit_ratio', [request({ inputTokens: 0 })])).toBeNull()
    expect(figure('cache_hit_ratio', [request({ inputTokens: 8, cacheReadTokens: 2 })])).toBe(0.25)
  })

  test('counters read kind, success and attempt', () => {
    const events = [
      request({ attempt: 1 }),
      request({ attempt: 2, kind: 'llm_request_failed', success: false }),
      request(),
      { ...request(), kind: 'tool_invocation' as const, toolName: 't' },
    ]
    const counted = ['events', 'requests', 'operations', 'invocations', 'successful_requests', 'failed_requests'].map(
      (name) => figure(name, events),
    )
    expect(counted).toEqual([4, 3, 2, 1, 2, 1])
  })

  test('every measure of the table has a value on any events', () => {
    fc.assert(
      fc.property(fc.array(arbitraryEvent(), { maxLength: 10 }), (all) => {
        const aggregate = aggregateOf(EVERYTHING, all)
        for (const entry of MEASURES) {
          const value = measureValue(EVERYTHING, aggregate, entry)
          expect(value === null || typeof value === 'bigint' || Number.isFinite(value), entry.name).toBe(true)
        }
      }),
      { seed: 1, numRuns: 50 },
    )
  })
})
