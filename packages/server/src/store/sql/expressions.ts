import type { FieldName } from '@tallystick/core/event'
import { type Counter, type Filter, MILLI_PER_SECOND, MILLIONTHS, type Quantity } from '@tallystick/core/query'
import type { LeastValue } from '../store.ts'
import { COLUMN_OF, type Column, quoted } from './columns.ts'
import type { Dialect, Parameters } from './dialect.ts'

export function columnSql(field: FieldName): string {
  return quoted((COLUMN_OF.get(field) as Column).name)
}

/** The value of a quantity on a row, by the rule of `quantityValue`: NULL unless one of `plus` is known. */
export function quantitySql(dialect: Dialect, quantity: Quantity): string {
  if (quantity.millionths) {
    const ratio = dialect.inRest(quantity.plus[0] as FieldName)
    return dialect.integer(`floor(${ratio} * ${MILLIONTHS} + 0.5)`, 64)
  }
  const value = amountSql(quantity)
  if (quantity.per === undefined) return value
  const ms = columnSql(quantity.per)
  const rate = (wide: string): string =>
    dialect.quotient(`(${wide} * ${MILLI_PER_SECOND} + ${dialect.quotient(ms, '2')})`, ms)
  // The product passes 64 bits for counts that no model reaches and any client may claim; wide arithmetic is slow.
  const any = `CASE WHEN ${value} < ${NARROW} THEN ${rate(value)} ELSE ${rate(dialect.wide(value))} END`
  const bounded = dialect.integer(`least(${any}, ${Number.MAX_SAFE_INTEGER})`, 64)
  return `(CASE WHEN ${ms} > 0 AND ${value} IS NOT NULL THEN ${bounded} END)`
}

/** Times {@link MILLI_PER_SECOND}, and with half of any duration added, it stays below 2^63. */
const NARROW = 4_000_000_000_000

function amountSql({ plus, minus }: Quantity): string {
  const parts = plus.map(columnSql)
  const known = parts.length === 1 ? (parts[0] as string) : parts.map((part) => `coalesce(${part}, 0)`).join(' + ')
  const value = [known, ...minus.map((field) => `coalesce(${columnSql(field)}, 0)`)].join(' - ')
  return parts.length === 1 ? `(${value})` : `(CASE WHEN coalesce(${parts.join(', ')}) IS NOT NULL THEN ${value} END)`
}

/** Whether a row counts, by the rule of `satisfies`. */
export function counterSql(dialect: Dialect, { where }: Counter): string {
  const conditions = where.map((condition) => {
    const name = columnSql(condition.field)
    if ('absent' in condition) return `${name} IS NULL`
    if ('atMost' in condition) return `(${name} IS NULL OR ${name} <= ${condition.atMost})`
    const literals = condition.in.flatMap((value) => dialect.constant(condition.field, value) ?? [])
    return literals.length === 0 ? 'false' : `${name} IN (${literals.join(', ')})`
  })
  return conditions.length === 0 ? 'true' : conditions.join(' AND ')
}

/** Whether a row passes all filters, by the rule of `filterMatcher`; undefined when every row does. */
export function filtersSql(dialect: Dialect, filters: readonly Filter[], parameters: Parameters): string | undefined {
  if (filters.length === 0) return undefined
  return filters.map((filter) => filterSql(dialect, filter, parameters)).join(' AND ')
}

/** How an id must be spelled to stand in a row as 16 bytes. */
export const CANONICAL_UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Whether a row carries members with at least some values, one condition each. A comparison with NULL is not true. */
export function leastSql(atLeast: readonly LeastValue[] = []): readonly string[] {
  return atLeast.map(({ field, value }) => `${columnSql(field)} >= ${value}`)
}

function filterSql(dialect: Dialect, filter: Filter, parameters: Parameters): string {
  const absent = filter.values.includes(null)
  const { sql, literals, also } = dialect.comparison(filter.by, filter.values, parameters)
  const among = literals.length > 0 ? `${sql} IN (${literals.join(', ')})` : undefined
  const matches = [among, also, absent ? `${sql} IS NULL` : undefined].filter((part) => part !== undefined)
  if (matches.length === 0) return filter.negate ? 'true' : 'false'
  const any = matches.join(' OR ')
  // A comparison with NULL is neither true nor false; as for a row without the value, it does not match.
  return filter.negate ? `NOT coalesce(${any}, false)` : `(${any})`
}

/** One case of a {@link caseTree}: for values below `below` (the last has none), `sql`. */
export interface Case {
  readonly below: number
  readonly sql: string
}

/** A balanced tree of comparisons: `cases` rise by `below`, the last one takes the rest. */
export function caseTree(value: string, cases: readonly Case[]): string {
  if (cases.length === 1) return (cases[0] as Case).sql
  const middle = cases.length >> 1
  const left = caseTree(value, cases.slice(0, middle))
  const right = caseTree(value, cases.slice(middle))
  return `CASE WHEN ${value} < ${(cases[middle - 1] as Case).below} THEN ${left} ELSE ${right} END`
}

/**
 * The sketch bucket of an integer, equal to `sketchIndex`: integer shifts by an exact exponent (a rounded logarithm would put
 * a value near a power of two into the neighbouring bucket).
 */
export function sketchIndexSql(dialect: Dialect, value: string): string {
  const exponent = dialect.exponent(value)
  const index = `(${exponent} - 6) * 64 + ${dialect.shiftedRight(value, `(${exponent} - 6)`)}`
  return dialect.integer(`CASE WHEN ${value} < 128 THEN greatest(${value}, 0) ELSE ${index} END`, 16)
}

/** A run of buckets of equal length: bucket number `first` starts at `startMs`, the run ends at `endMs`. */
interface Run {
  readonly first: number
  readonly startMs: number
  endMs: number
  readonly lengthMs: number
}

/**
 * Number of the bucket that an instant inside the range falls into. Buckets of equal length are found by division; a
 * change of daylight saving, or a month, starts another run.
 *
 * @param starts of each bucket, rising
 * @param endMs end of the range
 */
export function bucketSql(dialect: Dialect, instant: string, starts: readonly number[], endMs: number): string {
  const runs: Run[] = []
  starts.forEach((startMs, index) => {
    const nextMs = starts[index + 1] ?? Math.max(endMs, startMs + 1)
    const run = runs.at(-1)
    const last = index === starts.length - 1
    if (run && (run.lengthMs === nextMs - startMs || (last && nextMs - startMs < run.lengthMs))) run.endMs = nextMs
    else runs.push({ first: index, startMs, endMs: nextMs, lengthMs: nextMs - startMs })
  })
  const cases = runs.map(({ first, startMs, endMs: below, lengthMs }) => {
    const run = starts.length === 1 ? '0' : `${first} + ${dialect.quotient(`(${instant} - ${startMs})`, `${lengthMs}`)}`
    return { below, sql: run }
  })
  return dialect.integer(caseTree(instant, cases), 32)
}
