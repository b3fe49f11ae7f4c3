import type { FieldName } from '@tallystick/core/event'
import type { GroupBy, Plan, Quantity, Query } from '@tallystick/core/query'
import { type CellSet, DAY_MS, type Level } from './cellsets.ts'

/** A stretch of the range, `[fromMs, toMs)`, and what answers for it. */
export interface Segment {
  readonly level: Level | 'raw'
  /** Cells of the rows that have expired here, for a stretch of rows. */
  readonly expired?: Level
  readonly fromMs: number
  readonly toMs: number
}

/** Which cells answer, and the stretches of the range in order; without `cells` all stretches are raw. */
export interface QueryRoute {
  readonly cells: CellSet | undefined
  readonly segments: readonly Segment[]
}

export interface RouteInput {
  /** What the engine keeps, the smallest first. */
  readonly sets: { readonly cells: readonly CellSet[]; readonly sketches: readonly CellSet[] }
  readonly query: Query
  readonly plan: Plan
  /** Start of each of the query's buckets; only those inside the range matter. */
  readonly bucketStarts: readonly number[]
  /** Cells hold everything before this instant (but for rows applied after they were made). */
  readonly watermarkMs: number
  /** Rows before this instant have expired, but for late ones. */
  readonly rawFromMs?: number
  /** Cells of days before this instant have expired, and with them longer ones that begin before it. */
  readonly cellsFromMs?: number
  /** Fields that cells cannot tell apart, as some of their values have no code. */
  readonly overflowed: (field: FieldName) => boolean
}

/** Where the figures of a query come from: all that its plan accumulates but for bucket counts. */
export function routeQuery(input: RouteInput): QueryRoute {
  const kept = input.plan.quantities.every(
    ({ quantity, extremes }) => quantity.cells === 'sketch' || (quantity.cells === 'sum' && !extremes),
  )
  return route(kept ? input.sets.cells : [], input)
}

/** Where the bucket counts of one quantity come from. */
export function routeSketch(quantity: Quantity, input: RouteInput): QueryRoute {
  return route(quantity.cells === 'sketch' ? input.sets.sketches : [], input)
}

/**
 * The first of the sets that is any help: the longest cells in the middle, days, hours and quarter-hours towards the ends, rows at ragged ends
 * and behind the watermark. No stretch crosses the start of a bucket of the query.
 */
function route(sets: readonly CellSet[], input: RouteInput): QueryRoute {
  for (const cells of sets) {
    if (!keepsDimensions(cells, input)) continue
    const segments = stretches(cells, input)
    if (segments.some(({ level, expired }) => level !== 'raw' || expired !== undefined)) return { cells, segments }
  }
  return { cells: undefined, segments: rawSegment(input.query.fromMs, input.query.toMs) }
}

function keepsDimensions(cells: CellSet, { query, overflowed }: RouteInput): boolean {
  const kept = (by: GroupBy): boolean =>
    'dimension' in by &&
    cells.dimensions.some(({ name }) => name === by.dimension.name) &&
    !overflowed(by.dimension.field)
  return query.groupBy.every(kept) && query.filters.every(({ by }) => kept(by))
}

function stretches(
  { expiredLevel, levels }: CellSet,
  { query, bucketStarts, watermarkMs, rawFromMs = 0, cellsFromMs = 0 }: RouteInput,
): readonly Segment[] {
  const inner = bucketStarts.filter((startMs) => startMs > query.fromMs)
  const fits = ({ ms }: Level): boolean => inner.every((startMs) => startMs % ms === 0)
  const sealed = { cellsFromMs, watermarkMs }
  const segments = cover(query.fromMs, query.toMs, levels.filter(fits), sealed)
  if (expiredLevel === undefined || !fits(expiredLevel)) return segments
  return segments.flatMap((segment) => withExpired(segment, expiredLevel, rawFromMs))
}

/** `levels` finest first. */
function cover(
  fromMs: number,
  toMs: number,
  levels: readonly Level[],
  sealed: { readonly cellsFromMs: number; readonly watermarkMs: number },
): readonly Segment[] {
  if (fromMs >= toMs) return []
  const level = levels.at(-1)
  if (level === undefined) return rawSegment(fromMs, toMs)
  const finer = levels.slice(0, -1)
  const keptFromMs = level.ms > DAY_MS ? Math.max(fromMs, sealed.cellsFromMs) : fromMs
  const first = Math.ceil(keptFromMs / level.ms) * level.ms
  const end = Math.floor(Math.min(toMs, sealed.watermarkMs) / level.ms) * level.ms
  if (first >= end) return cover(fromMs, toMs, finer, sealed)
  return [
    ...cover(fromMs, first, finer, sealed),
    { level, fromMs: first, toMs: end },
    ...cover(end, toMs, finer, sealed),
  ]
}

/** What of a stretch of rows has expired is read from cells, beside late rows that still stand there. */
function withExpired(segment: Segment, expired: Level, rawFromMs: number): readonly Segment[] {
  const { level, fromMs, toMs } = segment
  const first = Math.ceil(fromMs / expired.ms) * expired.ms
  const end = Math.floor(Math.min(toMs, rawFromMs) / expired.ms) * expired.ms
  if (level !== 'raw' || first >= end) return [segment]
  return [...rawSegment(fromMs, first), { level: 'raw', expired, fromMs: first, toMs: end }, ...rawSegment(end, toMs)]
}

function rawSegment(fromMs: number, toMs: number): readonly Segment[] {
  return fromMs < toMs ? [{ level: 'raw', fromMs, toMs }] : []
}
