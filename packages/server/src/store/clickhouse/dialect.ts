import type { FilterValue, GroupBy } from '@tallystick/core/query'
import { COLUMN_OF, type Column, quoted, type Storage } from '../sql/columns.ts'
import { type Comparison, type Dialect, type GroupDecoder, Parameters } from '../sql/dialect.ts'

/** ClickHouse's SQL. Low-cardinality strings stand in rows as themselves; the engine codes them. */
export const CLICKHOUSE: Dialect = {
  parameters: () => new Parameters((place) => `{p${place}:String}`),
  // The divisor of an unknown row is 0 beneath its mark.
  quotient: (a, b) => `intDivOrZero(${a}, ${b})`,
  // Branches that are not taken are computed as well, and a shift must not be negative.
  shiftedRight: (a, bits) => `bitShiftRight(${a}, greatest(${bits}, 0))`,
  wide: (a) => `toInt128(${a})`,
  integer: (a, bits) => `CAST(${a} AS Nullable(Int${bits}))`,
  double: (a) => `toInt64(${a})`,
  // The bits of a double hold its exponent; every integer below 2^53 is one exactly.
  exponent: (a) => `(bitShiftRight(reinterpretAsInt64(toFloat64(assumeNotNull(${a}))), 52) - 1023)`,
  sum: (a) => `sum(toInt128(${a}))`,
  count: (where) => (where === undefined ? 'count()' : `countIf(${where})`),
  list: (a) => `groupArray(${a})`,
  doubles: (a) => a,
  inRest: (field) => `JSONExtract("rest", '${field}', 'Nullable(Float64)')`,
  constant: (_field, value) => (typeof value === 'boolean' ? String(value) : literal(value)),
  group(by, parameters) {
    const { sql, storage } = expressionOf(by, parameters)
    return { sql, decode: decoderOf(storage) }
  },
  comparison: (by, values, parameters) => comparison(by, values, parameters),
}

/** A word of our own tables. */
export function literal(word: string): string {
  return `'${word.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

function expressionOf(by: GroupBy, parameters: Parameters): { readonly sql: string; readonly storage: Storage } {
  if ('tag' in by) {
    const key = parameters.bind(by.tag)
    return { sql: `if(mapContains("tags", ${key}), CAST("tags"[${key}] AS Nullable(String)), NULL)`, storage: 'text' }
  }
  const { name, storage } = COLUMN_OF.get(by.dimension.field) as Column
  return { sql: quoted(name), storage }
}

function decoderOf(storage: Storage): GroupDecoder {
  // Text in digits where the type has 64 bits.
  if (storage === 'integer') return (value) => (value === null ? null : Number(value))
  return (value) => value as FilterValue
}

function comparison(by: GroupBy, values: readonly FilterValue[], parameters: Parameters): Comparison {
  const { sql, storage } = expressionOf(by, parameters)
  switch (storage) {
    case 'boolean':
      return { sql, literals: values.filter((value) => typeof value === 'boolean').map(String) }
    case 'integer':
    case 'small':
      return { sql, literals: values.filter((value) => Number.isSafeInteger(value)).map(String) }
    default:
      return {
        sql,
        literals: values.filter((value) => typeof value === 'string').map((text) => parameters.bind(text)),
      }
  }
}
