import type { DuckDBConnection } from '@duckdb/node-api'
import { middleRanks } from '../spread.ts'
import type { Spread, SpreadRequest } from '../store.ts'
import { readRows } from './chunk-reader.ts'
import type { Dictionary } from './dictionary.ts'
import { filtersSql, Parameters, quantitySql, sketchIndexSql } from './expressions.ts'

/** So few values are fetched in order; more are counted in ever narrower buckets. */
const FEW = 20_000
const BUCKETS = 4_096

/** Values between two bounds, both of which occur. */
interface Bucket {
  readonly count: number
  readonly least: number
  readonly greatest: number
}

/**
 * Finds values by rank without sorting all of them or holding them in memory: values are counted in the buckets of the
 * sketch, and only the bucket in which a rank falls is looked into, again by counting while it is large. Two passes over
 * one column as a rule, whatever the number of rows.
 */
export async function readSpread(
  connection: DuckDBConnection,
  dictionary: Dictionary,
  request: SpreadRequest,
): Promise<Spread | undefined> {
  const values = valuesOf(connection, dictionary, request)
  const buckets = await values.counted(sketchIndexSql('v'))
  const [first] = buckets
  const last = buckets.at(-1)
  if (first === undefined || last === undefined) return undefined
  const count = buckets.reduce((sum, bucket) => sum + bucket.count, 0)
  const [lower, upper] = middleRanks(count)
  const low = await valueAt(values, buckets, lower)
  const high = upper === lower ? low : await valueAt(values, buckets, upper)
  return { count, least: first.least, middle: [low, high], greatest: last.greatest }
}

/** @param rank from 0, within the buckets, which rise */
async function valueAt(values: Values, buckets: readonly Bucket[], rank: number): Promise<number> {
  let left = rank
  const bucket = buckets.find(({ count }) => {
    if (left < count) return true
    left -= count
    return false
  }) as Bucket
  if (bucket.least === bucket.greatest) return bucket.least
  if (bucket.count <= FEW) return values.nth(bucket, left)
  // Each bucket is at most a 4,096th as wide as this one, so this ends at buckets of one value at the latest.
  const width = Math.ceil((bucket.greatest - bucket.least + 1) / BUCKETS)
  return valueAt(values, await values.counted(`(v - ${bucket.least}) // ${width}`, bucket), left)
}

interface Values {
  /** Buckets by an expression over `v` that rises with it, those that occur. */
  counted(bucketSql: string, within?: Bucket): Promise<readonly Bucket[]>
  nth(within: Bucket, rank: number): Promise<number>
}

function valuesOf(
  connection: DuckDBConnection,
  dictionary: Dictionary,
  { absentAs, filters, fromMs, quantity, toMs }: SpreadRequest,
): Values {
  const parameters = new Parameters()
  const known = quantitySql(quantity)
  const value = absentAs === undefined ? known : `coalesce(${known}, ${absentAs})`
  const where = [
    `timestamp_ms >= ${fromMs}`,
    `timestamp_ms < ${toMs}`,
    absentAs === undefined ? `${known} IS NOT NULL` : undefined,
    filtersSql(filters, dictionary, parameters),
  ].filter((part) => part !== undefined)
  const source = (within?: Bucket): string => {
    const bounds = within ? [`${value} BETWEEN ${within.least} AND ${within.greatest}`] : []
    return `(SELECT ${value} AS v FROM events WHERE ${[...where, ...bounds].join(' AND ')})`
  }
  return {
    async counted(bucketSql, within) {
      const sql = `SELECT count(*), min(v), max(v) FROM ${source(within)} GROUP BY ${bucketSql} ORDER BY 2`
      const rows = (await readRows(connection, sql, parameters.values)) as [number, number, number][]
      return rows.map(([count, least, greatest]) => ({ count, least, greatest }))
    },
    async nth(within, rank) {
      const sql = `SELECT v FROM ${source(within)} ORDER BY v LIMIT 1 OFFSET ${rank}`
      const [[found] = []] = (await readRows(connection, sql, parameters.values)) as [number][]
      return found as number
    },
  }
}
