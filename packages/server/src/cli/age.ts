import { TallystickError } from '@tallystick/core'
import { checkedZone, parseInstant } from './import/instant.ts'

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 7 * 86_400_000],
])

/**
 * An age (`90m`, `24h`, `7d`, `2w`), `now`, an instant, or a date or time without a zone, which is local time of `timeZone`.
 *
 * @param flag the option the text was given to, for the message
 * @throws TallystickError `usage`
 */
export function instantOf(flag: string, text: string, timeZone: string, nowMs: number): number {
  const age = /^(\d{1,9})([mhdw])$/.exec(text)
  if (age !== null) return nowMs - Number(age[1]) * (UNIT_MS.get(age[2] as string) as number)
  if (text === 'now') return nowMs
  const ms = parseInstant(text, checkedZone(timeZone))
  if (ms === undefined)
    throw new TallystickError('usage', `${flag} ${text} is neither an instant nor an age such as 24h`)
  return ms
}
