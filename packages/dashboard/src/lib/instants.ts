import { instantOfWallTime, isTimeZone, zoneOffsetMs } from '@tallystick/core/query'

/** Instants (ms since 1970 UTC) in a time zone: how they are written, and how what a person wrote is read. */

export type InstantStyle = 'second' | 'minute' | 'day' | 'dayOfYear' | 'month' | 'clock' | 'clockSecond'

const STYLES: { readonly [K in InstantStyle]: Intl.DateTimeFormatOptions } = {
  second: { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' },
  minute: { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' },
  day: { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
  dayOfYear: { day: 'numeric', month: 'short' },
  month: { month: 'short', year: 'numeric' },
  clock: { hour: '2-digit', minute: '2-digit' },
  clockSecond: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
}

const formatters = new Map<string, Intl.DateTimeFormat>()

function formatter(style: InstantStyle | 'parts', zone: string): Intl.DateTimeFormat {
  const key = `${style} ${zone}`
  let found = formatters.get(key)
  if (!found) {
    const options: Intl.DateTimeFormatOptions =
      style === 'parts'
        ? {
            year: 'numeric',
            month: 'numeric',
            day: 'numeric',
            hour: 'numeric',
            minute: 'numeric',
            second: 'numeric',
            weekday: 'short',
          }
        : STYLES[style]
    found = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: zone, hourCycle: 'h23' })
    formatters.set(key, found)
  }
  return found
}

/** @example formatInstant(1_700_158_623_979, 'UTC', 'second') // '16 Nov 2023, 18:17:03' */
export function formatInstant(ms: number, zone: string, style: InstantStyle): string {
  return formatter(style, zone).format(ms)
}

/** What a clock and a calendar on the wall of a zone show. `weekday` is 0 for Monday. */
export interface WallTime {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly weekday: number
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

export function wallTime(ms: number, zone: string): WallTime {
  const parts = new Map(
    formatter('parts', zone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  )
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type) ?? 0)
  return {
    year: part('year'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
    second: part('second'),
    weekday: WEEKDAYS.indexOf(parts.get('weekday') ?? 'Mon'),
  }
}

/** @example zoneOffset(0, 'Asia/Kathmandu') // 'UTC+5:30' (the zone took its +5:45 in 1986) */
export function zoneOffset(ms: number, zone: string): string {
  const minutes = Math.round(zoneOffsetMs(zone, ms) / 60_000)
  const size = Math.abs(minutes)
  const rest = size % 60
  return `UTC${minutes < 0 ? '−' : '+'}${Math.floor(size / 60)}${rest ? `:${String(rest).padStart(2, '0')}` : ''}`
}

const two = (value: number): string => String(value).padStart(2, '0')

/** The instant as `<input type="datetime-local">` wants it: the zone's wall time, to the minute. */
export function toInputValue(ms: number, zone: string): string {
  const wall = wallTime(ms, zone)
  return `${String(wall.year).padStart(4, '0')}-${two(wall.month)}-${two(wall.day)}T${two(wall.hour)}:${two(wall.minute)}`
}

/**
 * The instant at which the zone's clocks show `text` (`2023-11-16T18:17`). An hour that occurs twice means its first
 * occurrence; an hour that a zone skips means as long after midnight as if it had not.
 */
export function fromInputValue(text: string, zone: string): number | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(text)
  if (!match) return null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0))
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second)
  if (new Date(asUtc).getUTCDate() !== day || hour > 23 || minute > 59) return null
  return instantOfWallTime(zone, asUtc)
}

/** The zone that the browser runs in. */
export function localZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** Zones that browsers understand but some still list under the name they had before. */
const RENAMED = [
  'America/Nuuk',
  'Asia/Ho_Chi_Minh',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Asia/Yangon',
  'Atlantic/Faroe',
  'Europe/Kyiv',
  'Pacific/Kanton',
]

/** Every zone that can be picked, UTC first. */
export function allZones(): readonly string[] {
  const listed = Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')
  return ['UTC', ...[...new Set([...listed, ...RENAMED.filter(isTimeZone)])].sort()]
}

/**
 * How long ago, for live feeds.
 *
 * @example ago(1_000, 4_500) // '3 s ago'
 */
export function ago(ms: number, nowMs: number): string {
  const seconds = Math.floor((nowMs - ms) / 1000)
  // Two clocks are rarely of one mind to the second.
  if (seconds < 1) return seconds < -60 ? 'ahead of now' : 'now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}

/** A range in words, without saying the same day twice. The end is exclusive: midnight belongs to the day it ends. */
export function formatRange(fromMs: number, toMs: number, zone: string): string {
  const from = formatInstant(fromMs, zone, 'minute')
  const sameDay = formatInstant(fromMs, zone, 'day') === formatInstant(Math.max(fromMs, toMs - 1), zone, 'day')
  return `${from} – ${formatInstant(toMs, zone, sameDay ? 'clock' : 'minute')}`
}
