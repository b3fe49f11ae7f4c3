import { systemClock } from '@tallystick/core/event'
import { untrack } from 'svelte'
import { type EventsPage, readEvents, type WireEvent } from './api.ts'
import { belongs, mergeNewest } from './newest.ts'
import { eventsParams, type Scope } from './queries.ts'
import { Resource } from './resource.svelte.ts'
import type { ViewFilter } from './url-state.ts'
import { view } from './view.svelte.ts'
import type { Watch } from './watch.svelte.ts'

interface EventListOptions {
  readonly watch: Watch
  readonly pageSize: number
  /** Of the pages after the first; as large as that when absent. */
  readonly olderSize?: number
  /** Longer it never gets. */
  readonly most: number
  /** In place of the filters of the header. */
  readonly filters?: () => readonly ViewFilter[]
  /** Is it being read, so that nothing may move? */
  readonly reading: () => boolean
  /** What is asked beside range and filters, by name; read anew whenever it changes. */
  readonly further?: () => readonly (readonly [name: string, value: string])[]
  /** The same of an event that the stream tells of. */
  readonly keeps?: (event: WireEvent) => boolean
}

type Params = { readonly params: string }

/** How often it is looked whether a list that had to wait may move. */
const LOOK_MS = 2_000

/**
 * A list of events, newest first: read a page at a time, kept up with the stream, and still while somebody reads it. To be made
 * while a component is set up.
 */
export class EventList {
  events = $state.raw<readonly WireEvent[]>([])
  /** Arrived while the list was being read; shown when asked for. */
  held = $state.raw<readonly WireEvent[]>([])
  /** More has come than the stream has told of one by one. */
  behind = $state(false)
  cursor = $state<string | null>(null)
  nowMs = $state(systemClock.now())
  readonly page = new Resource<Params, EventsPage>(read)
  readonly older = new Resource<Params, EventsPage>(read)

  readonly #options: EventListOptions
  /** Told by the stream since the question was first asked. */
  #heard: readonly WireEvent[] = []
  readonly #filters: readonly ViewFilter[] = $derived.by(() => this.#options.filters?.() ?? view.state.filters)
  /** The view as a question; the moving end of a range is left out, or every refresh would start the list anew. */
  readonly #question: string = $derived.by(() =>
    JSON.stringify([
      view.state.range,
      this.#filters,
      this.#options.watch.span === null,
      this.#options.further?.() ?? [],
    ]),
  )

  constructor(options: EventListOptions) {
    this.#options = options
    const { watch } = options
    $effect(() => {
      void this.#question
      untrack(() => {
        this.#heard = []
        this.#ask()
      })
    })
    let reread = watch.reread
    $effect(() => {
      if (watch.reread === reread) return
      reread = watch.reread
      untrack(() => (options.reading() ? this.#fallBehind() : this.#ask()))
    })
    $effect(() => {
      const answer = this.page.answer
      if (!answer) return
      // What the stream told while the answer was on its way is not in it.
      untrack(() => {
        this.events = mergeNewest(this.#heard, answer.result.events, options.most)
        this.cursor = answer.result.next_cursor ?? null
        this.held = []
        this.behind = false
      })
    })
    $effect(() => {
      const answer = this.older.answer
      if (!answer) return
      untrack(() => {
        this.events = mergeNewest(this.events, answer.result.events, options.most)
        this.cursor = answer.result.next_cursor ?? null
      })
    })
    $effect(() => {
      const stop = watch.onEvents((fresh, all) => this.#hear(fresh, all))
      const clock = setInterval(() => {
        this.nowMs = systemClock.now()
        if (this.behind && !options.reading()) this.#ask()
      }, LOOK_MS)
      return () => {
        stop()
        clearInterval(clock)
      }
    })
  }

  readonly mayGoOn: boolean = $derived.by(() => this.cursor !== null && this.events.length < this.#options.most)

  /** Reads the next page of older events. */
  showOlder(): void {
    const { cursor } = this
    if (cursor !== null && !this.older.slow) void this.older.ask({ params: this.#params(cursor) }, cursor)
  }

  /** Shows what was held back. */
  showNew(): void {
    if (this.behind) this.#ask()
    else this.events = mergeNewest(this.held, this.events, this.#options.most)
    this.held = []
    this.behind = false
  }

  #ask(): void {
    if (this.#options.watch.scope) void this.page.ask({ params: this.#params() }, this.#question)
  }

  #params(after?: string): string {
    const { further, olderSize, pageSize, watch } = this.#options
    const scope = watch.scope as Scope
    // A range that ends now goes on: what is accepted a second later belongs to it.
    const toMs = scope.span.moving ? scope.span.toMs + 86_400_000 : scope.span.toMs
    const limit = after === undefined ? pageSize : (olderSize ?? pageSize)
    const params = eventsParams({ ...scope, filters: this.#filters, span: { ...scope.span, toMs } }, limit, after)
    for (const [name, value] of further?.() ?? []) params.append(name, value)
    return params.toString()
  }

  #hear(fresh: readonly WireEvent[], all: boolean): void {
    this.nowMs = systemClock.now()
    const { keeps = () => true, most, pageSize, reading, watch } = this.#options
    const { span } = watch
    if (!span) return
    const toMs = span.moving ? Number.POSITIVE_INFINITY : span.toMs
    const mine = fresh.filter((event) => belongs(event, span.fromMs, toMs, this.#filters) && keeps(event))
    if (mine.length > 0) {
      this.#heard = mergeNewest(mine, this.#heard, pageSize)
      if (reading()) this.held = mergeNewest(mine, this.held, most)
      else this.events = mergeNewest(mine, this.events, most)
    }
    // A tick carries the newest few; a burst is read from the server once it is over.
    if (!all) this.#fallBehind()
  }

  #fallBehind(): void {
    this.behind = true
  }
}

function read({ params }: Params, signal: AbortSignal): Promise<EventsPage> {
  return readEvents(new URLSearchParams(params), signal)
}
