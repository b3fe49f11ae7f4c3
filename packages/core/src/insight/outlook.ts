import { addExact, type Exact, normalizeExact } from '../event/index.ts'
import { bucketer, bucketStartOf, type ResultRow } from '../query/index.ts'
import { type MonthEnd, projectMonthEnd } from './month-end.ts'

/** What was spent in a stretch of time. */
export interface Spend {
  /** `[fromMs, toMs)`; of what is not over yet, its end. */
  readonly fromMs: number
  readonly toMs: number
  /** Null where no request of it has a known price. */
  readonly costNanoUsd: Exact | null
  readonly requests: Exact
  readonly unpricedRequests: Exact
}

/** What is spent these days, in the days of one zone, and where it is going. */
export interface Outlook {
  readonly today: Spend
  readonly yesterday: Spend
  /** Today and the six days before. */
  readonly lastDays: Spend
  /** The seven days before those. */
  readonly previousDays: Spend
  readonly month: Spend
  readonly lastMonth: Spend
  /** How many whole days there are figures of, at most {@link MOST_DAYS}. */
  readonly wholeDays: number
  /** What the month comes to; undefined while it is too early to say. */
  readonly monthEnd: MonthEnd | undefined
}

/** Older days say less of those to come; four weeks have every day of the week equally often. */
const MOST_DAYS = 28
const WEEK_DAYS = 7

/** The question whose rows {@link outlookOf} reads: spend by day since the beginning of last month, or four weeks ago. */
export interface OutlookQuery {
  readonly from: number
  readonly to: number
  readonly interval: '1d'
  readonly time_zone: string
  readonly measures: readonly string[]
}

/**
 * The query that {@link outlookOf} needs the rows of.
 *
 * @throws TallystickError `invalid_query` for an unknown zone
 * @example new Date(outlookQuery(Date.parse('2026-11-21T06:00:00Z'), 'UTC').from).toISOString() // '2026-10-01T00:00:00.000Z'
 */
export function outlookQuery(nowMs: number, timeZone: string): OutlookQuery {
  const { days, lastMonthMs } = calendar(nowMs, timeZone)
  return {
    from: Math.min(lastMonthMs, days(MOST_DAYS)),
    to: days(-1),
    interval: '1d',
    time_zone: timeZone,
    measures: ['cost_nano_usd', 'requests', 'unpriced_requests'],
  }
}

/**
 * Today, seven days, the month and its end, from the rows of {@link outlookQuery}.
 *
 * Whole days count from the second day with requests on: the first may have been cut. Days without requests count as
 * days on which nothing was spent.
 *
 * @throws TallystickError `invalid_query` for an unknown zone
 */
export function outlookOf(rows: readonly ResultRow[], nowMs: number, timeZone: string): Outlook {
  const { days, month, lastMonthMs } = calendar(nowMs, timeZone)
  const between = (fromMs: number, toMs: number): Spend => spendOf(rows, fromMs, toMs)
  const past = rows
    .filter(({ time_ms: time }) => Number(time) >= days(MOST_DAYS) && Number(time) < days(0))
    .map((row) => ({ cost: amountOf(row['cost_nano_usd']) ?? 0, asked: Number(row['requests'] ?? 0) > 0 }))
  const began = past.findIndex(({ asked }) => asked)
  const whole = began === -1 ? [] : past.slice(began === 0 ? 0 : began + 1)
  const spent = between(month.startMs, days(-1))
  return {
    today: between(days(0), days(-1)),
    yesterday: between(days(1), days(0)),
    lastDays: between(days(WEEK_DAYS - 1), days(-1)),
    previousDays: between(days(2 * WEEK_DAYS - 1), days(WEEK_DAYS - 1)),
    month: { ...spent, toMs: month.endMs },
    lastMonth: between(lastMonthMs, month.startMs),
    wholeDays: whole.length,
    monthEnd: projectMonthEnd(
      whole.map(({ cost }) => cost),
      spent.costNanoUsd ?? 0,
      month.endMs - nowMs,
    ),
  }
}

/** `days(0)` is when today began, `days(1)` yesterday, `days(-1)` tomorrow. */
function calendar(nowMs: number, timeZone: string) {
  const dayOf = bucketer('1d', timeZone)
  const month = bucketer('1mo', timeZone)(nowMs)
  const days = (back: number): number => {
    let day = dayOf(nowMs)
    if (back < 0) return day.endMs
    for (let step = 0; step < back; step++) day = dayOf(day.startMs - 1)
    return day.startMs
  }
  return { days, month, lastMonthMs: bucketStartOf(month.startMs - 1, '1mo', timeZone) }
}

function spendOf(rows: readonly ResultRow[], fromMs: number, toMs: number): Spend {
  let costNanoUsd: Exact | null = null
  let requests: Exact = 0
  let unpricedRequests: Exact = 0
  for (const row of rows) {
    if (Number(row['time_ms']) < fromMs || Number(row['time_ms']) >= toMs) continue
    const cost = amountOf(row['cost_nano_usd'])
    if (cost !== null) costNanoUsd = addExact(costNanoUsd ?? 0, cost)
    requests = addExact(requests, amountOf(row['requests']) ?? 0)
    unpricedRequests = addExact(unpricedRequests, amountOf(row['unpriced_requests']) ?? 0)
  }
  return { fromMs, toMs, costNanoUsd, requests, unpricedRequests }
}

/** An integer of an answer: a number, or text where it is past 2^53. */
function amountOf(value: ResultRow[string] | undefined): Exact | null {
  if (typeof value === 'number') return value
  return typeof value === 'string' ? normalizeExact(BigInt(value)) : null
}
