import type { FilterValue } from '@tallystick/core/query'
import { base, type QueryBody, type Scope, seriesQuery, spendQuery, totalsQuery } from '../lib/queries.ts'
import { previousSpan } from '../lib/range.ts'
import type { ViewFilter } from '../lib/url-state.ts'
import { view } from '../lib/view.svelte.ts'
import { newQuestion, type Question, type Watch } from '../lib/watch.svelte.ts'
import { COLUMNS, measuresOf } from './columns.ts'
import { type EntityKind, readsEvents } from './kinds.ts'

const SPLIT_ROWS = 6

/** The scope of one value of a dimension: in place of what the header filters that dimension by. */
export function only(filters: readonly ViewFilter[], name: string, value: FilterValue): readonly ViewFilter[] {
  return [...filters.filter((filter) => filter.name !== name), { name, values: [value], negate: false }]
}

/** Key figures, and those that are told in a line below. */
function wholeQuery(scope: Scope): QueryBody {
  const key = totalsQuery(scope)
  return { ...key, measures: [...new Set([...key.measures, ...measuresOf(COLUMNS)])] }
}

/** Everything the page of one value asks. To be made while its page is set up. */
export class Detail {
  readonly totals: Question = newQuestion()
  readonly before: Question = newQuestion()
  readonly series: Question = newQuestion()
  readonly spend: Question = newQuestion()
  readonly errors: Question = newQuestion()
  readonly sessions: Question = newQuestion()
  /** By dimension, in the order of the table. */
  readonly splits: readonly { readonly dimension: string; readonly question: Question }[]

  constructor(watch: Watch, kind: EntityKind, value: () => FilterValue) {
    const { dimension } = kind
    const how = { rarely: readsEvents(kind) }
    this.splits = kind.splits.map((name) => ({ dimension: name, question: newQuestion() }))
    const mine = (ask: (scope: Scope) => QueryBody | null) => (scope: Scope) =>
      ask({ ...scope, filters: only(scope.filters, dimension, value()) })
    watch.follow(this.totals, mine(wholeQuery), how)
    watch.follow(
      this.series,
      mine((scope) => seriesQuery(scope, watch.interval)),
      how,
    )
    watch.follow(
      this.spend,
      mine((scope) => spendQuery(scope, watch.interval, kind.splits[0] ?? 'model')),
      how,
    )
    watch.follow(
      this.before,
      mine((scope) => {
        const span = previousSpan(view.state.range, scope.span)
        return span && span.toMs > span.fromMs ? wholeQuery({ ...scope, span }) : null
      }),
      how,
    )
    for (const { dimension: name, question } of this.splits)
      watch.follow(
        question,
        mine((scope) => ({
          ...base(scope),
          measures: ['cost_nano_usd', 'requests', 'unpriced_requests'],
          group_by: [name],
          order_by: '-cost_nano_usd',
          limit: SPLIT_ROWS,
        })),
        { rarely: true },
      )
    watch.follow(
      this.errors,
      mine((scope) => ({
        ...base({ ...scope, filters: only(scope.filters, 'success', false) }),
        measures: ['failed_requests'],
        group_by: ['error_type'],
        order_by: '-failed_requests',
        limit: SPLIT_ROWS,
      })),
      { rarely: true },
    )
    // Of the groups only their number is of interest: all but the first are in the count of the rest.
    watch.follow(
      this.sessions,
      mine((scope) => ({ ...base(scope), measures: ['requests'], group_by: ['session_id'], limit: 1 })),
      { rarely: true },
    )
  }
}
