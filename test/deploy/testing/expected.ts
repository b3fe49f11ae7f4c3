import { DURATION_BUCKETS_SECONDS } from '@tallystick/core/metrics'
import { type Frame, sumOf, valuesOf } from './frames.ts'
import { moneyOf, type Told, TRAFFIC } from './traffic.ts'

/** Labels of a series, their values in the order of their names with a space between -> value. */
export type Values = Readonly<Record<string, number>>

/** What queries must answer, by their name. */
export type Expected = Readonly<Record<string, Values>>

interface Known {
  /** When the traffic was sent. */
  readonly atMs: number
  /** What the server showed before the window and at its end. */
  readonly first: Frame
  readonly last: Frame
  readonly budgetUsd: number
}

const WINDOW_SECONDS = 300
const HOUR = 3600
/** That a budget has crossed a threshold is an event. */
const CROSSINGS = 2
const DOWN = 3

/** The answers to the queries of all dashboards, computed from what was sent; of what is no event, from what was shown. */
export function expected({ atMs, first, last, budgetUsd }: Known): Expected {
  const money = new Map(TRAFFIC.map((told) => [told, moneyOf(told, atMs)]))
  const cost = (told: Told): number | undefined => money.get(told)?.cost
  const saved = (told: Told): number | undefined => {
    const savings = money.get(told)?.saved ?? 0
    return savings > 0 ? savings : undefined
  }
  const unpriced = (told: Told): number | undefined => (money.get(told) === undefined ? 1 : undefined)

  const spend = total(cost)
  const p95 = (by: By): Values => quantiles(0.95, seconds('duration_ms'), by)
  const spent = 2 * (spend[''] as number)
  const used = Math.floor((spent / budgetUsd) * 10_000) / 10_000
  const now = (name: string): Values => ({ '': sumOf(last, name) })
  const took = (family: string): Expected => ({
    p50: { '': quantileOfFrames(0.5, family, first, last) },
    p95: { '': quantileOfFrames(0.95, family, first, last) },
    p99: { '': quantileOfFrames(0.99, family, first, last) },
  })
  const fsync = took('tallystick_journal_fsync_duration_seconds')
  const question = took('tallystick_query_duration_seconds')
  const allTokens = TOKEN_LIST.reduce((sum, { count }) => sum + count, 0)

  return {
    'overview: Spend': spend,
    'overview: Requests': total(each),
    'overview: Tokens': { '': allTokens },
    'overview: Error rate': over(total(failure), total(each)),
    'overview: P95 latency': p95(nothing),
    'overview: Unpriced requests': total(unpriced),
    'overview: Request rate by provider': perSecond(by(provider, each)),
    'overview: Spend per hour by provider': times(HOUR, perSecond(by(provider, cost))),
    'overview: Error rate by provider': over(by(provider, failure), by(provider, each)),
    'overview: Latency p50': quantiles(0.5, seconds('duration_ms'), nothing),
    'overview: Latency p95': p95(nothing),
    'overview: Tokens per second by type': perSecond(
      grouped(
        TOKEN_LIST,
        ({ count }) => count,
        ({ type }) => type,
      ),
    ),
    'overview: Models by spend': by(model, cost),
    'overview: Models by requests': by(model, each),
    'overview: Active requests': { '': 0 },

    'cost: Spend': spend,
    'cost: Spend of the last hour': spend,
    'cost: Spend of the last 24 hours': spend,
    'cost: Saved by caching': total(saved),
    'cost: Input read from the cache': over(
      grouped(
        TOKEN_LIST.filter(({ type }) => type === 'cache_read'),
        ({ count }) => count,
      ),
      grouped(
        TOKEN_LIST.filter(({ type }) => type === 'input' || type === 'cache_read'),
        ({ count }) => count,
      ),
    ),
    'cost: Unpriced requests': total(unpriced),
    'cost: Spend per hour by provider': times(HOUR, perSecond(by(provider, cost))),
    'cost: Spend per hour by model': times(HOUR, perSecond(by(model, cost))),
    'cost: Cost of a request by model': over(by(model, cost), by(model, each)),
    'cost: Cost of a million tokens by model': times(
      1e6,
      over(
        by(model, cost),
        grouped(
          TOKEN_LIST,
          ({ count }) => count,
          ({ told }) => told.model,
        ),
      ),
    ),
    'cost: Tokens per second by type': perSecond(
      grouped(
        TOKEN_LIST,
        ({ count }) => count,
        ({ type }) => type,
      ),
    ),
    'cost: By model A': by(modelAndProvider, cost),
    'cost: By model B': by(modelAndProvider, each),
    'cost: By model C': grouped(
      TOKEN_LIST,
      ({ count }) => count,
      ({ told }) => modelAndProvider(told),
    ),
    'cost: By model D': by(modelAndProvider, unpriced),

    'latency: Latency p50': quantiles(0.5, seconds('duration_ms'), nothing),
    'latency: Latency p95': p95(nothing),
    'latency: Latency p99': quantiles(0.99, seconds('duration_ms'), nothing),
    'latency: Distribution of durations': Object.fromEntries(cumulated(TRAFFIC.flatMap(seconds('duration_ms')))),
    'latency: P95 by provider': p95(provider),
    'latency: P95 by model': p95(model),
    'latency: Mean by provider': mean(provider, 1000),
    'latency: Time to first byte p50': quantiles(0.5, seconds('ttfb_ms'), nothing),
    'latency: Time to first byte p95': quantiles(0.95, seconds('ttfb_ms'), nothing),
    'latency: P95 time to first byte by model': quantiles(0.95, seconds('ttfb_ms'), model),
    'latency: Error rate by provider': over(by(provider, failure), by(provider, each)),
    'latency: Error rate by model': over(by(model, failure), by(model, each)),
    'latency: Errors by type': perSecond(
      grouped(
        TRAFFIC.filter(({ error_type }) => error_type !== undefined),
        each,
        ({ error_type }) => error_type as string,
      ),
    ),

    'providers: By provider A': by(provider, each),
    'providers: By provider B': over(by(provider, failure), by(provider, each)),
    'providers: By provider C': p95(provider),
    'providers: By provider D': by(provider, cost),
    'providers: Share of spend': times(1 / (spend[''] as number), by(provider, cost)),
    'providers: Requests by operation': perSecond(by((told) => `${told.operation} ${told.provider}`, each)),
    'providers: State of providers': standings(last),
    'providers: Providers down': { '': Object.values(standings(last)).filter((state) => state === DOWN).length },
    // Of tier l1 both requests were hits, of l2 one of two.
    'providers: Hit rate of the gateway cache': { l1: 1, l2: 1 / 2 },

    'budgets: Budgets past 80 %': { '': used >= 0.8 ? 1 : 0 },
    'budgets: Budgets used up': { '': 0 },
    'budgets: Used of each budget': { team: used },
    'budgets: Left of each budget': { team: budgetUsd - spent },
    'budgets: Used over time': { team: used },
    'budgets: Spent over time': { team: spent },

    'operation: Ready': { '': 1 },
    'operation: Journal can be written': { '': 1 },
    'operation: Events add up': { '': 1 },
    'operation: Events held': { '': 2 * TRAFFIC.length + CROSSINGS },
    'operation: Up for': { '': last.atMs / 1000 - sumOf(last, 'process_start_time_seconds') },
    'operation: Runs': { 'duckdb 0.1.0': 1 },
    'operation: Events by outcome': perSecond({
      accepted: TRAFFIC.length + CROSSINGS,
      duplicate: 2,
      rejected: 1,
      conflict: 0,
      failed: 0,
    }),
    'operation: Refused events by code': perSecond({ missing_field: 1 }),
    'operation: HTTP requests': perSecond(risen('tallystick_http_requests_total', 'status', first, last)),
    'operation: HTTP requests by route': perSecond(risen('tallystick_http_requests_total', 'route', first, last)),
    'operation: Time of a write to the disk p50': fsync['p50'] as Values,
    'operation: Time of a write to the disk p95': fsync['p95'] as Values,
    'operation: Time of a write to the disk p99': fsync['p99'] as Values,
    'operation: Events on their way to the disk': { '': 0 },
    'operation: Events on their way to the figures': { '': 0 },
    'operation: Bytes on disk journal': now('tallystick_journal_bytes'),
    'operation: Bytes on disk store': now('tallystick_store_bytes'),
    'operation: Time of a question p50': question['p50'] as Values,
    'operation: Time of a question p95': question['p95'] as Values,
    'operation: Time of a question p99': question['p99'] as Values,
    'operation: Gaps by source': { 'agent-7': 2 },
    'operation: Dropped by source': { 'agent-7': 0 },
    'operation: Dropped by reason': {},
    'operation: Proxied and not recorded': { rejected: 0, failed: 0, dropped: 0 },
    'operation: Lost to damage': { '': 0 },
    'operation: Alerts firing': { 'budget info': 1, 'budget warning': 1 },
    'operation: Memory': now('process_resident_memory_bytes'),
    'operation: Processor processors': {
      '': (sumOf(last, 'process_cpu_seconds_total') - sumOf(first, 'process_cpu_seconds_total')) / WINDOW_SECONDS,
    },
    'operation: Processor main thread': now('nodejs_eventloop_utilization_ratio'),
    'operation: Live streams': { sse: 0, websocket: 0 },
    'operation: Series of LLM figures held': now('tallystick_metrics_series'),
    'operation: Series of LLM figures folded a second: {{family}}': {},

    'edge: Request rate': perSecond(by(provider, each)),
    'edge: Cache hit rate': { '': 3 / 4 },
    'edge: Cost by provider': times(HOUR, perSecond(by(provider, cost))),
    'edge: P95 by provider': times(1000, p95(provider)),
    'edge: Error rate': over(by(provider, failure), by(provider, each)),
    'edge: Average request latency': mean(modelAndProvider, 1),
    'edge: Cost per hour': by(modelAndProvider, cost),
    'edge: Tokens per second': perSecond({
      input: sum(TRAFFIC, ({ input_tokens }) => input_tokens),
      output: sum(TRAFFIC, ({ output_tokens }) => output_tokens),
    }),
    'edge: Active requests': { '': 0 },
    'edge: Provider available': Object.fromEntries(
      Object.entries(standings(last)).map(([name, state]) => [name, state === DOWN ? 0 : 1]),
    ),
  }
}

