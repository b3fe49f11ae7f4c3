/** Amounts in sentences. */

const CENT = 10_000_000n

/**
 * @example inDollars(1_234_567_890_123n) // '$1,234.57'
 * @example inDollars(1n) // 'less than $0.01'
 */
export function inDollars(nanoUsd: bigint): string {
  if (nanoUsd > 0n && nanoUsd < CENT) return 'less than $0.01'
  const cents = (nanoUsd + CENT / 2n) / CENT
  return `$${inDigits(cents / 100n)}.${String(cents % 100n).padStart(2, '0')}`
}

/** @example inDigits(1234567n) // '1,234,567' */
export const inDigits = (value: bigint | number): string => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',')

/** @example inPercent(1n, 3n) // '33.3 %' */
export const inPercent = (part: bigint, all: bigint): string =>
  all === 0n ? '0 %' : `${(Number((part * 1000n) / all) / 10).toString()} %`

/** A name in a sentence; one that nobody knows. */
export const named = (name: string | null, otherwise = 'unknown'): string => name ?? otherwise
