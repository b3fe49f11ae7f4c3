const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 7 * 86_400_000],
])

/**
 * An age as the instant that it reaches back to; anything else as it is, for the API to read. Language models do not know
 * what time it is.
 *
 * @example instantOfAge('7d', 1_000_000_000) // 395_200_000
 * @example instantOfAge('2026-11-01T00:00:00Z', 1_000_000_000) // '2026-11-01T00:00:00Z'
 */
export function instantOfAge(value: unknown, nowMs: number): unknown {
  if (typeof value !== 'string') return value
  if (value === 'now') return nowMs
  const age = /^(\d{1,6})([mhdw])$/.exec(value)
  return age === null ? value : nowMs - Number(age[1]) * (UNIT_MS.get(age[2] as string) as number)
}
