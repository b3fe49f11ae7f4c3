import { TallystickError } from '../errors.ts'
import { compareExact, exactToJson } from '../event/units.ts'
import { type Aggregate, emptyAggregate, measureValue, mergeAggregate, type Plan, planOf } from './aggregate.ts'
import { compareValues } from './compare.ts'
import type { Measure } from './measures.ts'
import type { FilterValue, Query, QueryResult, ResultRow } from './query.ts'
import { bucketStarts } from './time.ts'
import { TupleMap } from './tuple-map.ts'

/** Figures of one group in one bucket: what every engine hands to {@link finishQuery}. */
export interface Cell {
  /** Start of the bucket as `bucketStartOf` gives it, ms since 1970 UTC; null for a query without an interval. */
  readonly bucketMs: number | null
  /** One value for each of the query's `groupBy`, in its order; null = the event has none. */
  readonly values: readonly FilterValue[]
  /** Made by {@link queryPlan} of the same query. */
  readonly aggregate: Aggregate
  /** Set on a cell of the rest that the engine has folded itself; its `values` are not read. */
  readonly other?: true
}

/** How fresh an answer is. */
export interface QueryMeta {
  /** Everything acknowledged before this instant is in the figures, ms since 1970 UTC. */
  readonly completeToMs: number
  readonly answeredFrom: QueryResult['answered_from']
  /** Set when raw events before this instant have expired and the query needed them. */
  readonly rawFromMs?: number
  /** How many groups stand behind the cells with `other`; 0 if the engine folds none. */
  readonly otherGroups?: number
}

/**
 * How many different (bucket, group) pairs one query may make. Each costs some 400 bytes and more with sketches; beyond
 * this an answer would not fit beside the server's other work.
 */
export const MAX_CELLS = 200_000

/** What an engine must accumulate for a query: its measures and the one it is ordered by. */
export function queryPlan(query: Query): Plan {
  return planOf(query.orderBy ? [...query.measures, query.orderBy.measure] : query.measures)
}

/**
 * The answer to a query, from cells in any order and any split: equal (bucket, group) cells are merged, groups are ranked
 * over the whole range, those beyond `limit` are folded into one `other` row per bucket, and rows are sorted by time,
 * then rank, `other` last. Every engine ends here, so ranking, folding, quantiles and null rules exist once.
 *
 * - Rank: `orderBy`, or else the first measure descending. An unknown figure comes last either way; ties are broken by the
 *   group's values (null, booleans, numbers, strings by code point), so the order is total.
 * - Without `groupBy` every bucket of the range has a row, also the empty ones, and a query without an interval has exactly
 *   one row. With `groupBy` only what occurred has one.
 * - An engine may fold groups itself, if it keeps at least the `limit` best by this very order and marks the rest `other`.
 * - The cells are read only; their aggregates are not changed.
 *
 * @throws TallystickError `too_many_groups` beyond {@link MAX_CELLS}; `invalid_query` for more buckets than `time.ts` allows.
 */
export function finishQuery(query: Query, plan: Plan, cells: Iterable<Cell>, meta: QueryMeta): QueryResult {
  const others = new Map<number | null, Slot>()
  const groups = collectGroups(query, plan, cells, others)
  const ranked = rankGroups(query, plan, groups)
  const kept = ranked.slice(0, query.limit)
  const rest = ranked.slice(query.limit)

  const lines: Line[] = []
  for (const { values, buckets } of kept) {
    for (const [bucketMs, slot] of buckets) lines.push({ bucketMs, values, aggregate: slot.aggregate })
  }
  for (const group of rest) {
    for (const [bucketMs, slot] of group.buckets) absorb(plan, others, bucketMs, slot.aggregate)
  }
  for (const [bucketMs, slot] of others) lines.push({ bucketMs, values: undefined, aggregate: slot.aggregate })
  // The sort is stable: within a bucket the order of ranks, in which they were pushed, stays.
  lines.sort((a, b) => (a.bucketMs ?? 0) - (b.bucketMs ?? 0))

  return {
    rows: lines.map((line) => toRow(query, plan, line)),
    complete_to_ms: meta.completeToMs,
    answered_from: meta.answeredFrom,
    ...(meta.rawFromMs === undefined ? {} : { raw_from_ms: meta.rawFromMs }),
    other_groups: rest.length + (meta.otherGroups ?? 0),
  }
}

