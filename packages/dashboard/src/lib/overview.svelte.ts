import { toExact } from './format.ts'
import { breakdownQuery, figuresQuery, seriesQuery, spendQuery, totalsQuery } from './queries.ts'
import { previousSpan } from './range.ts'
import { view } from './view.svelte.ts'
import { newQuestion, type Question, type Watch } from './watch.svelte.ts'

const RANKED_ROWS = 5
const UNPRICED_MODELS = 3

/** Who is behind the spend: the first of these that has values says it. */
const CAUSES = ['agent_id', 'api_key_label', 'api_key_id', 'user_id', 'provider'] as const

/** Everything the Overview asks. To be made while its page is set up. */
export class Overview {
  readonly totals: Question = newQuestion()
  readonly before: Question = newQuestion()
  readonly series: Question = newQuestion()
  readonly spend: Question = newQuestion()
  readonly models: Question = newQuestion()
  readonly causes: Question = newQuestion()
  readonly breakdown: Question = newQuestion()
  /** Totals and spread over requests, which are in no rollup. */
  readonly figures: Question = newQuestion()
  /** Models without a price; asked only when there are some. */
  readonly unpriced: Question = newQuestion()

  /** Index into {@link CAUSES}; moves on while a dimension turns out to have no values. */
  #cause = $state(0)
  readonly cause: string = $derived(CAUSES[this.#cause] ?? 'provider')
  readonly #anyUnpriced = $derived((toExact(this.totals.answer?.result.rows[0]?.['unpriced_requests']) ?? 0) > 0)
  readonly #scopeKey = $derived(JSON.stringify([view.state.range, view.state.filters]))

  constructor(watch: Watch) {
    watch.follow(this.totals, totalsQuery)
    watch.follow(this.series, (scope) => seriesQuery(scope, watch.interval))
    watch.follow(this.spend, (scope) => spendQuery(scope, watch.interval, view.state.by))
    watch.follow(this.models, (scope) => breakdownQuery(scope, 'model', '-cost_nano_usd', RANKED_ROWS))
    watch.follow(this.before, (scope) => {
      const span = previousSpan(view.state.range, scope.span)
      return span && span.toMs > span.fromMs ? totalsQuery({ ...scope, span }) : null
    })
    watch.follow(this.causes, (scope) => breakdownQuery(scope, this.cause, '-cost_nano_usd', RANKED_ROWS))
    watch.follow(this.breakdown, (scope) => breakdownQuery(scope, view.state.by, view.state.sort))
    watch.follow(this.figures, figuresQuery, { rarely: true })
    watch.follow(this.unpriced, (scope) =>
      this.#anyUnpriced ? breakdownQuery(scope, 'model', '-unpriced_requests', UNPRICED_MODELS) : null,
    )
    $effect(() => {
      // Another range or filter may have agents where this one has none.
      void this.#scopeKey
      this.#cause = 0
    })
    $effect(() => {
      const answer = this.causes.answer
      const named = answer?.result.rows.some((row) => row[this.cause] !== null && row['other'] !== true)
      const current = answer?.request.group_by?.[0] === this.cause
      if (answer && current && !named && answer.result.rows.length > 0 && this.#cause < CAUSES.length - 1) this.#cause++
    })
  }
}
