import type { Counter, Filter, FilterValue, GroupBy, Quantity } from '@tallystick/core/query'
import { type Comparison, type Dialect, type GroupExpression, Parameters } from '../sql/dialect.ts'
import * as sql from '../sql/expressions.ts'
import { Dictionary, OVERFLOW_CODE } from './dictionary.ts'
import { COLUMN_OF, type Column, OVERFLOW, quoted, REST } from './schema.ts'

export { Parameters } from '../sql/dialect.ts'

/** Below this the logarithm of an integer, as a double, never rounds up to the next power of two. */
const LOG_SAFE = 2 ** 40

/** The embedded engine's SQL; low-cardinality strings stand in rows as the codes of its dictionary. */
export function duckdbDialect(dictionary: Dictionary): Dialect {
  return {
    parameters: () => new Parameters(),
    quotient: (a, b) => `(${a} // ${b})`,
    shiftedRight: (a, bits) => `(${a} >> ${bits})`,
    wide: (a) => `CAST(${a} AS HUGEINT)`,
    integer: (a, bits) => `CAST(${a} AS ${{ 64: 'BIGINT', 32: 'INTEGER', 16: 'SMALLINT' }[bits]})`,
    double: (a) => `CAST(${a} AS DOUBLE)`,
    exponent: (a) =>
      `CAST(CASE WHEN ${a} < ${LOG_SAFE} THEN floor(log2(${a})) ELSE 20 + floor(log2(${a} >> 20)) END AS BIGINT)`,
    sum: (a) => `sum(${a})`,
    count: (where) => (where === undefined ? 'count(*)' : `count(*) FILTER (WHERE ${where})`),
    list: (a) => `list(${a})`,
    doubles: (a) => `CAST(${a} AS DOUBLE[])`,
    inRest: (field) => `CAST((${quoted(REST)} ->> '/${field}') AS DOUBLE)`,
    constant(field, value) {
      if (typeof value === 'boolean') return String(value)
      const code = dictionary.find(field, value)
      return code === undefined ? undefined : String(code)
    },
    group: (by, parameters) => groupSql(by, dictionary, parameters),
    comparison: (by, values, parameters) => comparison({ by, values }, dictionary, parameters),
  }
}

/** Where no name matters: quantities are made of numbers. */
export const PLAIN = duckdbDialect(new Dictionary())

export const quantitySql = (quantity: Quantity): string => sql.quantitySql(PLAIN, quantity)

export const sketchIndexSql = (value: string): string => sql.sketchIndexSql(PLAIN, value)

export const bucketSql = (instant: string, starts: readonly number[], endMs: number): string =>
  sql.bucketSql(PLAIN, instant, starts, endMs)

export const counterSql = (counter: Counter, dictionary: Dictionary): string =>
  sql.counterSql(duckdbDialect(dictionary), counter)

export const filtersSql = (
  filters: readonly Filter[],
  dictionary: Dictionary,
  parameters: Parameters,
): string | undefined => sql.filtersSql(duckdbDialect(dictionary), filters, parameters)

/** A JSON pointer (RFC 6901) to one member: keys are any text, dots and quotes included. */
export function jsonPointer(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/**
 * The value a row is grouped by. Codes come out as numbers; a field that has overflowed comes out as text, its code in
 * digits or `=` and the value itself.
 */
function groupSql(by: GroupBy, dictionary: Dictionary, parameters: Parameters): GroupExpression {
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

function comparison(
  { by, values }: { readonly by: GroupBy; readonly values: readonly FilterValue[] },
  dictionary: Dictionary,
  parameters: Parameters,
): Comparison {
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