/** What the recording rules record, by their name. */
export function recorded(atMs: number): Expected {
  const cost = (told: Told): number | undefined => moneyOf(told, atMs)?.cost
  return {
    'provider_model:llm_requests:rate5m': perSecond(by(modelAndProvider, each)),
    'provider:llm_requests_failed:ratio_rate5m': over(by(provider, failure), by(provider, each)),
    'provider:llm_request_duration_seconds:p50_rate5m': quantiles(0.5, seconds('duration_ms'), provider),
    'provider:llm_request_duration_seconds:p95_rate5m': quantiles(0.95, seconds('duration_ms'), provider),
    'type:llm_tokens:rate5m': perSecond(
      grouped(
        TOKEN_LIST,
        ({ count }) => count,
        ({ type }) => type,
      ),
    ),
    'provider_model:llm_cost_usd:increase1h': by(modelAndProvider, cost),
  }
}

type By = (told: Told) => string

const nothing: By = () => ''
const provider: By = (told) => told.provider
const model: By = (told) => told.model
const modelAndProvider: By = (told) => `${told.model} ${told.provider}`
const each = (): number => 1
const failure = ({ kind }: Told): number => (kind === 'llm_request_failed' ? 1 : 0)
const seconds =
  (of: 'duration_ms' | 'ttfb_ms') =>
  (told: Told): number[] => {
    const ms = told[of]
    return ms === undefined ? [] : [ms / 1000]
  }

