import { type ResultRow, zoneOffsetMs } from '../../query/index.ts'

const HOUR_MS = 3_600_000
const DAY_HOURS = 24
const WEEK_DAYS = 7
/** 1970-01-01 was a Thursday: day 3 of a week that begins on Monday. */
const EPOCH_WEEKDAY = 3

/** When things happen, by the clock of a zone. */
export interface HourGrid {
  /** 24 counts, from midnight on. */
  readonly hours: readonly number[]
  /** Seven rows of 24 counts, Monday first. */
  readonly week: readonly (readonly number[])[]
  readonly total: number
}

/**
 * Counts by hour of the day, and by weekday and hour, from rows of hours ({@link HOURS_QUESTION}) of the same zone. The hour
 * that a clock repeats counts twice.
 *
 * @example
 * const noon = Date.parse('2026-11-22T06:15:00Z') // 12:00 on a Sunday in Kathmandu
 * hourGrid([{ time_ms: noon, events: 3 }], 'Asia/Kathmandu').week[6]?.[12] // 3
 */
export function hourGrid(rows: readonly ResultRow[], timeZone: string): HourGrid {
  const hours = new Array<number>(DAY_HOURS).fill(0)
  const week = Array.from({ length: WEEK_DAYS }, () => new Array<number>(DAY_HOURS).fill(0))
  let total = 0
  for (const row of rows) {
    const ms = Number(row['time_ms'])
    const count = Number(row['events'] ?? 0)
    const hour = Math.floor((ms + zoneOffsetMs(timeZone, ms)) / HOUR_MS)
    const day = Math.floor(hour / DAY_HOURS)
    const hourOfDay = hour - day * DAY_HOURS
    const weekday = (((day + EPOCH_WEEKDAY) % WEEK_DAYS) + WEEK_DAYS) % WEEK_DAYS
    hours[hourOfDay] = (hours[hourOfDay] as number) + count
    const line = week[weekday] as number[]
    line[hourOfDay] = (line[hourOfDay] as number) + count
    total += count
  }
  return { hours, week, total }
}
