import fc from 'fast-check'
import { DIMENSIONS } from '../../event/dimensions.ts'
import { ARBITRARY_FROM_MS, ARBITRARY_TO_MS } from '../../event/testing/arbitrary.ts'
import { MEASURES } from '../measures.ts'
import type { Filter, FilterValue, GroupBy, Query } from '../query.ts'
import { INTERVALS } from '../time.ts'

/** Zones whose clocks do what careless code does not expect. */
export const ODD_ZONES: readonly string[] = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'America/St_Johns',
  'Africa/Casablanca',
  'Pacific/Kiritimati',
  'Pacific/Apia',
]

const GROUPS: readonly GroupBy[] = [
  ...DIMENSIONS.map((dimension): GroupBy => ({ name: dimension.name, dimension })),
  { name: 'tags.team', tag: 'team' },
  { name: 'tags.__proto__', tag: '__proto__' },
]

const VALUES: readonly FilterValue[] = [
  null,
  true,
  false,
  200,
  429,
  'gpt-4o',
  'openai',
  'agent_42',
  'acme',
  'search',
  '__proto__',
  'llm_request_completed',
]

export const arbitraryFilter: fc.Arbitrary<Filter> = fc.record({
  by: fc.constantFrom(...GROUPS),
  values: fc.uniqueArray(fc.constantFrom(...VALUES), { minLength: 1, maxLength: 4 }),
  negate: fc.boolean(),
})

export interface ArbitraryQueryOptions {
  /** Ends of ranges lie in `[fromMs, toMs]`; by default the week of `arbitraryEvent`. */
  readonly fromMs?: number
  readonly toMs?: number
}

/** Any valid query over the tables: measures, groups, filters, intervals, zones, ragged ranges. At most 20,000 buckets. */
export function arbitraryQuery(options: ArbitraryQueryOptions = {}): fc.Arbitrary<Query> {
  const { fromMs = ARBITRARY_FROM_MS, toMs = ARBITRARY_TO_MS } = options
  const instant = fc.integer({ min: fromMs, max: toMs })
  return fc
    .record({
      ends: fc.uniqueArray(instant, { minLength: 2, maxLength: 2 }),
      measures: fc.uniqueArray(fc.constantFrom(...MEASURES), { minLength: 1, maxLength: 6 }),
      groupBy: fc.uniqueArray(fc.constantFrom(...GROUPS), { maxLength: 3 }),
      interval: fc.option(fc.constantFrom(...INTERVALS), { nil: undefined }),
      timeZone: fc.constantFrom(...ODD_ZONES),
      filters: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 2, arbitrary: fc.array(arbitraryFilter, { maxLength: 2 }) },
      ),
      orderBy: fc.option(fc.record({ measure: fc.constantFrom(...MEASURES), descending: fc.boolean() }), {
        nil: undefined,
      }),
      limit: fc.oneof(fc.constant(100), fc.integer({ min: 1, max: 4 })),
    })
    .map(({ ends, ...rest }): Query => {
      const [a = 0, b = 0] = ends
      return { fromMs: Math.min(a, b), toMs: Math.max(a, b), ...rest }
    })
}
