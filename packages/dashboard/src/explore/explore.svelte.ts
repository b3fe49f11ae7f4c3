import type { FilterValue } from '@tallystick/core/query'
import { untrack } from 'svelte'
import { readEvents } from '../lib/api.ts'
import { type Frame, groupedFrame, type Series } from '../lib/frames.ts'
import { readsEvents } from '../lib/measures.ts'
import { tagsOf } from '../lib/newest.ts'
import { eventsParams, type QueryBody, type Scope } from '../lib/queries.ts'
import { previousSpan } from '../lib/range.ts'
import { Resource } from '../lib/resource.svelte.ts'
import { view } from '../lib/view.svelte.ts'
import { newQuestion, type Question, type Watch } from '../lib/watch.svelte.ts'
import { askedOf } from './asked.ts'
import { earlierLines, wholeFrame } from './frame.ts'
import { type Line, linesOf, sorted } from './lines.ts'
import { chartBeforeQuery, chartQuery, tableBeforeQuery, tableQuery, wholeQuery } from './questions.ts'
import { hasBefore } from './sentence.ts'

/** Events that tell which tags there are. */
const EVENTS_READ = 100

/** Everything the page Explore asks, and what it makes of the answers. To be made while the page is set up. */
export class Explore {
  readonly table: Question = newQuestion()
  readonly whole: Question = newQuestion()
  readonly chart: Question = newQuestion()
  readonly tableBefore: Question = newQuestion()
  readonly wholeBefore: Question = newQuestion()
  readonly chartBefore: Question = newQuestion()

