import { addExact, type Exact } from '../../event/index.ts'
import { bucketer, bucketStarts, zoneOffsetMs } from '../../query/index.ts'
import { hourOfDay } from '../hours.ts'
import { DAY_MS, projectMonth } from '../projection.ts'
import { CALLS, countOf, exact, figure, isOther, type ReportSource, textOf, written } from './ask.ts'
import type { ReportRange } from './range.ts'
import type { Figure, Report, ReportDay, ReportProjection, ReportSeries } from './report.ts'
import { spent } from './totals.ts'

const HOUR_MS = 3_600_000
/** Models of the chart; what is beyond is one more series. */
const SERIES = 7
/** Hours asked for at once: a query has a bound on its buckets. */
const HOURS_AT_ONCE = 15_000 * HOUR_MS

/** A range and the zone whose days it is counted in. */
export interface Span extends ReportRange {
  readonly timeZone: string
}

export async function daysOf({ ask }: ReportSource, { fromMs, toMs, timeZone }: Span): Promise<readonly ReportDay[]> {
  const { rows } = await ask({
    measures: ['requests', 'failed_requests', 'total_tokens', 'cost_nano_usd'],
    interval: '1d',
  })
  const dayOf = bucketer('1d', timeZone)
  return rows.map((row) => {
    const { startMs, endMs } = dayOf(Number(row['time_ms']))
    return {
      time_ms: startMs,
      end_ms: endMs,
      date: dateIn(startMs, timeZone),
      requests: countOf(row, 'requests'),
      failed_requests: countOf(row, 'failed_requests'),
      total_tokens: figure(row, 'total_tokens'),
      cost_nano_usd: spent(row),
      unpriced_requests: countOf(row, 'unpriced_requests'),
      partial: startMs < fromMs || endMs > toMs,
    }
  })
}

/** What the zone's calendar shows. */
function dateIn(ms: number, timeZone: string): string {
  return new Date(ms + zoneOffsetMs(timeZone, ms)).toISOString().slice(0, 10)
}

export async function seriesOf({ ask }: ReportSource, { fromMs, toMs, timeZone }: Span): Promise<ReportSeries> {
  const interval = intervalFor(toMs - fromMs)
  const { rows } = await ask({
    measures: ['cost_nano_usd'],
    group_by: ['model'],
    order_by: '-cost_nano_usd',
    limit: SERIES,
    interval,
  })
  const times = bucketStarts(fromMs, toMs, interval, timeZone)
  const places = new Map(times.map((ms, place) => [ms, place]))
  const models = new Map<string | null | typeof OTHERS, { cost: Figure[]; total: Exact }>()
  for (const row of rows) {
    const name = isOther(row) ? OTHERS : textOf(row, 'model')
    const series = models.get(name) ?? { cost: times.map((): Figure => 0), total: 0 }
    models.set(name, series)
    series.cost[places.get(Number(row['time_ms'])) ?? -1] = spent(row)
    series.total = addExact(series.total, exact(row, 'cost_nano_usd'))
  }
  const ranked = [...models].sort(([a, one], [b, other]) => {
    if (a === OTHERS || b === OTHERS) return a === OTHERS ? 1 : -1
    return Number(other.total) - Number(one.total)
  })
  return {
    interval,
    times_ms: times,
    models: ranked.map(([name, { cost }]) =>
      name === OTHERS ? { name: null, other: true as const, cost_nano_usd: cost } : { name, cost_nano_usd: cost },
    ),
  }
}

/** No model is called so. */
const OTHERS = Symbol('other')

function intervalFor(ms: number): ReportSeries['interval'] {
  if (ms <= 2 * DAY_MS) return '1h'
  return ms <= 120 * DAY_MS ? '1d' : ms <= 800 * DAY_MS ? '1w' : '1mo'
}

/** By the hour that the zone's clock showed, summed over all days. */
export async function hoursOf(
  { ask }: ReportSource,
  { fromMs, toMs, timeZone }: Span,
): Promise<Report['hourly_distribution']> {
  const hours = Array.from({ length: 24 }, () => ({ events: 0, cost: 0 as Exact }))
  for (let at = fromMs; at < toMs; at += HOURS_AT_ONCE) {
    const { rows } = await ask({
      measures: ['events', 'cost_nano_usd'],
      filters: CALLS,
      interval: '1h',
      from: at,
      to: Math.min(toMs, at + HOURS_AT_ONCE),
    })
    for (const row of rows) {
      const hour = hours[hourOfDay(Number(row['time_ms']), timeZone)] as { events: number; cost: Exact }
      hour.events += countOf(row, 'events')
      hour.cost = addExact(hour.cost, exact(row, 'cost_nano_usd'))
    }
  }
  return hours.map(({ events, cost }, hour) => ({ hour, events, cost_nano_usd: written(cost) }))
}

/** What a month costs at the rate of the range, from its first day with requests on: an installation of yesterday has no month behind it. */
export function projectionOf(days: readonly ReportDay[], cost: Figure, { fromMs, toMs }: Span): ReportProjection {
  const first = days.find(({ requests }) => requests > 0)
  const requests = days.reduce((sum, day) => sum + day.requests, 0)
  const sinceMs = Math.max(fromMs, first?.time_ms ?? fromMs)
  const { monthlyNanoUsd, elapsedMs, confidence } = projectMonth(BigInt(cost ?? 0), toMs - sinceMs, requests)
  return { month_nano_usd: cost === null ? null : written(monthlyNanoUsd), elapsed_ms: elapsedMs, confidence }
}
