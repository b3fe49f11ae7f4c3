import { DEFAULT_HEALTH } from '@tallystick/core/insight'
import type { AlertKind } from '../state/alert.ts'
import type { AlertKindSpec } from './kind.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** A basis point of the whole. */
const WHOLE = 10_000

const minutes = (count: number, least = 1): AlertKindSpec['windowMs'] => ({
  default: count * MINUTE_MS,
  min: least * MINUTE_MS,
  max: 31 * DAY_MS,
})
const holdsFor = (count: number): AlertKindSpec['forMs'] => ({ default: count * MINUTE_MS, min: 0, max: DAY_MS })
const amount = (value: number, least = 0): AlertKindSpec['threshold'] => ({
  default: value,
  min: least,
  max: Number.MAX_SAFE_INTEGER,
})
const share = (value: number): AlertKindSpec['threshold'] => ({ default: value, min: 0, max: WHOLE })

/**
 * THE table of kinds of alerts: what each measures, when it holds, and how it is told. Rules leave out what they do not
 * change. Part of the defaults are those that operators know from the gateway's own rules (error rate 1 % for 5 min, cache
 * hits under 60 % for 15 min, 100 USD a day, one and a half times yesterday); a latency of 2 s, which a language model
 * always takes, is not among them.
 */
export const ALERT_KINDS: readonly AlertKindSpec[] = [
  {
    kind: 'budget',
    label: 'Budget threshold',
    about: 'Spend has crossed a threshold of a budget: once for each threshold, window and amount.',
    unit: 'percent',
    holds: 'from',
    threshold: { default: 0, min: 0, max: 1_000_000 },
    windowMs: { default: 0, min: 0, max: 0 },
    forMs: { default: 0, min: 0, max: 0 },
    minRequests: 0,
    easePercent: 0,
    severity: {
      base: 'info',
      raised: [
        { from: 80, to: 'warning' },
        { from: 95, to: 'critical' },
      ],
    },
    measured: { of: 'crossings' },
    title: ({ subject, limit, value, over }) => `Budget ${subject} has reached ${limit}: ${value} of ${over}`,
  },
  {
    kind: 'spend_rate',
    label: 'Spend rate',
    about: 'More was spent within the window than the threshold.',
    unit: 'nano_usd',
    holds: 'above',
    threshold: amount(100_000_000_000),
    windowMs: minutes(24 * 60),
    forMs: holdsFor(0),
    minRequests: 0,
    easePercent: 5,
    severity: { base: 'warning' },
    measured: { of: 'figure', measure: 'cost_nano_usd', named: 'model' },
    title: ({ value, limit, over, names }) => `Spend of ${value} within ${over}, over ${limit}${mostly(names)}`,
  },
  {
    kind: 'cost_spike',
    label: 'Cost spike',
    about: 'Spend within the window is more than so many percent of the same time of the seven days before.',
    unit: 'percent',
    holds: 'above',
    threshold: amount(150),
    windowMs: { ...minutes(60), max: DAY_MS },
    forMs: holdsFor(15),
    minRequests: 20,
    easePercent: 10,
    severity: { base: 'warning' },
    measured: { of: 'growth', measure: 'cost_nano_usd', days: 7 },
    title: ({ value, limit, over }) =>
      `Spend of the last ${over} is ${value} of that at the same time of earlier days, over ${limit}`,
  },
  {
    kind: 'error_rate',
    label: 'Error rate',
    about: 'A larger share of requests failed than the threshold.',
    unit: 'basis_points',
    holds: 'above',
    threshold: share(100),
    windowMs: minutes(5),
    forMs: holdsFor(5),
    minRequests: 100,
    easePercent: 10,
    severity: { base: 'critical' },
    measured: { of: 'share', part: 'failed_requests', whole: 'requests' },
    title: ({ value, limit, over }) => `${value} of requests failed within ${over}, over ${limit}`,
  },
  {
    kind: 'latency_p95',
    label: 'Latency p95',
    about: 'The slowest twentieth of requests took longer than the threshold.',
    unit: 'ms',
    holds: 'above',
    threshold: amount(30_000, 1),
    windowMs: minutes(10),
    forMs: holdsFor(5),
    minRequests: 20,
    easePercent: 10,
    severity: { base: 'warning' },
    measured: { of: 'figure', measure: 'duration_ms_p95' },
    title: ({ value, limit, over }) => `The p95 of request durations is ${value} over ${over}, more than ${limit}`,
  },
  {
    kind: 'cache_hit_rate',
    label: 'Cache hit rate',
    about: 'A smaller share of input tokens was read from the cache than the threshold.',
    unit: 'basis_points',
    holds: 'below',
    threshold: share(6_000),
    windowMs: minutes(10),
    forMs: holdsFor(15),
    minRequests: 50,
    easePercent: 5,
    severity: { base: 'warning' },
    measured: { of: 'share', part: 'cache_read_tokens', whole: 'input_tokens' },
    title: ({ value, limit, over }) =>
      `${value} of input tokens were read from the cache within ${over}, under ${limit}`,
  },
  {
    kind: 'provider_down',
    label: 'Provider down',
    about: 'At least this share of the requests to one provider failed; all of them unless told otherwise.',
    unit: 'basis_points',
    holds: 'from',
    threshold: { default: WHOLE, min: 1, max: WHOLE },
    windowMs: { ...minutes(5), default: DEFAULT_HEALTH.windowMs },
    forMs: holdsFor(2),
    minRequests: DEFAULT_HEALTH.minRequests,
    easePercent: 0,
    severity: { base: 'critical' },
    measured: { of: 'share', part: 'failed_requests', whole: 'requests', by: 'provider' },
    title: ({ subject, value, over }) => `Provider ${subject}: ${value} of requests failed within ${over}`,
  },
  {
    kind: 'no_data',
    label: 'No data',
    about: 'Fewer requests than the threshold came within the window.',
    unit: 'requests',
    holds: 'below',
    threshold: amount(1, 1),
    windowMs: minutes(15),
    forMs: holdsFor(0),
    minRequests: 0,
    easePercent: 0,
    severity: { base: 'warning' },
    measured: { of: 'figure', measure: 'requests' },
    title: ({ value, limit, over }) => `${value} within ${over}, fewer than ${limit}`,
  },
  {
    kind: 'source_gap',
    label: 'Gap of a source',
    about: 'A source has numbered more events than have arrived, and has not told that they will never come.',
    unit: 'events',
    holds: 'above',
    threshold: amount(0),
    windowMs: minutes(60, 5),
    forMs: holdsFor(5),
    minRequests: 0,
    easePercent: 0,
    severity: { base: 'critical' },
    measured: { of: 'sources', count: 'untold' },
    title: ({ subject, value }) => `Source ${subject}: ${value} are missing and have not been told of`,
  },
  {
    kind: 'unpriced',
    label: 'Unpriced usage',
    about: 'More requests than the threshold had no price, so that sums of cost leave them out.',
    unit: 'requests',
    holds: 'above',
    threshold: amount(0),
    windowMs: minutes(60),
    forMs: holdsFor(0),
    minRequests: 0,
    easePercent: 0,
    severity: { base: 'warning' },
    measured: { of: 'figure', measure: 'unpriced_requests', named: 'model' },
    title: ({ value, over, names }) => `${value} within ${over} had no price${mostly(names)}`,
  },
  {
    kind: 'dropped',
    label: 'Dropped events',
    about: 'A source has told that more events than the threshold will never come.',
    unit: 'events',
    holds: 'above',
    threshold: amount(0),
    windowMs: minutes(60, 5),
    forMs: holdsFor(0),
    minRequests: 0,
    easePercent: 0,
    severity: { base: 'warning' },
    measured: { of: 'sources', count: 'told' },
    title: ({ subject, value }) => `Source ${subject} has dropped ${value}`,
  },
]

/** Kind -> its row. */
export const ALERT_KIND_OF: ReadonlyMap<AlertKind, AlertKindSpec> = new Map(
  ALERT_KINDS.map((spec) => [spec.kind, spec]),
)

const mostly = (names: readonly string[]): string => (names.length === 0 ? '' : ` (most: ${names.join(', ')})`)