  /** Newest events, for the tags that they carry: no route lists those. */
  readonly #tags = new Resource((scope: Scope, signal: AbortSignal) =>
    readEvents(eventsParams(scope, EVENTS_READ), signal),
  )

  readonly asked = $derived(askedOf(view.state))
  readonly #watch: Watch
  /** Does any column read single events? */
  readonly #dear = $derived(this.asked.measures.some(readsEvents))
  readonly #chartDear = $derived(readsEvents(this.asked.charted))

  constructor(watch: Watch) {
    this.#watch = watch
    const rarely = (): boolean => this.#dear
    const before = (body: (scope: Scope) => QueryBody | null) => (scope: Scope) => {
      const span = this.asked.compare ? previousSpan(view.state.range, scope.span) : null
      return span && span.toMs > span.fromMs ? body({ ...scope, span }) : null
    }
    this.#tags.follow(() => {
      const { scope } = watch
      if (!scope) return null
      const key = JSON.stringify([view.state.range, view.state.filters])
      return key === untrack(() => this.#tags.answer?.key) ? null : { request: scope, key }
    })
    $effect(() => {
      const found = tagsOf(this.#tags.answer?.result.events ?? [])
      untrack(() => {
        watch.tags = [...new Set([...watch.tags, ...found])].sort()
      })
    })
    watch.follow(this.table, (scope) => tableQuery(scope, this.asked, watch.interval), { rarely })
    watch.follow(
      this.chart,
      (scope) => (this.asked.chart === 'none' ? null : chartQuery(scope, this.asked, watch.interval)),
      { rarely: () => this.#chartDear },
    )
    watch.follow(this.whole, (scope) => wholeQuery(scope, this.asked), { rarely })
    watch.follow(
      this.tableBefore,
      before((scope) => tableBeforeQuery(scope, this.asked, watch.interval)),
      { rarely },
    )
    watch.follow(
      this.wholeBefore,
      before((scope) => wholeQuery(scope, this.asked)),
      { rarely },
    )
    watch.follow(
      this.chartBefore,
      before((scope) =>
        this.asked.chart === 'none' || this.#awaitsGroups
          ? null
          : chartBeforeQuery(scope, this.asked, watch.interval, this.#groups),
      ),
      { rarely: () => this.#chartDear },
    )
  }

  /** The lines of the table, sorted. Columns are those of the answer, which may still be to the question before. */
  readonly lines: readonly Line[] = $derived.by(() => {
    const { answer } = this.table
    if (!answer) return []
    const { request, result } = answer
    const shape = { by: request.group_by ?? [], measures: request.measures }
    const before = this.#comparable(request, this.tableBefore)
    const lines = linesOf(
      shape,
      { result, starts: this.#startsOf(request) },
      before && { result: before.result, starts: this.#startsOf(before.request) },
    )
    const { sort } = this.asked
    // Where the server ranked by this very column, its order is the order.
    if (answer.request.interval === undefined && sort.column === request.order_by?.replace(/^-/, '')) return lines
    return sorted(lines, { sort, ...shape })
  })

  /** All groups together, with what they were before. */
  readonly total: Line | null = $derived.by(() => {
    const { answer } = this.whole
    const row = answer?.result.rows[0]
    if (!answer || !row || !this.table.answer?.request.measures.every((name) => answer.request.measures.includes(name)))
      return null
    const before = this.#comparable(answer.request, this.wholeBefore)?.result.rows[0] ?? null
    return { key: 'all', values: [], other: true, timeMs: null, row, before }
  })

  /** Nothing happened in the range at all. */
  readonly nothing: boolean = $derived.by(() => {
    const { answer } = this.whole
    return answer !== null && !this.whole.stale && answer.result.rows[0]?.['events'] === 0
  })

  readonly frame: Frame | null = $derived.by(() => {
    const { answer } = this.chart
    if (!answer) return null
    const { request, result } = answer
    const by = request.group_by ?? []
    const measure = request.measures[0] ?? ''
    const axis = this.#watch.bucketsOf(request)
    const frame =
      by.length === 0
        ? wholeFrame(axis, result.rows, measure)
        : groupedFrame(axis, result.rows, by, measure, this.#watch.colours)
    const over = this.#over(frame, request)
    return over.length > 0 ? { ...frame, over } : frame
  })

  /** Is there a period before? Its columns stand from the beginning, so that nothing moves when it is answered. */
  readonly compared: boolean = $derived(this.asked.compare && hasBefore(view.state.range))

  /** Ends of the steps of the table's lines, by their starts. */
  readonly stepEnds: ReadonlyMap<number, number> = $derived.by(() => {
    const request = this.table.answer?.request
    if (request?.interval === undefined) return new Map()
    const { starts, ends } = this.#watch.bucketsOf(request)
    return new Map(starts.map((start, index) => [start, ends[index] ?? request.to]))
  })

  /** Groups on show; the same list while they stay the same, so that nothing is asked anew. */
  readonly #groupsKey: string = $derived.by(() => {
    const { answer } = this.chart
    if (!answer || (answer.request.group_by ?? []).join() !== this.asked.by.join()) return '[]'
    const by = answer.request.group_by ?? []
    const shown = answer.result.rows.filter((row) => row['other'] !== true)
    return JSON.stringify([...new Set(shown.map((row) => JSON.stringify(by.map((name) => row[name] ?? null))))])
  })
  readonly #groups: readonly (readonly FilterValue[])[] = $derived(
    (JSON.parse(this.#groupsKey) as string[]).map((text) => JSON.parse(text) as FilterValue[]),
  )

  readonly #awaitsGroups = $derived(
    this.asked.chart === 'lines' && this.asked.by.length > 0 && this.#groups.length === 0,
  )
  #over(frame: Frame, request: QueryBody): readonly Series[] {
    const { answer } = this.chartBefore
    if (!this.asked.compare || !answer || answer.request.measures.join() !== request.measures.join()) return []
    if (!sameLength(request, answer.request) || answer.request.interval !== request.interval) return []
    const axis = this.#watch.bucketsOf(answer.request)
    return earlierLines(frame, axis, answer.result.rows, answer.request.group_by ?? [], request.measures[0] ?? '')
  }

  #startsOf(request: QueryBody): readonly number[] {
    return request.interval === undefined ? [] : this.#watch.bucketsOf(request).starts
  }

  /** The answer of the period before, if it is to the same question but for the time. */
  #comparable(request: QueryBody, question: Question): Question['answer'] {
    const { answer } = question
    if (!this.asked.compare || !answer || !sameLength(request, answer.request)) return null
    return asksSame(request, answer.request) ? answer : null
  }
}

/** A refresh may be under way for one of the two. */
const sameLength = (a: QueryBody, b: QueryBody): boolean => Math.abs(a.to - a.from - (b.to - b.from)) < 1000

function asksSame(a: QueryBody, b: QueryBody): boolean {
  const said = ({ measures, group_by, filters, interval }: QueryBody): string =>
    JSON.stringify([measures, group_by, filters, interval])
  return said(a) === said(b)
}
