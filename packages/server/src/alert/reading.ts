import type { RuleSettings } from './settings.ts'

/** What was measured of one subject: a fraction of integers, so that comparing it rounds nothing. */
export interface Reading {
  /** Whom it concerns beside the rule: a provider, a source and its epoch; empty where the rule has one subject. */
  readonly subject: readonly (string | number)[]
  /** Requests in the window; absent where they do not matter. */
  readonly requests?: number
  readonly numerator: bigint
  /** Above 0. */
  readonly denominator: bigint
  /** The most of it. */
  readonly names: readonly string[]
  readonly facts: Readonly<Record<string, string | number | null>>
}

/** In the unit of the threshold, rounded down. */
export function measuredValue({ numerator, denominator }: Reading): bigint {
  return numerator / denominator
}

/**
 * Does the rule's condition hold? `open` once it has fired: then what was measured must come back past the threshold by the
 * kind's ease to be over.
 *
 * @example // 101 failures of 10,000 against 1 %: 1,010,000 / 10,000 > 100
 */
export function holds({ spec, threshold, minRequests }: RuleSettings, reading: Reading, open: boolean): boolean {
  if (reading.requests !== undefined && reading.requests < minRequests) return false
  const ease = open ? BigInt(spec.easePercent) : 0n
  const measured = reading.numerator * 100n
  const at = (percent: bigint): bigint => BigInt(threshold) * percent * reading.denominator
  if (spec.holds === 'below') return measured < at(100n + ease)
  return spec.holds === 'above' ? measured > at(100n - ease) : measured >= at(100n - ease)
}
