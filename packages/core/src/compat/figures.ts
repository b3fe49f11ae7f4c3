import type { Exact, UsageEvent } from '../event/index.ts'
import { BoundedGroups, type TokenUse } from '../insight/index.ts'
import {
  type Aggregate,
  addEvent,
  COUNTER_OF,
  type Counter,
  emptyAggregate,
  MILLIONTHS,
  type Plan,
  type PlannedQuantity,
  QUANTITY_OF,
  type Quantity,
  type QuantityTotal,
  quantile,
  quantityValue,
} from '../query/index.ts'

/** What a backend is called that nobody named. */
export const UNKNOWN = 'unknown'

const SUCCESSES: Counter = {
  name: 'successful_invocations',
  label: 'Successful invocations',
  where: [{ field: 'success', in: [true] }],
}

/** Of which nobody said whether they went in or came out. */
const UNDIVIDED: Quantity = {
  name: 'undivided_tokens',
  label: 'Undivided tokens',
  plus: ['totalTokens'],
  minus: [],
  unit: 'tokens',
  summed: true,
  cells: 'none',
}

const sum = (quantity: Quantity): PlannedQuantity => ({ quantity, sketch: false, extremes: false })
const table = (name: string): Quantity => QUANTITY_OF.get(name) as Quantity

const CONFIDENCE = table('routing_confidence_millionths')

/** Positions are those that {@link figuresOf} reads. */
const planOf = (quantiles: boolean): Plan => ({
  counters: [COUNTER_OF.get('invocations') as Counter, SUCCESSES],
  quantities: [
    sum(table('total_tokens')),
    sum(table('input_tokens')),
    sum(table('cache_read_tokens')),
    sum(table('output_tokens')),
    sum(UNDIVIDED),
    { quantity: table('duration_ms'), sketch: quantiles, extremes: quantiles },
  ],
})
const SUMS = planOf(false)
const SUMS_AND_QUANTILES = planOf(true)

/** The figures of one group of invocations. */
export interface Figures {
  readonly requests: number
  readonly successes: number
  readonly failures: number
  readonly tokens: Exact
  readonly use: TokenUse
  readonly timeMs: Exact
  /** Requests whose time is known. */
  readonly timed: number
  readonly averageMs: number | undefined
}

export function figuresOf({ counters, quantities }: Aggregate): Figures {
  const [requests = 0, successes = 0] = counters
  const sumAt = (position: number): Exact => (quantities[position] as QuantityTotal).sum
  const { sum: timeMs, count: timed } = quantities[5] as QuantityTotal
  return {
    requests,
    successes,
    failures: requests - successes,
    tokens: sumAt(0),
    use: { inputTokens: sumAt(1), cacheReadTokens: sumAt(2), outputTokens: sumAt(3), undividedTokens: sumAt(4) },
    timeMs,
    timed,
    averageMs: timed > 0 ? Number(timeMs) / timed : undefined,
  }
}

/** The time that a share `q` of the requests did not exceed; undefined where no time is known. */
export function timeQuantile({ quantities }: Aggregate, q: number): number | undefined {
  const { sketch, count, min, max } = quantities[5] as QuantityTotal
  return sketch === undefined || count === 0 ? undefined : quantile(sketch, count, q, min, max)
}

/** Decisions of one method for one backend. */
export interface RouteTotals {
  count: number
  successes: number
  /** Decisions that say how confident they are, and the sum of that in millionths: integers, so order does not matter. */
  confident: number
  confidenceMillionths: number
}

export function confidenceOf(totals: RouteTotals): { readonly total: number; readonly average: number } {
  const { confident, confidenceMillionths } = totals
  return {
    total: confidenceMillionths / MILLIONTHS,
    // Divided by the count first: eleven times 0.7 must make a mean of 0.7 and not of 0.7000000000000001.
    average: confident > 0 ? confidenceMillionths / confident / MILLIONTHS : 0,
  }
}

/** Tool invocations, folded into sums by backend, by tool, and by method and backend. */
export class InvocationFold {
  readonly #plan: Plan
  readonly total: Aggregate
  readonly backends: BoundedGroups<Aggregate>
  readonly tools: BoundedGroups<Aggregate>
  readonly routes: BoundedGroups<RouteTotals>
  /** Of the earliest and latest event; undefined without events. */
  firstMs: number | undefined
  lastMs: number | undefined

  constructor(options: { readonly maxNames: number; readonly quantiles?: boolean }) {
    const { maxNames, quantiles = false } = options
    this.#plan = quantiles ? SUMS_AND_QUANTILES : SUMS
    this.total = emptyAggregate(SUMS)
    this.backends = new BoundedGroups(1, maxNames, () => emptyAggregate(this.#plan))
    this.tools = new BoundedGroups(1, maxNames, () => emptyAggregate(SUMS))
    this.routes = new BoundedGroups(2, maxNames, () => ({
      count: 0,
      successes: 0,
      confident: 0,
      confidenceMillionths: 0,
    }))
  }

  /** @param event a tool invocation */
  add(event: UsageEvent): void {
    const { timestampMs, backend = UNKNOWN, toolName = UNKNOWN, routingMethod = UNKNOWN } = event
    this.firstMs = Math.min(this.firstMs ?? timestampMs, timestampMs)
    this.lastMs = Math.max(this.lastMs ?? timestampMs, timestampMs)
    addEvent(SUMS, this.total, event)
    addEvent(this.#plan, this.backends.at([backend]), event)
    addEvent(SUMS, this.tools.at([toolName]), event)
    const route = this.routes.at([routingMethod, backend])
    route.count++
    if (event.success === true) route.successes++
    const confidence = quantityValue(CONFIDENCE, event)
    if (confidence === undefined) return
    route.confident++
    route.confidenceMillionths += confidence
  }
}
