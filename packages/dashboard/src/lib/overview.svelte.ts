import { systemClock } from '@tallystick/core/event'
import type { QueryResult } from '@tallystick/core/query'
import { tick, untrack } from 'svelte'
import { readStatus, runQuery, type Status, type WireEvent } from './api.ts'
import { toExact } from './format.ts'
import { type Buckets, bucketsOf } from './frames.ts'
import { Live, type Tick } from './live.svelte.ts'
import {
  breakdownQuery,
  figuresQuery,
  type QueryBody,
  type Scope,
  seriesQuery,
  spendQuery,
  totalsQuery,
} from './queries.ts'
import { effectiveInterval, previousSpan, type Span, spanOf } from './range.ts'
import { Resource } from './resource.svelte.ts'
import { view } from './view.svelte.ts'

/** Refreshes are at least this far apart, and never more than a fifth of the time is spent on queries. */
const LEAST_REFRESH_MS = 2_000
const IDLE_SHARE = 4
const FIGURES_IDLE_SHARE = 20
const RANKED_ROWS = 5
const UNPRICED_MODELS = 3
/** With no events coming in, a range that ends now still moves on. */
const QUIET_REFRESH_MS = 60_000

/** Who is behind the spend: the first of these that has values says it. */
const CAUSES = ['agent_id', 'api_key_label', 'api_key_id', 'user_id', 'provider'] as const

export type Question = Resource<QueryBody, QueryResult>

/** Everything the Overview shows, and when it is asked for again. One instance, made while the page's root is set up. */
export class Overview {
  readonly status = new Resource<null, Status>((_, signal) => readStatus(signal))
  readonly totals: Question = new Resource(runQuery)
  readonly before: Question = new Resource(runQuery)
  readonly series: Question = new Resource(runQuery)
  readonly spend: Question = new Resource(runQuery)
  readonly models: Question = new Resource(runQuery)
  readonly causes: Question = new Resource(runQuery)
  readonly breakdown: Question = new Resource(runQuery)
  /** Totals and spread over requests. Reads single events, so it is refreshed as seldom as it is dear. */
  readonly figures: Question = new Resource(runQuery)
  /** Models without a price; asked only when there are some. */
  readonly unpriced: Question = new Resource(runQuery)

  readonly live: Live
  /** Names of one page keep their colours. */
  readonly colours = new Map<string, number>()
  /** Index into {@link CAUSES}; moves on while a dimension turns out to have no values. */
  #cause = $state(0)
  /** Grows when a list that is not a question (newest events) should read again. */
  reread = $state(0)
  readonly #listeners = new Set<(events: readonly WireEvent[], all: boolean) => void>()

  #timer: ReturnType<typeof setTimeout> | undefined
  #startedMs = 0
  #costMs = 0
  #newestTickMs = 0

