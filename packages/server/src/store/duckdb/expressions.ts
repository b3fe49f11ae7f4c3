import type { FieldName } from '@tallystick/core/event'
import {
  type Counter,
  type Filter,
  type FilterValue,
  type GroupBy,
  MILLI_PER_SECOND,
  type Quantity,
} from '@tallystick/core/query'
import { type Dictionary, OVERFLOW_CODE } from './dictionary.ts'
import { COLUMN_OF, type Column, OVERFLOW, quoted } from './schema.ts'

/** Values bound to a statement. What comes from outside goes in here and never into the text. */
export class Parameters {
  readonly values: string[] = []

  /** Binds `value` and returns how the statement refers to it. */
  bind(value: string): string {
    this.values.push(value)
    return `$${this.values.length}`
  }
}

function column(field: FieldName): string {
  return quoted((COLUMN_OF.get(field) as Column).name)
}

/** The value of a quantity on a row, by the rule of `quantityValue`: NULL unless one of `plus` is known. */
export function quantitySql(quantity: Quantity): string {
  const value = amountSql(quantity)
  if (quantity.per === undefined) return value
  const ms = column(quantity.per)
  const rate = (wide: string): string => `(${wide} * ${MILLI_PER_SECOND} + ${ms} // 2) // ${ms}`
  // The product passes 64 bits for counts that no model reaches and any client may claim; wide arithmetic is slow.
  const any = `CASE WHEN ${value} < ${NARROW} THEN ${rate(value)} ELSE ${rate(`CAST(${value} AS HUGEINT)`)} END`
  return `(CASE WHEN ${ms} > 0 AND ${value} IS NOT NULL THEN CAST(least(${any}, ${Number.MAX_SAFE_INTEGER}) AS BIGINT) END)`
}

/** Times {@link MILLI_PER_SECOND}, and with half of any duration added, it stays below 2^63. */
const NARROW = 4_000_000_000_000

function amountSql({ plus, minus }: Quantity): string {
  const parts = plus.map(column)
  const known = parts.length === 1 ? (parts[0] as string) : parts.map((part) => `coalesce(${part}, 0)`).join(' + ')
  const value = [known, ...minus.map((field) => `coalesce(${column(field)}, 0)`)].join(' - ')
  return parts.length === 1 ? `(${value})` : `(CASE WHEN coalesce(${parts.join(', ')}) IS NOT NULL THEN ${value} END)`
}

/** Whether a row counts, by the rule of `satisfies`. */
export function counterSql({ where }: Counter, dictionary: Dictionary): string {
  const conditions = where.map((condition) => {
    const name = column(condition.field)
    if ('absent' in condition) return `${name} IS NULL`
    if ('atMost' in condition) return `(${name} IS NULL OR ${name} <= ${condition.atMost})`
    const storage = (COLUMN_OF.get(condition.field) as Column).storage
    const literals = condition.in.flatMap((value) => {
      if (storage === 'boolean') return [String(value)]
      const code = dictionary.find(condition.field, value as string)
      return code === undefined ? [] : [String(code)]
    })
    return literals.length === 0 ? 'false' : `${name} IN (${literals.join(', ')})`
  })
  return conditions.length === 0 ? 'true' : conditions.join(' AND ')
}

