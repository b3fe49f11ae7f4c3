import type { Interval } from '@tallystick/core/query'

/** Which stretch of time is shown, and in what steps. */

export type Preset = '1h' | '24h' | '7d' | '30d' | '90d' | 'all'
export type Range = { readonly preset: Preset } | { readonly fromMs: number; readonly toMs: number }

/** A range with both ends known, `[fromMs, toMs)`. `moving` when its end is now. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
  readonly moving: boolean
}

const HOUR = 3_600_000
const DAY = 24 * HOUR

export const PRESETS: readonly { readonly preset: Preset; readonly label: string; readonly ms: number | null }[] = [
  { preset: '1h', label: 'Last hour', ms: HOUR },
  { preset: '24h', label: 'Last 24 hours', ms: DAY },
  { preset: '7d', label: 'Last 7 days', ms: 7 * DAY },
  { preset: '30d', label: 'Last 30 days', ms: 30 * DAY },
  { preset: '90d', label: 'Last 90 days', ms: 90 * DAY },
  { preset: 'all', label: 'All time', ms: null },
]

/** Steps in rising order; months and weeks by their usual length, which is only used to choose. */
export const INTERVALS: readonly {
  readonly interval: Interval
  readonly label: string
  readonly each: string
  readonly ms: number
}[] = [
  { interval: '1m', label: '1 minute', each: 'minute', ms: 60_000 },
  { interval: '5m', label: '5 minutes', each: '5 minutes', ms: 300_000 },
  { interval: '15m', label: '15 minutes', each: '15 minutes', ms: 900_000 },
  { interval: '30m', label: '30 minutes', each: '30 minutes', ms: 1_800_000 },
  { interval: '1h', label: '1 hour', each: 'hour', ms: HOUR },
  { interval: '3h', label: '3 hours', each: '3 hours', ms: 3 * HOUR },
  { interval: '6h', label: '6 hours', each: '6 hours', ms: 6 * HOUR },
  { interval: '12h', label: '12 hours', each: '12 hours', ms: 12 * HOUR },
  { interval: '1d', label: '1 day', each: 'day', ms: DAY },
  { interval: '1w', label: '1 week', each: 'week', ms: 7 * DAY },
  { interval: '1mo', label: '1 month', each: 'month', ms: 30.4 * DAY },
]

/** Half hours and half days are there to be picked; nobody expects them unasked. */
const UNASKED: readonly Interval[] = ['1m', '5m', '15m', '1h', '3h', '6h', '1d', '1w', '1mo']
const MOST_BUCKETS_UNASKED = 100
/** More bars than this cannot be told apart on any screen. */
const MOST_BUCKETS = 1_500

/** @returns null while the extent of the data, which `all` means, is not known yet or is nothing */
export function spanOf(
  range: Range,
  nowMs: number,
  extent: { readonly oldestMs: number; readonly newestMs: number } | null,
): Span | null {
  if ('fromMs' in range) return { fromMs: range.fromMs, toMs: range.toMs, moving: false }
  const ms = PRESETS.find(({ preset }) => preset === range.preset)?.ms
  if (typeof ms === 'number') return { fromMs: nowMs - ms, toMs: nowMs, moving: true }
  if (!extent) return null
  // Events may be stamped up to a day ahead of now, and all means all.
  return { fromMs: extent.oldestMs, toMs: Math.max(nowMs, extent.newestMs + 1), moving: true }
}

/** The equally long range before; null for all time, which nothing precedes. */
export function previousSpan(range: Range, span: Span): Span | null {
  if ('preset' in range && range.preset === 'all') return null
  return { fromMs: Math.max(0, span.fromMs - (span.toMs - span.fromMs)), toMs: span.fromMs, moving: span.moving }
}

/** The finest usual step with at most a hundred buckets. @example autoInterval(DAY) // '15m' */
export function autoInterval(ms: number): Interval {
  const found = UNASKED.find((interval) => ms / intervalMs(interval) <= MOST_BUCKETS_UNASKED)
  return found ?? '1mo'
}

/** Steps worth offering for a range: more than one bucket, and not more than can be drawn. */
export function intervalChoices(ms: number): readonly Interval[] {
  return INTERVALS.filter((entry) => ms / entry.ms <= MOST_BUCKETS && ms / entry.ms > 1).map(({ interval }) => interval)
}

/** The picked step where it fits the range, the usual one otherwise. */
export function effectiveInterval(picked: Interval | null, ms: number): Interval {
  return picked && intervalChoices(ms).includes(picked) ? picked : autoInterval(ms)
}

export function intervalMs(interval: Interval): number {
  return INTERVALS.find((entry) => entry.interval === interval)?.ms ?? HOUR
}

/** What follows "per". @example eachInterval('15m') // '15 minutes' */
export function eachInterval(interval: Interval): string {
  return INTERVALS.find((entry) => entry.interval === interval)?.each ?? interval
}

/** What a comparison is made with. @example previousLabel({ preset: '24h' }) // 'previous 24 h' */
export function previousLabel(range: Range): string {
  if ('fromMs' in range) return 'period before'
  const label = PRESETS.find(({ preset }) => preset === range.preset)?.label ?? ''
  return label.replace('Last', 'previous').replace('hours', 'h').replace('days', 'd')
}

/** The range that holds `[oldestMs, newestMs]`, widened to round steps so that the outermost bars are whole. */
export function rangeAround(oldestMs: number, newestMs: number): Range {
  const step = intervalMs(autoInterval(Math.max(60_000, newestMs - oldestMs)))
  return { fromMs: Math.floor(oldestMs / step) * step, toMs: (Math.floor(newestMs / step) + 1) * step }
}

/** Does it hold one day of the year twice, so that days are to be told with their years? */
export function spansYears(span: Span | null): boolean {
  return span !== null && span.toMs - span.fromMs > 360 * DAY
}
