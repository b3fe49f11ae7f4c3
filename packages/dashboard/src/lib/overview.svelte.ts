import { untrack } from 'svelte'
import { type LawView, readLaw } from './completeness.ts'
import { toExact } from './format.ts'
import { type OutlookView, outlookParams, readOutlook } from './outlook.ts'
import { breakdownQuery, seriesQuery, spendQuery, totalsQuery } from './queries.ts'
import { previousSpan } from './range.ts'
import { Resource } from './resource.svelte.ts'
import { view } from './view.svelte.ts'
import { newQuestion, type Question, type Watch } from './watch.svelte.ts'

const RANKED_ROWS = 5
const UNPRICED_MODELS = 3

/** Who is behind the spend: the first of these that has values says it. */
const CAUSES = ['agent_id', 'api_key_label', 'api_key_id', 'user_id', 'provider'] as const

/** What a person wants the causes told by, in the address. */
export const CAUSE = 'cause'
export const CAUSE_CHOICES: readonly string[] = [...CAUSES, 'operation', 'tool_name']

function picked(): string | null {
  const name = view.param(CAUSE)
  return name !== null && CAUSE_CHOICES.includes(name) ? name : null
}

/** Neither moves fast, and both are about more than the range. */
const OUTLOOK_MS = 5_000
const LAW_MS = 10_000

/** Everything the first screen of the Overview asks. To be made while its page is set up. */
export class Overview {
  readonly totals: Question = newQuestion()
  readonly before: Question = newQuestion()
  readonly series: Question = newQuestion()
  readonly spend: Question = newQuestion()
  readonly models: Question = newQuestion()
  readonly causes: Question = newQuestion()
  /** Spend today, in seven days, this month, and where it is going. */
  readonly outlook = new Resource<string, OutlookView>(readOutlook)
  readonly law = new Resource<null, LawView>((_, signal) => readLaw(signal))
  /** Models without a price; asked only when there are some. */
  readonly unpriced: Question = newQuestion()

  /** Index into {@link CAUSES}; moves on while a dimension turns out to have no values. */
  #cause = $state(0)
  readonly cause: string = $derived(picked() ?? CAUSES[this.#cause] ?? 'provider')
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
    watch.follow(this.unpriced, (scope) =>
      this.#anyUnpriced ? breakdownQuery(scope, 'model', '-unpriced_requests', UNPRICED_MODELS) : null,
    )
    this.outlook.follow(() => {
      const request = watch.scope && outlookParams(watch.scope)
      return request === null || !due(this.outlook, request, OUTLOOK_MS) ? null : { request, key: request }
    })
    // Who may see one tenant or some agents only is told nothing of the whole.
    const refused = (): boolean => untrack(() => this.law.problem?.status === 403)
    this.law.follow(() =>
      watch.status.answer && due(this.law, '', LAW_MS) && !refused() ? { request: null, key: '' } : null,
    )
    $effect(() => {
      // Another range or filter may have agents where this one has none.
      void this.#scopeKey
      this.#cause = 0
    })
    $effect(() => {
      const answer = this.causes.answer
      const named = answer?.result.rows.some((row) => row[this.cause] !== null && row['other'] !== true)
      const current = picked() === null && answer?.request.group_by?.[0] === this.cause
      if (answer && current && !named && answer.result.rows.length > 0 && this.#cause < CAUSES.length - 1) this.#cause++
    })
  }
}

/** Is it another question, or so long ago that it was answered? Read in an effect: it is asked again as figures move. */
function due<Request, Result>(resource: Resource<Request, Result>, key: string, everyMs: number): boolean {
  const nowMs = view.nowMs
  const answer = untrack(() => resource.answer)
  return answer?.key !== key || nowMs - answer.atMs >= everyMs
}
