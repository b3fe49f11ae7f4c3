/** Limits that the list of requests keeps in its address: ms, and nano-USD. */

export const SLOW = 'slow'
export const COSTLY = 'costly'

export const SLOW_LIMITS: readonly number[] = [2_000, 5_000, 10_000, 30_000, 60_000]
export const COSTLY_LIMITS: readonly number[] = [10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000]

/** A limit in an address; null where there is none. @example limitIn(new Map([['slow', '5000']]), 'slow') // 5000 */
export function limitIn(params: ReadonlyMap<string, string>, name: string): number | null {
  const text = params.get(name)
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null
}
