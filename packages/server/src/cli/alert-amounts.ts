import { TallystickError } from '@tallystick/core'

const SPAN_MS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

/**
 * A span such as `90s`, `5m`, `1h`, `2d`, in ms.
 *
 * @throws TallystickError `usage`
 */
export function parseSpan(flag: string, text: string): number {
  const match = /^(\d{1,9})([smhd])$/.exec(text)
  if (match === null) throw new TallystickError('usage', `${flag} ${text} is not a span such as 90s, 5m, 1h or 2d`)
  return Number(match[1]) * (SPAN_MS.get(match[2] as string) as number)
}

/** How many of a unit one of what people write is. */
const WRITTEN: ReadonlyMap<string, { readonly pattern: RegExp; readonly factor: number }> = new Map([
  ['percent', { pattern: /^(\d{1,12})(?:\.(\d{1,9}))?%$/, factor: 1 }],
  ['basis_points', { pattern: /^(\d{1,12})(?:\.(\d{1,9}))?%$/, factor: 100 }],
  ['nano_usd', { pattern: /^\$(\d{1,12})(?:\.(\d{1,9}))?$/, factor: 1_000_000_000 }],
  ['ms', { pattern: /^(\d{1,12})(?:\.(\d{1,9}))?s$/, factor: 1_000 }],
])

/**
 * A whole number in `unit`, or as people write what that unit counts: `2.5%`, `$20`, `30s`. Exact: what the unit cannot hold is refused.
 *
 * @throws TallystickError `usage`
 * @example parseAmount('--threshold', '2.5%', 'basis_points') // 250
 */
export function parseAmount(flag: string, text: string, unit: string | undefined): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const written = WRITTEN.get(unit ?? '')
  const match = written?.pattern.exec(text)
  if (written !== undefined && match) {
    const [, whole = '', fraction = ''] = match
    const scale = 10n ** BigInt(fraction.length)
    const scaled = BigInt(whole + fraction) * BigInt(written.factor)
    if (scaled % scale === 0n && scaled / scale <= Number.MAX_SAFE_INTEGER) return Number(scaled / scale)
  }
  const kind = unit === undefined ? '' : ` of ${unit.replace('_', ' ')}`
  throw new TallystickError(
    'usage',
    `${flag} ${text} is not a whole number${kind}, nor 2.5%, $20 or 30s where that fits`,
  )
}
