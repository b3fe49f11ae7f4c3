import type { ThresholdUnit } from './kind.ts'

const MAX_NAME_CHARS = 100
const SECOND_MS = 1_000

/**
 * A name from outside, fit for a line of text: cut, and without control or direction characters, by which it could pretend to be
 * more than one line or something else.
 */
export function plainName(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').trim()
  return plain.length > MAX_NAME_CHARS ? `${plain.slice(0, MAX_NAME_CHARS)}...` : plain || '(no name)'
}

/** `8819` -> `8,819`. */
const grouped = (value: bigint): string => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',')

const fraction = (digits: bigint, width: number): string => {
  const text = String(digits).padStart(width, '0').replace(/0+$/, '')
  return text === '' ? '' : `.${text}`
}

const counted = (value: bigint, one: string): string => `${grouped(value)} ${one}${value === 1n ? '' : 's'}`

/** How each unit is written for people. */
const WRITTEN: Readonly<Record<ThresholdUnit, (value: bigint) => string>> = {
  percent: (value) => `${grouped(value)} %`,
  basis_points: (value) => `${grouped(value / 100n)}${fraction(value % 100n, 2)} %`,
  nano_usd: (value) => `$${grouped(value / 1_000_000_000n)}.${cents(value % 1_000_000_000n)}`,
  ms: (value) => `${grouped(value)} ms`,
  requests: (value) => counted(value, 'request'),
  events: (value) => counted(value, 'event'),
}

/** At least two digits, as money is written, and as many more as it has. */
const cents = (nano: bigint): string => fraction(nano, 9).slice(1).padEnd(2, '0')

/** @example written('basis_points', 250n) // '2.5 %' */
export function written(unit: ThresholdUnit, value: bigint): string {
  return WRITTEN[unit](value)
}

const STEPS: readonly (readonly [number, string])[] = [
  [24 * 3600 * SECOND_MS, 'd'],
  [3600 * SECOND_MS, 'h'],
  [60 * SECOND_MS, 'min'],
  [SECOND_MS, 's'],
]

/** @example span(300_000) // '5 min' */
export function span(ms: number): string {
  for (const [step, name] of STEPS) {
    // A day is easier read as 24 h, and two as two.
    if (ms >= (name === 'd' ? 2 * step : step) && ms % step === 0) return `${ms / step} ${name}`
  }
  return `${ms} ms`
}