  constructor() {
    this.live = new Live(
      (heard) => this.#heard(heard),
      () => {
        this.reread++
        this.#schedule()
      },
    )
    this.#ask()
    $effect(() => {
      untrack(() => {
        this.live.open()
        void this.status.ask(null, '')
      })
      const quiet = setInterval(() => this.#schedule(), QUIET_REFRESH_MS)
      const seen = (): void => {
        if (!document.hidden) this.#schedule()
      }
      document.addEventListener('visibilitychange', seen)
      return () => {
        this.live.close()
        clearInterval(quiet)
        clearTimeout(this.#timer)
        document.removeEventListener('visibilitychange', seen)
      }
    })
  }

  /** Each by itself, so that a status that says the same asks nothing anew. */
  readonly #oldestMs = $derived(this.status.answer?.result.store.oldest_ms ?? null)
  readonly #newestMs = $derived(this.status.answer?.result.store.newest_ms ?? null)

  /** Oldest and newest instant of all events; null while unknown or when there are none. */
  readonly extent = $derived(
    this.#oldestMs !== null && this.#newestMs !== null ? { oldestMs: this.#oldestMs, newestMs: this.#newestMs } : null,
  )

  readonly #isAll = $derived('preset' in view.state.range && view.state.range.preset === 'all')
  readonly span: Span | null = $derived(spanOf(view.state.range, view.nowMs, this.#isAll ? this.extent : null))
  readonly scope: Scope | null = $derived(
    this.span ? { span: this.span, zone: view.zone, filters: view.state.filters } : null,
  )
  readonly interval = $derived(
    effectiveInterval(view.state.interval, this.span ? this.span.toMs - this.span.fromMs : 0),
  )
  readonly #anyUnpriced = $derived((toExact(this.totals.answer?.result.rows[0]?.['unpriced_requests']) ?? 0) > 0)
  readonly #scopeKey = $derived(JSON.stringify([view.state.range, view.state.filters]))
  readonly cause: string = $derived(CAUSES[this.#cause] ?? 'provider')

  /** The buckets of an answer, which may still be that of the range before. */
  bucketsOf(request: QueryBody): Buckets {
    return bucketsOf(
      request.from,
      request.to,
      Math.min(request.to, view.nowMs),
      request.interval ?? '1h',
      request.time_zone,
    )
  }

  /** Which question a query asks, whatever moment its range ends at. */
  #key(body: QueryBody): string {
    return JSON.stringify({ ...body, from: 0, to: 0, range: view.state.range })
  }

  #follow(question: Question, body: () => QueryBody | null): void {
    question.follow(() => {
      const request = body()
      return request && { request, key: this.#key(request) }
    })
  }

  /** In the order of what the eye looks for first: a browser has only a handful of connections. */
  /** In the order of what the eye looks for first: a browser has only a handful of connections. */
  #ask(): void {
    const scoped = (make: (scope: Scope) => QueryBody | null) => () => (this.scope ? make(this.scope) : null)
    this.#follow(
      this.totals,
      scoped((scope) => totalsQuery(scope)),
    )
    this.#follow(
      this.series,
      scoped((scope) => seriesQuery(scope, this.interval)),
    )
    this.#follow(
      this.spend,
      scoped((scope) => spendQuery(scope, this.interval, view.state.by)),
    )
    this.#follow(
      this.models,
      scoped((scope) => breakdownQuery(scope, 'model', '-cost_nano_usd', RANKED_ROWS)),
    )
    this.#follow(
      this.before,
      scoped((scope) => {
        const span = previousSpan(view.state.range, scope.span)
        return span && span.toMs > span.fromMs ? totalsQuery({ ...scope, span }) : null
      }),
    )
    this.#follow(
      this.causes,
      scoped((scope) => breakdownQuery(scope, this.cause, '-cost_nano_usd', RANKED_ROWS)),
    )
    this.#follow(
      this.breakdown,
      scoped((scope) => breakdownQuery(scope, view.state.by, view.state.sort)),
    )
    this.figures.follow(() => {
      const request = this.scope && figuresQuery(this.scope)
      if (!request) return null
      const key = this.#key(request)
      const { answer, costMs } = untrack(() => ({ answer: this.figures.answer, costMs: this.figures.costMs }))
      const fresh =
        answer?.key === key &&
        this.span?.moving === true &&
        request.to - answer.request.to < costMs * FIGURES_IDLE_SHARE
      return fresh ? null : { request, key }
    })
    this.#follow(
      this.unpriced,
      scoped((scope) =>
        this.#anyUnpriced ? breakdownQuery(scope, 'model', '-unpriced_requests', UNPRICED_MODELS) : null,
      ),
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

  /** Calls back with events that have just been accepted. @returns the way to stop */
  onEvents(listener: (events: readonly WireEvent[], all: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #heard({ at_ms, accepted, cells, events, truncated }: Tick): void {
    for (const listener of this.#listeners) listener(events, accepted <= events.length)
    this.#newestTickMs = Math.max(this.#newestTickMs, at_ms)
    const span = this.span
    const within =
      !span ||
      truncated === true ||
      cells.some(({ time_ms }) => time_ms + 3_600_000 > span.fromMs && (span.moving || time_ms < span.toMs))
    if (within) this.#schedule()
    else void this.status.ask(null, '')
  }

  /** A refresh soon: after the least distance, later where queries are dear, and not while nobody looks. */
  #schedule(): void {
    if (this.#timer !== undefined || document.hidden) return
    const wait = Math.max(LEAST_REFRESH_MS, this.#costMs * IDLE_SHARE) - (systemClock.monotonic() - this.#startedMs)
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        void this.refresh()
      },
      Math.max(300, wait),
    )
  }

  /** Asks everything again, for the present moment. */
  async refresh(): Promise<void> {
    this.#startedMs = systemClock.monotonic()
    await this.status.ask(null, '')
    view.refresh()
    // A fixed range asks the same question as before, which effects do not notice.
    if (!this.span?.moving) {
      for (const question of this.#questions()) question.retry()
      const { answer, costMs } = this.figures
      if (answer && view.nowMs - answer.atMs > costMs * FIGURES_IDLE_SHARE) this.figures.retry()
    }
    await tick()
    await Promise.all(this.#questions().map((question) => question.settled()))
    this.#costMs = systemClock.monotonic() - this.#startedMs
    const complete = this.totals.answer?.result.complete_to_ms
    if (complete !== undefined && complete < this.#newestTickMs) this.#schedule()
  }

  #questions(): readonly Question[] {
    return [this.totals, this.before, this.series, this.spend, this.models, this.causes, this.breakdown]
  }
}
