import { zoneOffsetMs } from '../query/index.ts'

const HOUR_MS = 3_600_000

/**
 * What the clock of a zone shows at an instant, full hours 0 to 23. On a day of a clock change the hour that is repeated
 * comes twice and the one that is skipped never.
 *
 * @example hourOfDay(Date.parse('2026-11-21T23:30:00Z'), 'Asia/Kathmandu') // 5
 */
export function hourOfDay(ms: number, timeZone: string): number {
  const wall = ms + zoneOffsetMs(timeZone, ms)
  return Math.floor((((wall % (24 * HOUR_MS)) + 24 * HOUR_MS) % (24 * HOUR_MS)) / HOUR_MS)
}
