import { TallystickError } from '../errors.ts'
import { parseRfc3339 } from '../event/index.ts'
import { quoted } from '../nearest.ts'

const HOUR_MS = 3_600_000
const RANGES: ReadonlyMap<unknown, number> = new Map([
  ['1h', HOUR_MS],
  ['24h', 24 * HOUR_MS],
  ['7d', 7 * 24 * HOUR_MS],
  ['30d', 30 * 24 * HOUR_MS],
])

/** `[fromMs, toMs)`, integer ms. */
export interface InstantRange {
  readonly fromMs: number
  readonly toMs: number
}

/**
 * The instants of a range.
 *
 * @throws TallystickError `invalid_period` for anything that is no {@link TimeRange}
 */
export function instantRange(timeRange: unknown, nowMs: number): InstantRange {
  // One ms past now, so that what happened in this very ms is inside.
  const toMs = nowMs + 1
  const length = RANGES.get(timeRange)
  if (length !== undefined) return { fromMs: nowMs - length, toMs }
  if (typeof timeRange === 'object' && timeRange !== null) {
    const { from, to } = timeRange as { readonly from?: unknown; readonly to?: unknown }
    const range = { fromMs: instant(from), toMs: to === undefined ? toMs : instant(to) }
    if (range.fromMs < range.toMs) return range
    throw new TallystickError('invalid_period', 'The range ends before it begins')
  }
  const given = typeof timeRange === 'string' ? quoted(timeRange) : `a ${typeof timeRange}`
  throw new TallystickError(
    'invalid_period',
    `${given} is no time range; use ${[...RANGES.keys()].join(', ')} or { from, to }`,
  )
}

function instant(value: unknown): number {
  const ms = typeof value === 'string' ? parseRfc3339(value) : value
  if (typeof ms === 'number' && Number.isSafeInteger(ms)) return ms
  throw new TallystickError('invalid_period', '`from` and `to` are integer ms or RFC 3339 with a zone')
}