/** A JSON pointer (RFC 6901) to one member: keys are any text, dots and quotes included. */
export function jsonPointer(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** How a group's value comes out of a statement. */
export type GroupDecoder = (value: unknown) => FilterValue

/** An expression to group by, and what turns its values back. */
export interface GroupExpression {
  readonly sql: string
  readonly decode: GroupDecoder
}

/**
 * The value a row is grouped by. Codes come out as numbers; a field that has overflowed comes out as text, its code in
 * digits or `=` and the value itself.
 */
export function groupSql(by: GroupBy, dictionary: Dictionary, parameters: Parameters): GroupExpression {
  if ('tag' in by) {
    return { sql: `("tags" ->> ${parameters.bind(jsonPointer(by.tag))})`, decode: (value) => value as string | null }
  }
  const { field } = by.dimension
  const { name, storage } = COLUMN_OF.get(field) as Column
  if (storage !== 'code')
    return {
      sql: quoted(name),
      decode: (value) => value as FilterValue,
    }
  const byCode = (code: number): string => dictionary.value(field, code) as string
  if (!dictionary.overflowed(field)) {
    return { sql: quoted(name), decode: (value) => (value === null ? null : byCode(value as number)) }
  }
  return {
    sql: `(CASE WHEN ${quoted(name)} = ${OVERFLOW_CODE} THEN '=' || ${overflowSql(name)} ELSE CAST(${quoted(name)} AS VARCHAR) END)`,
    decode: (value) => {
      if (value === null) return null
      const text = value as string
      return text.startsWith('=') ? text.slice(1) : byCode(Number(text))
    },
  }
}

function overflowSql(name: string): string {
  return `(${quoted(OVERFLOW)} ->> '/${name}')`
}

/** Whether a row passes all filters, by the rule of `filterMatcher`; undefined when every row does. */
export function filtersSql(
  filters: readonly Filter[],
  dictionary: Dictionary,
  parameters: Parameters,
): string | undefined {
  if (filters.length === 0) return undefined
  return filters.map((filter) => filterSql(filter, dictionary, parameters)).join(' AND ')
}

function filterSql(filter: Filter, dictionary: Dictionary, parameters: Parameters): string {
  const absent = filter.values.includes(null)
  const { sql, literals, also } = comparison(filter, dictionary, parameters)
  const among = literals.length > 0 ? `${sql} IN (${literals.join(', ')})` : undefined
  const matches = [among, also, absent ? `${sql} IS NULL` : undefined].filter((part) => part !== undefined)
  if (matches.length === 0) return filter.negate ? 'true' : 'false'
  const any = matches.join(' OR ')
  // A comparison with NULL is neither true nor false; as for a row without the value, it does not match.
  return filter.negate ? `NOT coalesce(${any}, false)` : `(${any})`
}

/** What is compared with which literals; `also` is another way to match. */
function comparison(
  { by, values }: Filter,
  dictionary: Dictionary,
  parameters: Parameters,
): { readonly sql: string; readonly literals: readonly string[]; readonly also?: string } {
  const texts = values.filter((value) => typeof value === 'string')
  if ('tag' in by) {
    return {
      sql: `("tags" ->> ${parameters.bind(jsonPointer(by.tag))})`,
      literals: texts.map((text) => parameters.bind(text)),
    }
  }
  const { field } = by.dimension
  const { name, storage } = COLUMN_OF.get(field) as Column
  const sql = quoted(name)
  switch (storage) {
    case 'boolean':
      return { sql, literals: values.filter((value) => typeof value === 'boolean').map(String) }
    case 'integer':
    case 'small':
      return { sql, literals: values.filter((value) => Number.isSafeInteger(value)).map(String) }
    case 'code': {
      const codes = texts.flatMap((text) => dictionary.find(field, text) ?? []).map(String)
      const unknown = texts.filter((text) => dictionary.find(field, text) === undefined)
      if (unknown.length === 0 || !dictionary.overflowed(field)) return { sql, literals: codes }
      const bound = unknown.map((text) => parameters.bind(text)).join(', ')
      return { sql, literals: codes, also: `(${sql} = ${OVERFLOW_CODE} AND ${overflowSql(name)} IN (${bound}))` }
    }
    default:
      return { sql, literals: texts.map((text) => parameters.bind(text)) }
  }
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

/** Below this the logarithm of an integer, as a double, never rounds up to the next power of two. */
const LOG_SAFE = 2 ** 40

/**
 * The sketch bucket of an integer, equal to `sketchIndex`: integer shifts, and a logarithm only of integers so small that
 * its floor is exact (near 2^53 it would put a value into the neighbouring bucket).
 */
export function sketchIndexSql(value: string): string {
  const exponent = `CAST(CASE WHEN ${value} < ${LOG_SAFE} THEN floor(log2(${value})) ELSE 20 + floor(log2(${value} >> 20)) END AS BIGINT)`
  const index = `(${exponent} - 6) * 64 + (${value} >> (${exponent} - 6))`
  return `CAST(CASE WHEN ${value} < 128 THEN greatest(${value}, 0) ELSE ${index} END AS SMALLINT)`
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
export function bucketSql(instant: string, starts: readonly number[], endMs: number): string {
  const runs: Run[] = []
  starts.forEach((startMs, index) => {
    const nextMs = starts[index + 1] ?? Math.max(endMs, startMs + 1)
    const run = runs.at(-1)
    const last = index === starts.length - 1
    if (run && (run.lengthMs === nextMs - startMs || (last && nextMs - startMs < run.lengthMs))) run.endMs = nextMs
    else runs.push({ first: index, startMs, endMs: nextMs, lengthMs: nextMs - startMs })
  })
  const cases = runs.map(({ first, startMs, endMs: below, lengthMs }) => {
    const run = starts.length === 1 ? '0' : `${first} + (${instant} - ${startMs}) // ${lengthMs}`
    return { below, sql: run }
  })
  return `CAST(${caseTree(instant, cases)} AS INTEGER)`
}
