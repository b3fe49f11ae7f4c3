import { formatInstant, type WallTime, wallTime } from './instants.ts'

/** Where a time axis has its ticks: on starts of buckets that are round in the zone, never more than fit. */
export interface Tick {
  readonly ms: number
  /** One or two lines; the second is the day (or year), where it changes. */
  readonly label: string
}

interface Step {
  readonly unit: 'minute' | 'day' | 'month'
  /**
   * Days and months begin with their first bucket, not at midnight: there are zones where a day starts at one o'clock, and
   * a month of weeks starts on its first Monday.
   */
  readonly fits: (wall: WallTime, before: WallTime | undefined) => boolean
}

const isMidnight = (wall: WallTime): boolean => wall.hour === 0 && wall.minute === 0
const newDay = (wall: WallTime, before: WallTime | undefined): boolean =>
  before ? before.day !== wall.day : isMidnight(wall)
const newMonth = (wall: WallTime, before: WallTime | undefined): boolean =>
  before ? before.month !== wall.month : wall.day === 1 && isMidnight(wall)

const minutes = (every: number): Step => ({
  unit: 'minute',
  fits: (wall) => (wall.hour * 60 + wall.minute) % every === 0,
})
const months = (every: number): Step => ({
  unit: 'month',
  fits: (wall, before) => newMonth(wall, before) && (wall.month - 1) % every === 0,
})

const STEPS: readonly Step[] = [
  ...[1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map(minutes),
  { unit: 'day', fits: newDay },
  { unit: 'day', fits: (wall, before) => newDay(wall, before) && wall.day % 2 === 1 && wall.day !== 31 },
  { unit: 'day', fits: (wall, before) => newDay(wall, before) && wall.weekday === 0 },
  ...[1, 3, 6, 12].map(months),
]

/**
 * @param starts starts of the buckets, rising
 * @param most how many ticks fit, 1 or more
 * @param nowMs the year that goes without saying is the one of this instant
 */
export function timeTicks(starts: readonly number[], most: number, zone: string, nowMs: number): readonly Tick[] {
  const walls = starts.map((ms) => wallTime(ms, zone))
  const { chosen, unit } = choose(walls, most)
  const thisYear = wallTime(nowMs, zone).year
  return chosen.map((index, rank) => {
    const ms = starts[index] as number
    const before = walls[chosen[rank - 1] ?? -1]
    return { ms, label: label(ms, walls[index] as WallTime, before, unit, zone, thisYear) }
  })
}

/** The finest step that fits with two ticks or more; where none does, the next finer one thinned out. */
function choose(walls: readonly WallTime[], most: number): { chosen: readonly number[]; unit: Step['unit'] } {
  const all = walls.map((_, index) => index)
  const days = walls.every(isMidnight)
  let finer: { chosen: readonly number[]; unit: Step['unit'] } = { chosen: all, unit: days ? 'day' : 'minute' }
  for (const step of STEPS) {
    const chosen = all.filter((index) => step.fits(walls[index] as WallTime, walls[index - 1]))
    const unit = step.unit === 'minute' && days ? 'day' : step.unit
    if (chosen.length > most) finer = { chosen, unit }
    else if (chosen.length > 1) return { chosen, unit }
  }
  const stride = Math.ceil(finer.chosen.length / most)
  return { chosen: finer.chosen.filter((_, index) => index % stride === 0), unit: finer.unit }
}

function label(
  ms: number,
  wall: WallTime,
  before: WallTime | undefined,
  unit: Step['unit'],
  zone: string,
  thisYear: number,
): string {
  const newYear = (before?.year ?? thisYear) !== wall.year
  if (unit === 'month') return `${formatInstant(ms, zone, 'month').slice(0, 3)}${newYear ? `\n${wall.year}` : ''}`
  const day = formatInstant(ms, zone, 'dayOfYear')
  if (unit === 'day') return `${day}${newYear ? `\n${wall.year}` : ''}`
  const sameDay = before?.day === wall.day && before.month === wall.month
  return `${formatInstant(ms, zone, 'clock')}${sameDay ? '' : `\n${day}${newYear ? ` ${wall.year}` : ''}`}`
}
