import type { Clock } from '@tallystick/core/event'

const LONGEST_WAIT_MS = 3_600_000

/**
 * The wait that a `Retry-After` header asks for, ms: seconds or an HTTP date, at most an hour; undefined without one, or when it
 * cannot be read.
 *
 * @example retryAfterMs('2', systemClock) // 2000
 */
export function retryAfterMs(header: string | undefined, clock: Clock): number | undefined {
  if (header === undefined || header === '') return undefined
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - clock.now()
  return Number.isNaN(ms) ? undefined : Math.min(LONGEST_WAIT_MS, Math.max(0, ms))
}
