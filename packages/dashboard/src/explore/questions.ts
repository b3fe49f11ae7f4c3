import type { FilterValue, Interval } from '@tallystick/core/query'
import { base, type QueryBody, type Scope } from '../lib/queries.ts'
import type { ViewFilter } from '../lib/url-state.ts'
import { type Asked, rankOf } from './asked.ts'

/** The questions of the page Explore. */

/** Colours are told apart up to eight; the rest is one grey series. */
const MOST_SERIES = 8
/** As many as the server gives: a group of now is to be found among those of before, wherever it stood then. */
const MOST_GROUPS = 10_000

const split = ({ by }: Asked): Pick<QueryBody, 'group_by'> => (by.length === 0 ? {} : { group_by: by })

/** The table: one row a group, or a group and step. */
export function tableQuery(scope: Scope, asked: Asked, interval: Interval): QueryBody {
  return {
    ...base(scope),
    measures: asked.measures,
    ...split(asked),
    ...(asked.steps ? { interval } : {}),
    order_by: rankOf(asked),
    limit: asked.limit,
  }
}

/** The same of the period before, all groups of it. */
export function tableBeforeQuery(scope: Scope, asked: Asked, interval: Interval): QueryBody {
  return { ...tableQuery(scope, asked, interval), limit: MOST_GROUPS }
}

/** One row: all groups together, and whether anything happened at all. */
export function wholeQuery(scope: Scope, { measures }: Asked): QueryBody {
  return { ...base(scope), measures: [...new Set([...measures, 'events'])] }
}

/** What is drawn: the eight greatest groups, and the rest. */
export function chartQuery(scope: Scope, asked: Asked, interval: Interval): QueryBody {
  return {
    ...base(scope),
    measures: [asked.charted],
    ...split(asked),
    interval,
    order_by: `-${asked.charted}`,
    limit: MOST_SERIES,
  }
}

/** The line of the period before: of a stack its height, of lines each of the groups on show. */
export function chartBeforeQuery(
  scope: Scope,
  asked: Asked,
  interval: Interval,
  shown: readonly (readonly FilterValue[])[],
): QueryBody {
  const together = { ...base(scope), measures: [asked.charted], interval }
  if (asked.chart !== 'lines' || asked.by.length === 0) return together
  return {
    ...together,
    ...base({ ...scope, filters: onlyShown(scope.filters, asked.by, shown) }),
    ...split(asked),
    // The values of two dimensions may meet in more pairs than are shown.
    limit: MOST_SERIES * MOST_SERIES,
  }
}

/** A filter on a dimension of the groups gives way: they have passed it already. */
function onlyShown(
  filters: readonly ViewFilter[],
  by: readonly string[],
  shown: readonly (readonly FilterValue[])[],
): readonly ViewFilter[] {
  return [
    ...filters.filter(({ name }) => !by.includes(name)),
    ...by.map((name, index) => ({
      name,
      values: [...new Set(shown.map((values) => values[index] ?? null))],
      negate: false,
    })),
  ]
}
