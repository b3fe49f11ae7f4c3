import type { Cron } from 'croner'

/** When a schedule is due, by the clock of its zone. */
export interface Timetable {
  /** The first instant after this one; undefined where there is none any more. */
  next(afterMs: number): number | undefined
  /** The last instant up to and with this one. */
  latest(atMs: number): number | undefined
}

/** Loaded when there is a schedule: most servers have none. */
let loaded: Promise<typeof import('croner')> | undefined
const tables = new Map<string, Timetable>()
const MOST = 1_000

/**
 * The instants of a cron expression of five fields (minute, hour, day of month, month, day of week; names, lists, ranges, steps,
 * `L`, `#` and `@daily` and the like). A time of day that a change of clocks skips is due as soon as the clocks go on; one that
 * comes twice is due the first time. What is due each hour or minute is due in each that there is.
 *
 * @throws Error that says what is wrong with the expression, in words for people
 * @source https://croner.56k.guru/usage/pattern/ (retrieved 2026-11-22)
 */
export async function timetable(cron: string, timeZone: string): Promise<Timetable> {
  const key = JSON.stringify([cron, timeZone])
  const known = tables.get(key)
  if (known !== undefined) return known
  loaded ??= import('croner')
  const { Cron } = await loaded
  const job = new Cron(cron, { timezone: timeZone, paused: true, mode: '5-part' })
  if (tables.size >= MOST) tables.clear()
  const table = read(job)
  tables.set(key, table)
  return table
}

function read(job: Cron): Timetable {
  return {
    next: (afterMs) => job.nextRun(new Date(afterMs))?.getTime(),
    // Strictly before, and in whole seconds.
    latest: (atMs) => job.previousRuns(1, new Date(Math.floor(atMs / 1_000) * 1_000 + 1_000))[0]?.getTime(),
  }
}
