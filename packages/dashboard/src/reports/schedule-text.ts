import { formatInstant } from '../lib/instants.ts'

export type Target =
  | { readonly kind: 'file'; readonly name: string; readonly keep: number }
  | { readonly kind: 'webhook'; readonly url: string; readonly secret?: string }
  | { readonly kind: 'mail'; readonly to: string }

/** A run, as the server tells of it. */
export interface RunRow {
  readonly id: string
  readonly due_ms: number
  readonly by: 'schedule' | 'person'
  readonly state: 'waiting' | 'delivered' | 'failed'
  readonly attempts: number
  readonly next_ms: number | null
  readonly ended_ms: number | null
  readonly detail: string | null
  readonly bytes: number | null
}

/** A schedule, as `GET /api/v1/reports/schedules` lists it. */
export interface ScheduleRow {
  readonly id: string
  readonly name: string
  readonly enabled: boolean
  readonly cron: string
  readonly time_zone: string
  readonly range: string
  readonly format: string
  readonly filters: object | null
  readonly target: Target
  readonly next_ms: number | null
  readonly runs: readonly RunRow[]
}

export interface SchedulesAnswer {
  readonly schedules: readonly ScheduleRow[]
  readonly can: { readonly file: boolean; readonly mail: boolean }
}

export const WEEKDAYS = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'] as const
const DAY_NAMES = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

/** How often, as the form asks for it; `own` is a cron expression. */
export interface Rhythm {
  readonly every: 'day' | 'weekday' | 'week' | 'month' | 'own'
  /** `HH:MM` */
  readonly time: string
  /** Of WEEKDAYS. */
  readonly weekday: number
  readonly cron: string
}

const NUMBER = /^\d{1,2}$/

/**
 * What a cron expression says, as far as the form can say it.
 *
 * @example rhythmOf('0 8 * * MON') // { every: 'week', time: '08:00', weekday: 0, cron: '0 8 * * MON' }
 */
export function rhythmOf(cron: string): Rhythm {
  const [minute = '', hour = '', day, month, weekday = '', ...more] = cron.trim().split(/\s+/)
  const own: Rhythm = { every: 'own', time: '08:00', weekday: 0, cron }
  if (!NUMBER.test(minute) || !NUMBER.test(hour) || month !== '*' || more.length > 0) return own
  const time = `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`
  const place = WEEKDAYS.findIndex((name, index) => name === weekday.toUpperCase() || String(index + 1) === weekday)
  if (day === '*' && weekday === '*') return { ...own, every: 'day', time }
  if (day === '*' && /^(MON-FRI|1-5)$/i.test(weekday)) return { ...own, every: 'weekday', time }
  if (day === '*' && place >= 0) return { ...own, every: 'week', time, weekday: place }
  return day === '1' && weekday === '*' ? { ...own, every: 'month', time } : own
}

/** @example cronOf({ every: 'month', time: '08:30', weekday: 0, cron: '' }) // '30 8 1 * *' */
export function cronOf({ every, time, weekday, cron }: Rhythm): string {
  const [hour = '8', minute = '0'] = time.split(':')
  const at = `${Number(minute)} ${Number(hour)}`
  if (every === 'day') return `${at} * * *`
  if (every === 'weekday') return `${at} * * MON-FRI`
  if (every === 'week') return `${at} * * ${WEEKDAYS[weekday] ?? 'MON'}`
  return every === 'month' ? `${at} 1 * *` : cron
}

/** @example rhythmText('0 8 * * MON') // 'Mondays at 08:00' */
export function rhythmText(cron: string): string {
  const { every, time, weekday } = rhythmOf(cron)
  if (every === 'day') return `every day at ${time}`
  if (every === 'weekday') return `Monday to Friday at ${time}`
  if (every === 'week') return `${DAY_NAMES[weekday]}s at ${time}`
  return every === 'month' ? `the first of each month at ${time}` : cron
}

export const RANGES: readonly { readonly range: string; readonly label: string }[] = [
  { range: '24h', label: 'the last 24 hours' },
  { range: 'yesterday', label: 'yesterday' },
  { range: '7d', label: 'the last 7 days' },
  { range: 'last_week', label: 'last week' },
  { range: '30d', label: 'the last 30 days' },
  { range: 'last_month', label: 'last month' },
]

/** @example rangeText('7d') // 'the last 7 days' */
export const rangeText = (range: string): string => RANGES.find((known) => known.range === range)?.label ?? range

export function targetText(target: Target): string {
  if (target.kind === 'file') return `file ${target.name}, ${target.keep} kept`
  return target.kind === 'mail' ? target.to : target.url
}

/**
 * How far off an instant is, in words.
 *
 * @example untilText(3_900_000) // 'in 1 h 5 min'
 */
export function untilText(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000))
  if (minutes < 1) return 'within a minute'
  if (minutes < 60) return `in ${minutes} min`
  if (minutes < 24 * 60) return `in ${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? '' : ` ${minutes % 60} min`}`
  const days = Math.round(minutes / (24 * 60))
  return `in ${days} ${days === 1 ? 'day' : 'days'}`
}

/** What became of a run, in one sentence. */
export function runText({ state, ended_ms: endedMs, next_ms: nextMs, detail, attempts }: RunRow, zone: string): string {
  if (state === 'waiting') {
    if (attempts === 0 || nextMs === null) return 'under way'
    return `tried ${attempts === 1 ? 'once' : `${attempts} times`}: ${detail ?? 'it failed'}; again ${formatInstant(nextMs, zone, 'minute')}`
  }
  const when = endedMs === null ? '' : formatInstant(endedMs, zone, 'minute')
  return state === 'delivered' ? `delivered ${when}` : `failed ${when}: ${detail ?? 'for a reason that is not known'}`
}
