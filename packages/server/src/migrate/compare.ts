import { MEASURES, parseQuery, type Query, type ResultRow } from '@tallystick/core/query'
import type { UsageStore } from '../store/store.ts'

export interface Comparison {
  /** UTC days on which either side has events. */
  readonly days: number
  /** One sentence for each figure of a day that is not the same. */
  readonly differences: readonly string[]
}

export interface CompareOptions {
  readonly from: Pick<UsageStore, 'query'>
  readonly to: Pick<UsageStore, 'query'>
  /** Instants of the events of both, `[fromMs, toMs)`. */
  readonly fromMs: number
  readonly toMs: number
  /** Told how far it has come, ms since 1970 UTC. */
  readonly onReached?: (ms: number) => void
}

const DAY_MS = 86_400_000
/** Days asked for in one query. */
const DAYS = 92
const LISTED = 20

/**
 * Every count and every sum there is. Some of the sums are in no cell, so that single events answer for all of them: totals of
 * events that have expired are not among the figures, and have not been moved either.
 */
const COMPARED: readonly string[] = MEASURES.filter(({ of }) => of === 'counter' || of === 'sum').map(
  ({ name }) => name,
)

/** Asks both stores for the figures of every UTC day and says where they differ. */
export async function compareStores({ from, to, fromMs, toMs, onReached }: CompareOptions): Promise<Comparison> {
  const differences: string[] = []
  let more = 0
  let days = 0
  const start = Math.floor(fromMs / DAY_MS) * DAY_MS
  for (let at = start; at < toMs; at += DAYS * DAY_MS) {
    onReached?.(at)
    const query = dailyQuery(at, Math.min(at + DAYS * DAY_MS, Math.ceil(toMs / DAY_MS) * DAY_MS))
    const [sides, others] = [await daysOf(from, query), await daysOf(to, query)]
    for (const day of [...new Set([...sides.keys(), ...others.keys()])].sort((a, b) => a - b)) {
      days++
      for (const { name } of query.measures) {
        const [left, right] = [figure(sides.get(day), name), figure(others.get(day), name)]
        if (left === right) continue
        if (differences.length < LISTED)
          differences.push(
            `${new Date(day).toISOString().slice(0, 10)}: ${name} is ${right} in the new store and ${left} in the old one.`,
          )
        else more++
      }
    }
  }
  if (more > 0) differences.push(`${more} figures more differ.`)
  return { days, differences }
}

/** Days with events, by their start. */
async function daysOf(store: Pick<UsageStore, 'query'>, query: Query): Promise<ReadonlyMap<number, ResultRow>> {
  const { rows } = await store.query(query, { journaled: true })
  return new Map(rows.filter((row) => Number(row['events']) > 0).map((row) => [Number(row['time_ms']), row]))
}

/** Sums past 2^53 are texts. */
const figure = (row: ResultRow | undefined, name: string): string => String(row?.[name] ?? 0)

function dailyQuery(fromMs: number, toMs: number): Query {
  return parseQuery({ from: fromMs, to: toMs, measures: COMPARED, interval: '1d', time_zone: 'UTC' }, { nowMs: toMs })
}
