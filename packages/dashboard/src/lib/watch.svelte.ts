import { systemClock } from '@tallystick/core/event'
import type { QueryResult } from '@tallystick/core/query'
import { tick, untrack } from 'svelte'
import { readStatus, runQuery, type Status, type WireEvent } from './api.ts'
import { type Buckets, bucketsOf } from './frames.ts'
import { Live, type Tick } from './live.svelte.ts'
import type { QueryBody, Scope } from './queries.ts'
import { effectiveInterval, type Span, spanOf } from './range.ts'
import { Resource } from './resource.svelte.ts'
import { view } from './view.svelte.ts'

/** Refreshes are at least this far apart, and never more than a fifth of the time is spent on queries. */
const LEAST_REFRESH_MS = 2_000
const IDLE_SHARE = 4
/** Questions that read single events take no more than a twentieth. */
const RARE_IDLE_SHARE = 20
/** With no events coming in, a range that ends now still moves on. */
const QUIET_REFRESH_MS = 60_000

export type Question = Resource<QueryBody, QueryResult>

/** A question to the query API whose answer is kept. */
export function newQuestion(): Question {
  return new Resource(runQuery)
}

/**
 * What every page of figures has in common: the stretch of time on show, the stream of what happens, and when questions are
 * asked again. One instance, made while the root of the page is set up.
 */
export class Watch {
  readonly status = new Resource<null, Status>((_, signal) => readStatus(signal))
  readonly live: Live
  /** Names keep their colours on every page. */
  readonly colours = new Map<string, number>()
  /** Grows when a list that is not a question (newest events) should read again. */
  reread = $state(0)
  /** Tags that events on show carry, as dimensions: `tags.team`. */
  tags = $state.raw<readonly string[]>([])

  readonly #listeners = new Set<(events: readonly WireEvent[], all: boolean) => void>()
  #questions = $state.raw<readonly { readonly question: Question; readonly rarely: boolean }[]>([])
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
  /** Nothing has been recorded at all; null while that is not known. */
  readonly empty: boolean | null = $derived(this.status.answer ? this.status.answer.result.store.events === 0 : null)

  readonly #isAll = $derived('preset' in view.state.range && view.state.range.preset === 'all')
  readonly span: Span | null = $derived(spanOf(view.state.range, view.nowMs, this.#isAll ? this.extent : null))
  readonly scope: Scope | null = $derived(
    this.span ? { span: this.span, zone: view.zone, filters: view.state.filters } : null,
  )
  readonly interval = $derived(
    effectiveInterval(view.state.interval, this.span ? this.span.toMs - this.span.fromMs : 0),
  )
  /** When the newest figure on show was answered, ms since 1970 UTC; null before the first. */
  readonly answeredMs: number | null = $derived(
    this.#questions.reduce<number | null>(
      (newest, { question }) => (question.answer ? Math.max(newest ?? 0, question.answer.atMs) : newest),
      null,
    ),
  )

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

  /**
   * Asks a question whenever what `body` reads changes, and again when figures move. To be called while a component is set
   * up; ends with it. A browser has only a handful of connections: what the eye looks for first is to be followed first.
   *
   * @param body null while there is nothing to ask
   * @param how `rarely`: for questions that read single events; they are asked again as seldom as they are dear. Where it
   *   depends on what is asked, a function
   */
  follow(
    question: Question,
    body: (scope: Scope) => QueryBody | null,
    { rarely: how = false }: { rarely?: boolean | (() => boolean) } = {},
  ): void {
    const rarely = $derived(typeof how === 'function' ? how() : how)
    $effect(() => {
      const entry = { question, rarely }
      untrack(() => {
        this.#questions = [...this.#questions, entry]
      })
      return () => {
        this.#questions = this.#questions.filter((other) => other !== entry)
      }
    })
    question.follow(() => {
      const request = this.scope && body(this.scope)
      if (!request) return null
      // Which question it is, whatever moment its range ends at.
      const key = JSON.stringify({ ...request, from: 0, to: 0, range: view.state.range })
      return rarely && this.#fresh(question, request, key) ? null : { request, key }
    })
  }

  #fresh(question: Question, request: QueryBody, key: string): boolean {
    const { answer, costMs } = untrack(() => ({ answer: question.answer, costMs: question.costMs }))
    return (
      answer?.key === key &&
      !question.asksOther(key) &&
      this.span?.moving === true &&
      request.to - answer.request.to < costMs * RARE_IDLE_SHARE
    )
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
      for (const { question, rarely } of this.#questions) {
        const { answer, costMs } = question
        if (!rarely || (answer && view.nowMs - answer.atMs > costMs * RARE_IDLE_SHARE)) question.retry()
      }
    }
    await tick()
    const waited = this.#questions.filter(({ rarely }) => !rarely).map(({ question }) => question)
    await Promise.all(waited.map((question) => question.settled()))
    this.#costMs = systemClock.monotonic() - this.#startedMs
    const complete = Math.max(...waited.map(({ answer }) => answer?.result.complete_to_ms ?? 0))
    if (waited.length > 0 && complete < this.#newestTickMs) this.#schedule()
  }
}