/** An aggregate that is shared with the caller until something must be added to it. */
interface Slot {
  aggregate: Aggregate
  owned: boolean
}

interface Group {
  readonly values: readonly FilterValue[]
  readonly buckets: Map<number | null, Slot>
}

/** A row before it is spelled out; `values` is undefined on the folded rest. */
interface Line {
  readonly bucketMs: number | null
  readonly values: readonly FilterValue[] | undefined
  readonly aggregate: Aggregate
}

function absorb<K>(plan: Plan, slots: Map<K, Slot>, key: K, aggregate: Aggregate): void {
  const slot = slots.get(key)
  if (slot === undefined) slots.set(key, { aggregate, owned: false })
  else {
    if (!slot.owned) {
      const copy = emptyAggregate(plan)
      mergeAggregate(plan, copy, slot.aggregate)
      slot.aggregate = copy
      slot.owned = true
    }
    mergeAggregate(plan, slot.aggregate, aggregate)
  }
}

/** Merges equal cells; those the engine has folded go to `others`. */
function collectGroups(query: Query, plan: Plan, cells: Iterable<Cell>, others: Map<number | null, Slot>): Group[] {
  const groups: Group[] = []
  const byValues = new TupleMap<Group>(query.groupBy.length)
  const groupOf = (values: readonly FilterValue[]): Group =>
    byValues.getOrCreate(values, () => {
      const group = { values, buckets: new Map() }
      groups.push(group)
      return group
    })
  let size = 0
  for (const cell of cells) {
    if (cell.other) {
      absorb(plan, others, cell.bucketMs, cell.aggregate)
      continue
    }
    const { buckets } = groupOf(cell.values)
    const before = buckets.size
    absorb(plan, buckets, cell.bucketMs, cell.aggregate)
    size += buckets.size - before
    if (size > MAX_CELLS) throw tooManyGroups()
  }
  if (query.groupBy.length === 0) {
    const { buckets } = groupOf([])
    const expected: readonly (number | null)[] = query.interval
      ? bucketStarts(query.fromMs, query.toMs, query.interval, query.timeZone)
      : [null]
    for (const bucketMs of expected) {
      if (!buckets.has(bucketMs)) buckets.set(bucketMs, { aggregate: emptyAggregate(plan), owned: true })
    }
  }
  return groups
}

/** Thrown by every engine that would pass {@link MAX_CELLS}. */
export function tooManyGroups(): TallystickError {
  return new TallystickError(
    'too_many_groups',
    `The query makes more than ${MAX_CELLS} rows before its limit; add a filter, use fewer dimensions, or shorten the range.`,
  )
}

function rankGroups(query: Query, plan: Plan, groups: readonly Group[]): readonly Group[] {
  if (groups.length < 2) return groups
  const measure = query.orderBy?.measure ?? (query.measures[0] as Measure)
  const descending = query.orderBy?.descending ?? true
  const keyed = groups.map((group) => {
    const whole = new Map<'whole', Slot>()
    for (const slot of group.buckets.values()) absorb(plan, whole, 'whole', slot.aggregate)
    const total = whole.get('whole') as Slot
    return { group, key: measureValue(plan, total.aggregate, measure) }
  })
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) {
      if (a.key !== b.key) return a.key === null ? 1 : -1
    } else {
      const order = compareExact(a.key, b.key)
      if (order !== 0) return descending ? -order : order
    }
    return compareValues(a.group.values, b.group.values)
  })
  return keyed.map(({ group }) => group)
}

function toRow(query: Query, plan: Plan, line: Line): ResultRow {
  const row: Record<string, string | number | boolean | null> = {}
  if (line.bucketMs !== null) row['time_ms'] = line.bucketMs
  query.groupBy.forEach((by, index) => {
    row[by.name] = line.values?.[index] ?? null
  })
  for (const measure of query.measures) {
    const value = measureValue(plan, line.aggregate, measure)
    row[measure.name] = value === null ? null : exactToJson(value)
  }
  if (line.values === undefined) row['other'] = true
  return row
}
