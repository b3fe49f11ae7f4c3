import { DIMENSIONS } from '@tallystick/core/event'
import { MEASURES, parseQuery, type Query } from '@tallystick/core/query'
import fc from 'fast-check'

export interface ArbitraryQueryOptions {
  readonly fromMs: number
  readonly toMs: number
}

const CELLED = [
  'tenant_id',
  'kind',
  'provider',
  'provider_id',
  'model',
  'success',
  'status_code',
  'agent_id',
  'api_key_id',
  'user_id',
]
const ZONES = ['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/New_York']
const FIGURES = [
  'events',
  'requests',
  'failed_requests',
  'unpriced_requests',
  'input_tokens',
  'fresh_input_tokens',
  'total_tokens',
]
const CELLED_MEASURES = [
  ...FIGURES,
  'cost_nano_usd',
  'cost_nano_usd_avg',
  'duration_ms_p95',
  'ttfb_ms_p50',
  'duration_ms_max',
  'error_ratio',
]

/** Values that the generated events have, that none has, and of the wrong kind. */
const VALUES: { readonly [dimension: string]: readonly unknown[] } = {
  provider: ['openai', 'anthropic', 'nobody', null],
  model: ['gpt-4o', 'gpt-4o-mini', '__proto__', 'nothing'],
  tenant_id: ['acme', 'globex', null],
  agent_id: ['agent_1', 'support-bot', null],
  api_key_id: ['key_a', null],
  user_id: ['u-1', 'u-2', null, "O'Brien'--"],
  status_code: [200, 429, 500, null],
  success: [true, false, null],
  stream: [true, null],
  'tags.team': ['search', 'ads', '', null],
  kind: ['llm_request_completed', 'tool_invocation'],
}

/** Valid queries of every form, more often than not such that cells can answer them. */
export function arbitraryQuery({ fromMs, toMs }: ArbitraryQueryOptions): fc.Arbitrary<Query> {
  const span = toMs - fromMs
  // Ragged, quarter-hour and day borders, and ranges beyond the data.
  const instant = fc
    .tuple(
      fc.integer({ min: -span / 10, max: span + span / 10 }),
      fc.constantFrom(1, 1, 900_000, 3_600_000, 86_400_000),
    )
    .map(([offset, grain]) => Math.floor((fromMs + offset) / grain) * grain)
  const range = fc.tuple(instant, instant).map(([a, b]) => (a === b ? [a, b + 1] : [Math.min(a, b), Math.max(a, b)]))
  const celled = fc.record({
    measures: fc.uniqueArray(fc.constantFrom(...CELLED_MEASURES), { minLength: 1, maxLength: 5 }),
    group_by: fc.uniqueArray(fc.constantFrom(...CELLED), { maxLength: 2 }),
  })
  const any = fc.record({
    measures: fc.uniqueArray(fc.constantFrom(...MEASURES.map(({ name }) => name)), { minLength: 1, maxLength: 6 }),
    group_by: fc.uniqueArray(
      fc.constantFrom(...DIMENSIONS.map(({ name }) => name), 'tags.team', 'tags.a/b~c', 'tags.constructor'),
      {
        maxLength: 3,
      },
    ),
  })
  const filter = fc
    .constantFrom(...Object.keys(VALUES))
    .chain((name) =>
      fc
        .tuple(
          fc.uniqueArray(fc.constantFrom(...(VALUES[name] as readonly unknown[])), { minLength: 1, maxLength: 3 }),
          fc.boolean(),
        )
        .map(([values, negate]) => [name, negate ? { not: values } : values] as const),
    )
  const shape = fc.record({
    time_zone: fc.constantFrom(...ZONES),
    limit: fc.constantFrom(1, 2, 10, 10_000),
    filters: fc.array(filter, { maxLength: 2 }).map((entries) => Object.fromEntries(entries)),
    descending: fc.boolean(),
    ordered: fc.boolean(),
  })
  const interval = fc.constantFrom(undefined, undefined, '15m', '1h', '6h', '1d', '1w', '1mo')
  return fc.tuple(range, fc.oneof(celled, celled, any), shape, interval).map(([[from, to], what, rest, every]) => {
    const { descending, ordered, ...more } = rest
    const order = ordered ? { order_by: `${descending ? '-' : ''}${what.measures[0]}` } : {}
    return parseQuery({ from, to, ...what, ...more, ...order, ...(every ? { interval: every } : {}) }, { nowMs: toMs })
  })
}
