import type { Interval, ResultRow } from '@tallystick/core/query'
import { base, breakdownQuery, type QueryBody, type Scope } from '../lib/queries.ts'
import { INTERVALS, intervalMs, previousSpan } from '../lib/range.ts'
import { Resource } from '../lib/resource.svelte.ts'
import { view } from '../lib/view.svelte.ts'
import { newQuestion, type Question, type Watch } from '../lib/watch.svelte.ts'
import { columnsOf, measuresOf } from './columns.ts'
import { type EntityKind, readsEvents } from './kinds.ts'
import { type Lookup, lookUp, MOST_LOOKUPS, type PricesAnswer } from './prices.ts'

/** More rows than anybody reads; the rest is one row, and the search of the header finds the others. */
const MOST_ROWS = 500
const MOST_TRENDS = 100
const MOST_PAIRS = 2_000
/** How many are said to make up how much of the whole. */
export const TOP = 10
/** A line in a row has room for no more points. */
const MOST_POINTS = 40

/** @example trendInterval(86_400_000) // '1h' */
export function trendInterval(ms: number): Interval {
  const usual: readonly Interval[] = ['1m', '5m', '15m', '1h', '6h', '1d', '1w', '1mo']
  return usual.find((interval) => ms / intervalMs(interval) <= MOST_POINTS) ?? (INTERVALS.at(-1)?.interval as Interval)
}

/** Everything the table of a dimension asks. To be made while its page is set up. */
export class Entities {
  readonly rows: Question = newQuestion()
  readonly before: Question = newQuestion()
  readonly trend: Question = newQuestion()
  /** Each with what it goes with. */
  readonly pairs: Question = newQuestion()
  /** The first ten by spend, with one more for what says none, and the rest; whatever the table is sorted by. */
  readonly top: Question = newQuestion()
  readonly prices = new Resource<Lookup, PricesAnswer>(lookUp)

  constructor(watch: Watch, kind: EntityKind, shown: () => readonly string[]) {
    const { dimension, beside } = kind
    const rarely = readsEvents(kind)
    const columns = $derived(columnsOf(shown()))
    const order = $derived.by(() => {
      const column = columns.find(({ name }) => name === view.state.sort.replace(/^-/, ''))
      // What is told by least first has the greatest cut off only by those who ask for it.
      return column?.order === undefined
        ? '-cost_nano_usd'
        : `${view.state.sort.startsWith('-') ? '-' : ''}${column.order}`
    })
    const grouped = (scope: Scope, measures: readonly string[], by: string, limit: number): QueryBody => ({
      ...base(scope),
      measures,
      group_by: [dimension],
      order_by: by,
      limit,
    })
    watch.follow(this.rows, (scope) => grouped(scope, measuresOf(columns), order, MOST_ROWS), { rarely })
    watch.follow(
      this.trend,
      (scope) => ({
        ...grouped(scope, ['cost_nano_usd', 'requests'], '-cost_nano_usd', MOST_TRENDS),
        interval: trendInterval(scope.span.toMs - scope.span.fromMs),
      }),
      { rarely },
    )
    watch.follow(
      this.before,
      (scope) => {
        const span = previousSpan(view.state.range, scope.span)
        return span && span.toMs > span.fromMs
          ? grouped({ ...scope, span }, ['cost_nano_usd', 'requests'], '-cost_nano_usd', 2 * MOST_ROWS)
          : null
      },
      { rarely: true },
    )
    watch.follow(
      this.pairs,
      (scope) =>
        beside
          ? {
              ...base(scope),
              measures: ['requests'],
              group_by: [dimension, beside.dimension],
              order_by: '-requests',
              limit: MOST_PAIRS,
            }
          : null,
      { rarely: true },
    )
    watch.follow(
      this.top,
      (scope) => (kind.concentration ? breakdownQuery(scope, dimension, '-cost_nano_usd', TOP + 1) : null),
      {
        rarely: true,
      },
    )
    // As text, so that the same names ask nothing anew.
    const names = $derived(
      JSON.stringify(shown().includes('unit_prices') && beside ? lookupOf(this.pairs.answer?.result.rows ?? []) : []),
    )
    this.prices.follow(() => {
      const request = JSON.parse(names) as Lookup
      return request.length > 0 ? { request, key: names } : null
    })
  }
}

function lookupOf(pairs: readonly ResultRow[]): Lookup {
  return pairs
    .flatMap((row) =>
      row['other'] !== true && typeof row['model'] === 'string' && row['model'] !== ''
        ? [{ provider: typeof row['provider'] === 'string' ? row['provider'] : null, model: row['model'] }]
        : [],
    )
    .slice(0, MOST_LOOKUPS)
}
