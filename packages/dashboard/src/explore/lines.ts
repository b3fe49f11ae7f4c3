import { addExact, compareExact, type Exact } from '@tallystick/core/event'
import { compareValues, type FilterValue, type QueryResult, type ResultRow } from '@tallystick/core/query'
import { isAdditive, toAmount } from '../lib/amounts.ts'
import { type Asked, changeColumn } from './asked.ts'

/** Lines of the table: a group, or a group in a step of time, with what it was in the period before. */
export interface Line {
  /** Tells lines apart. */
  readonly key: string
  readonly values: readonly FilterValue[]
  /** The folded rest: no group of its own. */
  readonly other: boolean
  /** Start of its step; null where there are no steps. */
  readonly timeMs: number | null
  readonly row: ResultRow
  /** What the group was before: `none` when nothing at all happened in it; null when that is not known. */
  readonly before: ResultRow | 'none' | null
}

/** An answer with what is needed to line its steps up with those of another. */
export interface Answered {
  readonly result: QueryResult
  /** Starts of the steps; empty where there are none. */
  readonly starts: readonly number[]
}

/** Lines of an answer, in its order, each beside the line of the same group, and step, of the period before. */
export function linesOf(
  { by, measures }: Pick<Asked, 'by' | 'measures'>,
  now: Answered,
  before: Answered | null,
): Line[] {
  const earlier = new Map<string, ResultRow>()
  const stepsBefore = stepNumbers(before?.starts ?? [])
  for (const row of before?.result.rows ?? []) if (row['other'] !== true) earlier.set(keyOf(row, by, stepsBefore), row)
  const complete = before !== null && before.result.other_groups === 0
  const steps = stepNumbers(now.starts)
  const lines = now.result.rows.map((row): Line => {
    const other = row['other'] === true
    const key = keyOf(row, by, steps)
    const known = other ? null : (earlier.get(key) ?? (complete ? 'none' : null))
    return {
      key,
      values: by.map((name) => row[name] ?? null),
      other,
      timeMs: now.starts.length > 0 ? Number(row['time_ms']) : null,
      row,
      before: known,
    }
  })
  return complete && now.starts.length === 0 ? withRest(lines, [...earlier], measures) : lines
}

/** What was folded now is, before, whatever of then is not listed now. Of sums that is known; of others it is not. */
function withRest(
  lines: readonly Line[],
  earlier: readonly (readonly [string, ResultRow])[],
  measures: readonly string[],
): Line[] {
  const listed = new Set(lines.map(({ key }) => key))
  const unlisted = earlier.filter(([key]) => !listed.has(key)).map(([, row]) => row)
  return lines.map((line) => {
    if (!line.other) return line
    const rest: Record<string, string | number | boolean | null> = Object.create(null)
    for (const measure of measures) {
      if (!isAdditive(measure)) continue
      const sum = sumOf(unlisted, measure)
      rest[measure] = typeof sum === 'bigint' ? String(sum) : sum
    }
    return { ...line, before: rest }
  })
}

/** Sum of a measure over rows; null when none has a figure. */
export function sumOf(rows: readonly ResultRow[], measure: string): Exact | null {
  return rows.reduce<Exact | null>((sum, row) => {
    const value = toAmount(row[measure] ?? null)
    return value === null ? sum : addExact(sum ?? 0, value)
  }, null)
}

const stepNumbers = (starts: readonly number[]): ReadonlyMap<number, number> =>
  new Map(starts.map((start, index) => [start, index]))

/** Periods are compared step by step: the first with the first. */
function keyOf(row: ResultRow, by: readonly string[], steps: ReadonlyMap<number, number>): string {
  const step = steps.size > 0 ? (steps.get(Number(row['time_ms'])) ?? null) : null
  return JSON.stringify([step, row['other'] === true, ...by.map((name) => row[name] ?? null)])
}

/** A figure of a line. */
export function amountOf({ row }: Pick<Line, 'row'>, measure: string): Exact | null {
  return toAmount(row[measure] ?? null)
}

/** The same of the period before. Where nothing happened sums are nothing, and means and quantiles unknown. */
export function amountBefore({ before }: Pick<Line, 'before'>, measure: string): Exact | null {
  if (before === null) return null
  if (before === 'none') return isAdditive(measure) ? 0 : null
  return toAmount(before[measure] ?? null)
}

/** By how much a figure has changed; null where either is unknown. Sums exactly. */
export function deltaOf(line: Pick<Line, 'row' | 'before'>, measure: string): Exact | null {
  const now = amountOf(line, measure)
  const before = amountBefore(line, measure)
  if (now === null || before === null) return null
  return Number.isInteger(now) || typeof now === 'bigint' ? minus(now, before) : Number(now) - Number(before)
}

function minus(now: Exact, before: Exact): Exact {
  if (typeof before === 'number' && !Number.isInteger(before)) return Number(now) - before
  return addExact(now, typeof before === 'bigint' ? -before : 0 - before)
}

/** Sorted by a column that the server does not rank by; the folded rest stays last, the unknown last but for it. */
export function sorted(
  lines: readonly Line[],
  { sort, by, measures }: Pick<Asked, 'sort' | 'by' | 'measures'>,
): readonly Line[] {
  const { column, down } = sort
  const direction = down ? -1 : 1
  const changed = measures.find((measure) => changeColumn(measure) === column)
  const at = column === 'by' ? 0 : column === 'by2' ? 1 : -1
  const byAmount =
    (amount: (line: Line) => Exact | null) =>
    (a: Line, b: Line): number => {
      const [left, right] = [amount(a), amount(b)]
      if (left === null || right === null) return Number(left === null) - Number(right === null)
      return direction * compareExact(left, right)
    }
  let order: (a: Line, b: Line) => number
  if (column === 'time') order = (a, b) => direction * ((a.timeMs ?? 0) - (b.timeMs ?? 0))
  else if (changed !== undefined) order = byAmount((line) => deltaOf(line, changed))
  else if (at >= 0 && by.length > at)
    order = (a, b) => direction * compareValues([a.values[at] ?? null], [b.values[at] ?? null])
  else order = byAmount((line) => amountOf(line, column))
  return lines.toSorted((a, b) => {
    // Of one step the rest comes last; of the whole range it is the last of all.
    if (column !== 'time' || a.timeMs === b.timeMs) {
      const rest = Number(a.other) - Number(b.other)
      if (rest !== 0) return rest
    }
    return order(a, b)
  })
}
