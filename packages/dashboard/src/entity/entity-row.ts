import { addExact, divideHalfEven, type Exact, normalizeExact } from '@tallystick/core/event'
import type { FilterValue, ResultRow } from '@tallystick/core/query'
import { toExact } from '../lib/format.ts'

/** One value of a dimension with its figures, or all the values together that had no place. */
export interface EntityRow {
  readonly key: string
  readonly value: FilterValue
  readonly other: boolean
  readonly figures: ResultRow
  /** Of the period before: null when there were none, undefined while unknown. */
  readonly before: ResultRow | null | undefined
  /** Of all spend on show, 0 to 1; null without a price. */
  readonly share: number | null
  /** Values of the other dimension that it goes with, the most used first. */
  readonly beside: readonly string[]
}

export const entityKey = (value: FilterValue, other: boolean): string => JSON.stringify(other ? [] : [value])

const keyOf = (row: ResultRow, dimension: string): string => entityKey(row[dimension] ?? null, row['other'] === true)

/**
 * Rows of three answers as one list.
 *
 * @param before rows of the period before; undefined while they are unknown or say nothing
 * @param pairs rows by this dimension and another, the most used first
 */
export function entityRows(
  dimension: string,
  rows: readonly ResultRow[],
  before: readonly ResultRow[] | undefined,
  pairs: readonly ResultRow[],
  besideDimension: string | undefined,
): readonly EntityRow[] {
  const earlier = before && new Map(before.map((row) => [keyOf(row, dimension), row]))
  // Who is among the rest of then may be anybody now.
  const whole = before?.every((row) => row['other'] !== true) ?? false
  const beside =
    besideDimension === undefined ? new Map<string, string[]>() : besides(dimension, besideDimension, pairs)
  const total = rows.reduce<Exact>((sum, row) => addExact(sum, toExact(row['cost_nano_usd']) ?? 0), 0)
  return rows.map((figures) => {
    const other = figures['other'] === true
    const value = figures[dimension] ?? null
    const key = entityKey(value, other)
    const cost = toExact(figures['cost_nano_usd'])
    return {
      key,
      value,
      other,
      figures,
      before: other ? undefined : (earlier?.get(key) ?? (whole ? null : undefined)),
      share: cost === null || Number(total) === 0 ? null : Number(cost) / Number(total),
      beside: beside.get(key) ?? [],
    }
  })
}

function besides(dimension: string, other: string, pairs: readonly ResultRow[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const pair of pairs) {
    const name = pair[other] ?? null
    if (pair['other'] === true || name === null || Number(toExact(pair['requests']) ?? 0) === 0) continue
    const key = keyOf(pair, dimension)
    const list = found.get(key)
    if (list) list.push(String(name))
    else found.set(key, [String(name)])
  }
  return found
}

/**
 * A figure for each of something else, rounded half to even; null where either is unknown or there is nothing to share
 * among.
 *
 * @param times how many of them: cost for each thousand tokens
 * @example perEach(7_000, 2) // 3_500
 */
export function perEach(figure: Exact | null, among: Exact | null, times = 1): Exact | null {
  if (figure === null || among === null || Number(among) <= 0) return null
  return normalizeExact(divideHalfEven(BigInt(figure) * BigInt(times), BigInt(among)))
}
