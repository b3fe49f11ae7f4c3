import { type Bucket, bucketer, type Interval } from '@tallystick/core/query'
import type { BudgetWindow } from '../state/budget.ts'

/** Spend is kept in slots of time, so that a window moves by dropping slots. */
export interface SpendWindow {
  /** Start of the slot that an instant lies in. */
  slotOf(ms: number): number
  /** Which slots count at an instant. */
  at(nowMs: number): SlotRange
  /** Width of a slot as a query says it; undefined: one slot for all time. */
  readonly interval: Interval | undefined
  readonly timeZone: string
}

/** The slots that start in `[fromMs, toMs)`. */
export interface SlotRange {
  readonly fromMs: number
  readonly toMs: number
  /** When all of it is over and spend begins anew; undefined where that never happens. */
  readonly resetsMs: number | undefined
}

const CALENDAR: { readonly [K in 'day' | 'week' | 'month']: Interval } = { day: '1d', week: '1w', month: '1mo' }

const DAY_MS = 86_400_000
/** A rolling window of at most so many days has slots of this width: about 1,440 of them, and never less than a minute. */
const ROLLING: readonly { readonly days: number; readonly interval: Interval }[] = [
  { days: 1, interval: '1m' },
  { days: 5, interval: '5m' },
  { days: 15, interval: '15m' },
  { days: 30, interval: '30m' },
  { days: 60, interval: '1h' },
  { days: 180, interval: '3h' },
  { days: 366, interval: '6h' },
]

/** The longest rolling window. */
export const MAX_ROLLING_MS = 366 * DAY_MS
export const MIN_ROLLING_MS = 60_000

/**
 * The slots of a window.
 *
 * A day, week or month is one slot: exact, also over a change of the clock. A rolling window counts whole slots, so what was
 * spent goes on counting for up to one slot too long, and never too short: a minute for a day, half an hour for 30 days.
 *
 * @throws TallystickError `invalid_query` for a zone that the runtime does not know
 */
export function spendWindow(window: BudgetWindow): SpendWindow {
  if (window.kind === 'total') return TOTAL
  if (window.kind === 'rolling') return rolling(window.ms)
  const interval = CALENDAR[window.kind]
  const bucketOf = bucketer(interval, window.timeZone)
  // Instants of events and the present are asked for in turn; each remembers its own last answer.
  const present = bucketer(interval, window.timeZone)
  let range: SlotRange = { fromMs: 0, toMs: 0, resetsMs: 0 }
  return {
    interval,
    timeZone: window.timeZone,
    slotOf: (ms) => bucketOf(ms).startMs,
    at(nowMs) {
      const { startMs, endMs }: Bucket = present(nowMs)
      if (range.fromMs !== startMs || range.toMs !== endMs) range = { fromMs: startMs, toMs: endMs, resetsMs: endMs }
      return range
    },
  }
}

const TOTAL: SpendWindow = {
  interval: undefined,
  timeZone: 'UTC',
  slotOf: () => 0,
  at: () => ({ fromMs: 0, toMs: 1, resetsMs: undefined }),
}

function rolling(ms: number): SpendWindow {
  const { interval } = ROLLING.find(({ days }) => ms <= days * DAY_MS) ?? { interval: '6h' as const }
  const bucketOf = bucketer(interval, 'UTC')
  const start = bucketer(interval, 'UTC')
  const present = bucketer(interval, 'UTC')
  return {
    interval,
    timeZone: 'UTC',
    slotOf: (at) => bucketOf(at).startMs,
    at: (nowMs) => ({
      fromMs: start(Math.max(0, nowMs - ms)).startMs,
      toMs: present(nowMs).endMs,
      resetsMs: undefined,
    }),
  }
}
