import { addExact, compareExact, type Exact } from '@tallystick/core/event'
import { bucketer, bucketStarts, type FilterValue, type Interval, type ResultRow } from '@tallystick/core/query'
import { isAdditive, toAmount } from './amounts.ts'
import { assignColours, colourVariable, OTHER } from './colours.ts'
import { toExact } from './format.ts'
import { valueLabel } from './words.ts'

/** Rows of answers as what a chart draws: one list of values a series, aligned with the buckets. */

export interface Buckets {
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  /** Buckets that the range or the present moment cuts: their figures are not whole. */
  readonly partial: readonly boolean[]
}

export interface Series {
  readonly name: string
  readonly label: string
  /** CSS variable of its colour. */
  readonly colour: string
  /** Aligned with the buckets; null where there is nothing to say. */
  readonly values: readonly (Exact | null)[]
  /** How it is filled: plain, or hatched for tokens that were cached. */
  readonly fill?: 'hatched'
  /** Value of a group of one dimension, by which a click filters; absent on sums of several. */
  readonly value?: FilterValue
  /** Values of a group, one a dimension; absent on the folded rest and on what is no group. */
  readonly group?: readonly FilterValue[]
}

export interface Frame extends Buckets {
  readonly series: readonly Series[]
  /** Dashed lines over them, of another stretch of time: the period before. */
  readonly over?: readonly Series[]
}

/**
 * The buckets that touch `[fromMs, toMs)`.
 *
 * @param wholeUntilMs the range's end or now, whichever is earlier
 */
export function bucketsOf(
  fromMs: number,
  toMs: number,
  wholeUntilMs: number,
  interval: Interval,
  zone: string,
): Buckets {
  const starts = bucketStarts(fromMs, toMs, interval, zone)
  const last = starts.at(-1)
  const ends = last === undefined ? [] : [...starts.slice(1), bucketer(interval, zone)(last).endMs]
  return { starts, ends, partial: starts.map((start, index) => start < fromMs || (ends[index] ?? 0) > wholeUntilMs) }
}

/** A measure of each bucket; null where the answer has no row or no figure. */
export function measureSeries(axis: Buckets, rows: readonly ResultRow[], measure: string): readonly (Exact | null)[] {
  const byTime = new Map(rows.map((row) => [Number(row['time_ms']), row[measure]]))
  return axis.starts.map((start) => toExact(byTime.get(start) ?? null))
}

/** A measure that is no integer (a ratio). */
export function ratioSeries(axis: Buckets, rows: readonly ResultRow[], measure: string): readonly (number | null)[] {
  const byTime = new Map(rows.map((row) => [Number(row['time_ms']), row[measure]]))
  return axis.starts.map((start) => {
    const value = byTime.get(start)
    return typeof value === 'number' ? value : null
  })
}

/** `a - b - ...` of each bucket, exactly; null where `a` is, and never below zero. */
export function less(
  a: readonly (Exact | null)[],
  ...others: readonly (readonly (Exact | null)[])[]
): readonly (Exact | null)[] {
  return a.map((value, index) => {
    if (value === null) return null
    const rest = others.reduce<Exact>((left, other) => addExact(left, negative(other[index] ?? 0)), value)
    return compareExact(rest, 0) === 1 ? rest : 0
  })
}

/** Sum of each bucket; null where all are. */
export function plus(...lists: readonly (readonly (Exact | null)[])[]): readonly (Exact | null)[] {
  return (lists[0] ?? []).map((_, index) =>
    lists.reduce<Exact | null>((sum, list) => {
      const value = list[index] ?? null
      return value === null ? sum : addExact(sum ?? 0, value)
    }, null),
  )
}

const negative = (value: Exact): Exact => (typeof value === 'bigint' ? -value : 0 - value)

/** Sum over all buckets; null when none has a figure. */
export function sumOf(values: readonly (Exact | null)[]): Exact | null {
  return values.reduce<Exact | null>((sum, value) => (value === null ? sum : addExact(sum ?? 0, value)), null)
}

interface Group {
  readonly key: string
  readonly values: readonly FilterValue[]
  readonly other: boolean
  readonly rows: ResultRow[]
}

/** One series a group of `by`, greatest total first, the folded rest last and grey. Groups without any figure are left out. */
export function groupedFrame(
  axis: Buckets,
  rows: readonly ResultRow[],
  by: string | readonly string[],
  measure: string,
  book: Map<string, number>,
): Frame {
  const names = typeof by === 'string' ? [by] : by
  const additive = isAdditive(measure)
  const ranked = groupsOf(rows, names)
    .map((group) => ({ group, values: amountSeries(axis, group.rows, measure) }))
    .map((entry) => ({ ...entry, size: additive ? sumOf(entry.values) : meanOf(entry.values) }))
    .filter(({ size }) => size !== null && (!additive || size > 0))
    .sort((a, b) => Number(a.group.other) - Number(b.group.other) || Number(b.size) - Number(a.size))
  const colours = assignColours(
    ranked.filter(({ group }) => !group.other).map(({ group }) => groupName(names, group.values)),
    book,
  )
  return {
    ...axis,
    series: ranked.map(({ group, values }) => ({
      name: group.key,
      label: group.other
        ? 'Other'
        : names.map((name, index) => valueLabel(name, group.values[index] ?? null)).join(', '),
      colour: colourVariable(group.other ? OTHER : (colours.get(groupName(names, group.values)) ?? OTHER)),
      values,
      ...(group.other ? {} : { group: group.values }),
      ...(group.other || names.length !== 1 ? {} : { value: group.values[0] ?? null }),
    })),
  }
}

function groupsOf(rows: readonly ResultRow[], by: readonly string[]): readonly Group[] {
  const groups = new Map<string, Group>()
  for (const row of rows) {
    const other = row['other'] === true
    const values = by.map((name) => row[name] ?? null)
    const key = groupKey(values, other)
    const group = groups.get(key)
    if (group) group.rows.push(row)
    else groups.set(key, { key, values, other, rows: [row] })
  }
  return [...groups.values()]
}

/** Any measure of each bucket, ratios and means too; null where the answer has no row or no figure. */
export function amountSeries(axis: Buckets, rows: readonly ResultRow[], measure: string): readonly (Exact | null)[] {
  const byTime = new Map(rows.map((row) => [Number(row['time_ms']), row[measure]]))
  return axis.starts.map((start) => toAmount(byTime.get(start) ?? null))
}

function meanOf(values: readonly (Exact | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce<number>((sum, value) => sum + Number(value), 0) / known.length
}

/** What tells groups apart; a value that is called "other" is not the folded rest. */
export function groupKey(values: readonly FilterValue[], other: boolean): string {
  return JSON.stringify([other, ...(other ? [] : values)])
}

/** As the colour of a group is known by: one of a single dimension is the same on every page. */
function groupName(by: readonly string[], values: readonly FilterValue[]): string {
  return by.length === 1 ? colourName(by[0] ?? '', values[0] ?? null) : JSON.stringify([by, values])
}

/** Two dimensions may have values of one name; they share no colour by accident only. */
export function colourName(by: string, value: FilterValue): string {
  return JSON.stringify([by, value])
}

/** Heights at which a stack's series end, bottom first. For drawing only: floats are near enough there. */
export function stackHeights(
  series: readonly { readonly values: readonly (Exact | null)[] }[],
  scale: number,
): number[][] {
  const heights: number[][] = []
  for (const { values } of series) {
    const below = heights.at(-1)
    heights.push(values.map((value, index) => (below?.[index] ?? 0) + Number(value ?? 0) / scale))
  }
  return heights
}
