import type { GroupBy, Measure } from '@tallystick/core/query'
import {
  type FiguresSource,
  figureOfMeasure,
  figuresSource,
  outputColumns,
  type Statement,
  type StatementInput,
} from '../sql/statement.ts'
import type { Dictionary } from './dictionary.ts'
import { PLAIN } from './expressions.ts'
import { COLUMN_OF, type Column } from './schema.ts'

/** More values than this are not ranked inside a statement. */
const MAX_RANKED_VALUES = 2_000

/**
 * A query over users, sessions, tags or other names without bound, of which only the first `limit` groups are wanted, as
 * one statement: the engine ranks the groups, and those beyond the limit come back folded, one row for each bucket.
 *
 * The columns are those of `figuresStatement`, then whether the row is the folded rest, then how many groups there are.
 * Undefined where the engine could not rank exactly as `finishQuery` does (by a ratio, a mean or a quantile), where
 * sketches would be needed for each group, and where there are few groups anyway.
 */
export function topStatement(input: StatementInput, dictionary: Dictionary): Statement | undefined {
  const { query, plan } = input
  const measure = query.orderBy?.measure ?? (query.measures[0] as Measure)
  const figure = figureOfMeasure(plan, measure)
  if (figure === undefined || plan.quantities.some(({ sketch }) => sketch)) return undefined
  if (!query.groupBy.some((by) => unbounded(by, dictionary))) return undefined
  const orders = query.groupBy.map((by, index) => valueOrder(by, `g${index}`, dictionary))
  if (orders.includes(undefined)) return undefined

  const source = figuresSource(input)
  const { figures, values, groups } = source
  const names = query.groupBy.map((_, index) => `g${index}`)
  const merged = `${figures[figure.index]?.merge}(a${figure.index})`
  const rank = figure.zero ? `coalesce(${merged}, 0)` : merged
  const direction = (query.orderBy?.descending ?? true) ? 'DESC' : 'ASC'
  const sql = `WITH f AS MATERIALIZED (${source.sql}),
    t AS (SELECT ${names.join(', ')}, ${rank} AS k FROM f GROUP BY ${names.join(', ')}),
    kept AS (SELECT ${names.join(', ')} FROM t ORDER BY ${[`k ${direction} NULLS LAST`, ...orders].join(', ')} LIMIT ${query.limit})
    ${keptRows(source, names)} UNION ALL ${restRows(source, names)}`
  return { sql, values, groups }
}

const TOTAL = '(SELECT CAST(count(*) AS DOUBLE) FROM t)'

const sameGroup = (names: readonly string[]): string =>
  names.map((name) => `f.${name} IS NOT DISTINCT FROM kept.${name}`).join(' AND ')

function keptRows({ keys, figures }: FiguresSource, names: readonly string[]): string {
  const columns = [
    ...keys.map((key) => `f.${key}`),
    ...outputColumns(PLAIN, figures, (_, index) => `f.a${index}`),
    'false',
    TOTAL,
  ]
  return `SELECT ${columns.join(', ')} FROM f SEMI JOIN kept ON ${sameGroup(names)}`
}

function restRows({ keys, figures }: FiguresSource, names: readonly string[]): string {
  const buckets = keys.filter((key) => key === 'b')
  const columns = [
    ...keys.map((key) => (key === 'b' ? 'f.b' : 'NULL')),
    ...outputColumns(PLAIN, figures, ({ merge }, index) => `${merge}(f.a${index})`),
    'true',
    TOTAL,
  ]
  const where = `FROM f ANTI JOIN kept ON ${sameGroup(names)}`
  return buckets.length > 0
    ? `SELECT ${columns.join(', ')} ${where} GROUP BY f.b`
    : `SELECT ${columns.join(', ')} ${where} HAVING count(*) > 0`
}

function unbounded(by: GroupBy, dictionary: Dictionary): boolean {
  return 'tag' in by || by.dimension.cardinality === 'high' || dictionary.overflowed(by.dimension.field)
}

/** Ties between groups are broken by their values in the order of `compareValues`: absent first, text by code point. */
function valueOrder(by: GroupBy, name: string, dictionary: Dictionary): string | undefined {
  const plain = `${name} ASC NULLS FIRST`
  if ('tag' in by) return plain
  const { field } = by.dimension
  if ((COLUMN_OF.get(field) as Column).storage !== 'code') return plain
  // Text in digits for codes and text itself have no order in common.
  if (dictionary.overflowed(field)) return undefined
  const ranks = dictionary.ranks(field)
  if (ranks.length > MAX_RANKED_VALUES) return undefined
  return ranks.length === 0 ? plain : `([${ranks.join(', ')}])[${name}] ASC NULLS FIRST`
}
