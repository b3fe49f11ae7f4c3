import type { UsageEvent } from '../event/event.ts'
import { addEvent, emptyAggregate, type Plan } from './aggregate.ts'
import { type Cell, finishQuery, MAX_CELLS, type QueryMeta, queryPlan, tooManyGroups } from './cells.ts'
import { filterMatcher, groupValue } from './filter.ts'
import type { FilterValue, Query, QueryResult } from './query.ts'
import { bucketer } from './time.ts'
import { TupleMap } from './tuple-map.ts'

/**
 * The specification: the answer to a query over a stream of events, in any order. Every engine returns the same rows.
 *
 * @param meta what the answer says of its freshness; without it the events are taken to be all there are
 * @throws TallystickError as {@link finishQuery}
 * @example
 * const events = [event, { ...event, eventId: 'b' }]
 * fold(parseQuery({ measures: ['requests'], group_by: ['model'] }, { nowMs: event.timestampMs + 1 }), events).rows
 * // [{ model: 'gpt-4o', requests: 2 }]
 */
export function fold(query: Query, events: Iterable<UsageEvent>, meta?: QueryMeta): QueryResult {
  const plan = queryPlan(query)
  return finishQuery(
    query,
    plan,
    foldCells(query, plan, events),
    meta ?? { completeToMs: query.toMs, answeredFrom: 'fold' },
  )
}

/**
 * The first half of {@link fold}: one cell for each (bucket, group) that an event of the range and the filters falls into.
 * Cells of several streams may be handed to {@link finishQuery} together.
 *
 * @throws TallystickError `too_many_groups` beyond {@link MAX_CELLS} cells
 */
export function foldCells(query: Query, plan: Plan, events: Iterable<UsageEvent>): Cell[] {
  const folder = cellFolder(query, plan)
  for (const event of events) folder.add(event)
  return folder.cells
}

/** Folds events as they come; `cells` holds what {@link foldCells} would give for those so far. */
export interface CellFolder {
  /** @throws TallystickError `too_many_groups` beyond {@link MAX_CELLS} cells */
  add(event: UsageEvent): void
  readonly cells: Cell[]
}

/** {@link foldCells} for a stream that cannot be held or walked in one go. */
export function cellFolder(query: Query, plan: Plan): CellFolder {
  const { fromMs, toMs, groupBy } = query
  const matches = filterMatcher(query.filters)
  const bucketOf = query.interval === undefined ? undefined : bucketer(query.interval, query.timeZone)
  const cells: Cell[] = []
  const index = new TupleMap<Cell>(groupBy.length + 1)
  // One key for all events: it is copied only for a new cell.
  const key: FilterValue[] = new Array(groupBy.length + 1).fill(null)
  const create = (): Cell => {
    if (cells.length === MAX_CELLS) throw tooManyGroups()
    const cell = { bucketMs: key[0] as number | null, values: key.slice(1), aggregate: emptyAggregate(plan) }
    cells.push(cell)
    return cell
  }
  const add = (event: UsageEvent): void => {
    const { timestampMs } = event
    if (timestampMs < fromMs || timestampMs >= toMs || !matches(event)) return
    if (bucketOf) key[0] = bucketOf(timestampMs).startMs
    groupBy.forEach((by, position) => {
      key[position + 1] = groupValue(by, event)
    })
    addEvent(plan, index.getOrCreate(key, create).aggregate, event)
  }
  return { add, cells }
}