/** Every token once, by type. */
const TOKEN_LIST = TRAFFIC.flatMap((told) => {
  const { input_tokens: input, cache_read_tokens: cached, output_tokens: output, reasoning_tokens: reasoning } = told
  return [
    { told, type: 'input', count: input === undefined ? undefined : input - (cached ?? 0) },
    { told, type: 'cache_read', count: cached },
    { told, type: 'output', count: output === undefined ? undefined : output - (reasoning ?? 0) },
    { told, type: 'reasoning', count: reasoning },
  ].flatMap((row) => (row.count === undefined ? [] : [{ ...row, count: row.count }]))
})

function grouped<T>(
  list: readonly T[],
  of: (item: T) => number | undefined,
  key: (item: T) => string = () => '',
): Values {
  const sums = new Map<string, number>()
  for (const item of list) {
    const value = of(item)
    if (value !== undefined) sums.set(key(item), (sums.get(key(item)) ?? 0) + value)
  }
  return Object.fromEntries(sums)
}

const sum = (list: readonly Told[], of: (told: Told) => number | undefined): number => grouped(list, of)[''] ?? 0
const total = (of: (told: Told) => number | undefined): Values => grouped(TRAFFIC, of)
const by = (key: By, of: (told: Told) => number | undefined): Values => grouped(TRAFFIC, of, key)
const times = (factor: number, values: Values): Values =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, factor * value]))
const perSecond = (values: Values): Values => times(1 / WINDOW_SECONDS, values)
/** Series that both sides have. */
const over = (some: Values, all: Values): Values =>
  Object.fromEntries(
    Object.entries(some).flatMap(([key, value]) => {
      const whole = all[key]
      return whole === undefined ? [] : [[key, value / whole]]
    }),
  )

