import type { Dimension } from '../event/dimensions.ts'
import type { Measure } from './measures.ts'

/** A dimension of the table, or a tag. */
export type GroupBy =
  | { readonly name: string; readonly dimension: Dimension }
  | { readonly name: string; readonly tag: string }

/** A value of a dimension; null: absent. */
export type FilterValue = string | number | boolean | null

/** Keeps events whose dimension is (or with `negate` is not) one of `values`; `null` among them means absent. */
export interface Filter {
  readonly by: GroupBy
  readonly values: readonly FilterValue[]
  readonly negate: boolean
}

/** Width of a time bucket. Days, weeks and months are those of the time zone. */
export type Interval = '1m' | '5m' | '15m' | '30m' | '1h' | '3h' | '6h' | '12h' | '1d' | '1w' | '1mo'

/** A query after validation: every name resolved, every default filled. Engines see nothing else. */
export interface Query {
  /** Integer ms, `[fromMs, toMs)`. */
  readonly fromMs: number
  readonly toMs: number
  readonly measures: readonly Measure[]
  readonly groupBy: readonly GroupBy[]
  readonly interval: Interval | undefined
  /** IANA zone that days, weeks and months belong to. */
  readonly timeZone: string
  readonly filters: readonly Filter[]
  readonly orderBy: { readonly measure: Measure; readonly descending: boolean } | undefined
  /** At most this many groups; the rest is folded into one row with `other: true`. */
  readonly limit: number
}

/** One row of an answer: `time_ms` when there is an interval, each dimension, each measure, `other` on the folded rest. */
export type ResultRow = { readonly [name: string]: string | number | boolean | null }

/** The answer to a query. */
export interface QueryResult {
  readonly rows: readonly ResultRow[]
  /** Everything acknowledged before this instant is in the figures. */
  readonly complete_to_ms: number
  /** Which data answered: rollup cells, raw rows, or both. */
  readonly answered_from: 'cells' | 'raw' | 'cells+raw' | 'fold'
  /** Present when raw rows before this instant have expired and the query needed them. */
  readonly raw_from_ms?: number
  /** How many groups were folded into the `other` rows. */
  readonly other_groups: number
}