/** In milliseconds over `unit`. */
const mean = (key: By, unit: number): Values =>
  times(
    1 / unit,
    over(
      by(key, ({ duration_ms }) => duration_ms),
      by(key, ({ duration_ms }) => (duration_ms === undefined ? undefined : 1)),
    ),
  )

const cumulated = (list: readonly number[]): (readonly [string, number])[] => [
  ...DURATION_BUCKETS_SECONDS.map((le) => [String(le), list.filter((value) => value <= le).length] as const),
  ['+Inf', list.length],
]

function quantiles(q: number, of: (told: Told) => readonly number[], key: By): Values {
  const keys = new Set(TRAFFIC.filter((told) => of(told).length > 0).map(key))
  return Object.fromEntries(
    [...keys].map((one) => [one, quantile(q, cumulated(TRAFFIC.filter((told) => key(told) === one).flatMap(of)))]),
  )
}

/** As histogram_quantile estimates: linear within the bucket that the rank falls into, the highest bound past the last. */
function quantile(q: number, buckets: readonly (readonly [string, number])[]): number {
  const bounds = buckets.map(([le]) => (le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)))
  const counts = buckets.map(([, count]) => count)
  const rank = q * (counts.at(-1) as number)
  const found = counts.findIndex((count) => count >= rank)
  if (found === counts.length - 1) return bounds.at(-2) as number
  const [low, before] = found === 0 ? [0, 0] : [bounds[found - 1] as number, counts[found - 1] as number]
  return low + ((bounds[found] as number) - low) * ((rank - before) / ((counts[found] as number) - before))
}

function quantileOfFrames(q: number, family: string, first: Frame, last: Frame): number {
  const [before, after] = [valuesOf(first), valuesOf(last)]
  const buckets = [...after].flatMap(([series, value]) => {
    const le = series.startsWith(`${family}_bucket`) ? /le="([^"]+)"/.exec(series)?.[1] : undefined
    return le === undefined ? [] : [[le, value - (before.get(series) ?? 0)] as const]
  })
  return quantile(q, buckets)
}

/** How much the series of a family have risen, by a label; one that is new has no beginning to rise from. */
function risen(family: string, label: string, first: Frame, last: Frame): Values {
  const before = valuesOf(first)
  const rises = [...valuesOf(last)].flatMap(([series, value]) => {
    const start = series.startsWith(`${family}{`) ? before.get(series) : undefined
    return start === undefined ? [] : [{ rise: value - start, key: labelOf(series, label) }]
  })
  return grouped(
    rises,
    ({ rise }) => rise,
    ({ key }) => key,
  )
}

const labelOf = (series: string, label: string): string => new RegExp(`${label}="([^"]*)"`).exec(series)?.[1] ?? ''

/** Provider -> 1 available, 2 degraded, 3 down, as shown. */
function standings(frame: Frame): Values {
  const shown = [...valuesOf(frame)].filter(
    ([series, value]) => series.startsWith('llm_provider_state{') && value === 1,
  )
  return Object.fromEntries(
    shown.map(([series]) => [
      labelOf(series, 'provider'),
      ['available', 'degraded', 'down'].indexOf(labelOf(series, 'state')) + 1,
    ]),
  )
}
