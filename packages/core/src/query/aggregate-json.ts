import { TallystickError } from '../errors.ts'
import { type Exact, exactToJson, normalizeExact } from '../event/units.ts'
import { type Aggregate, emptyAggregate, type Plan, type QuantityTotal } from './aggregate.ts'
import { addCounts, SKETCH_BUCKETS, type Sketch, sketchPairs } from './sketch.ts'

/**
 * An aggregate as it travels in live ticks. `c`: the counters. `q`: per quantity 0 if no event carried it, otherwise
 * `[sum, count, min, max]` and, with a sketch, a fifth member `[index, count, index, count, ...]` by rising index.
 * Sums past 2^53 - 1 are strings of digits. Equal aggregates have equal JSON.
 */
export interface AggregateJson {
  readonly c: readonly number[]
  readonly q: readonly QuantityJson[]
}

/** Totals of a quantity; 0: of no event. */
export type QuantityJson =
  | 0
  | readonly [sum: number | string, count: number, min: number, max: number]
  | readonly [sum: number | string, count: number, min: number, max: number, sketch: readonly number[]]

/**
 * An aggregate as JSON.
 *
 * @example
 * const plan = planOf([MEASURE_OF.get('requests')!, MEASURE_OF.get('duration_ms_p95')!])
 * const aggregate = emptyAggregate(plan)
 * for (const durationMs of [100, 200]) addEvent(plan, aggregate, { ...event, durationMs })
 * aggregateToJson(plan, aggregate) // { c: [2], q: [[300, 2, 100, 200, [100, 1, 164, 1]]] }
 */
export function aggregateToJson(plan: Plan, aggregate: Aggregate): AggregateJson {
  return {
    c: aggregate.counters.slice(),
    q: plan.quantities.map((_, index) => {
      const { sum, count, min, max, sketch } = aggregate.quantities[index] as QuantityTotal
      if (count === 0) return 0
      if (sketch === undefined) return [exactToJson(sum), count, min, max]
      return [exactToJson(sum), count, min, max, sketchPairs(sketch)]
    }),
  }
}

/**
 * The aggregate that {@link aggregateToJson} wrote by the same plan.
 *
 * @throws TallystickError `invalid_body` for anything else: another plan, a wrong type, a figure that is no integer
 */
export function aggregateFromJson(plan: Plan, json: unknown): Aggregate {
  const { c, q } = (typeof json === 'object' && json !== null ? json : {}) as {
    readonly c?: unknown
    readonly q?: unknown
  }
  if (!Array.isArray(c) || c.length !== plan.counters.length || !c.every(isCount))
    throw malformed('c', 'one count per counter')
  if (!Array.isArray(q) || q.length !== plan.quantities.length) throw malformed('q', 'one entry per quantity')
  const aggregate = emptyAggregate(plan)
  c.forEach((count, index) => {
    aggregate.counters[index] = count
  })
  q.forEach((entry, index) => {
    if (entry !== 0) readQuantity(aggregate.quantities[index] as QuantityTotal, entry, `q[${index}]`)
  })
  return aggregate
}

function readQuantity(total: QuantityTotal, entry: unknown, path: string): void {
  const keepsSketch = total.sketch !== undefined
  if (!Array.isArray(entry) || entry.length !== (keepsSketch ? 5 : 4))
    throw malformed(path, '[sum, count, min, max] and the sketch')
  const [sum, count, min, max, pairs] = entry as readonly unknown[]
  const exact = readExact(sum)
  if (exact === undefined) throw malformed(`${path}[0]`, 'an integer or a string of digits')
  if (!isCount(count) || !Number.isSafeInteger(min) || !Number.isSafeInteger(max)) throw malformed(path, 'integers')
  Object.assign(total, { sum: exact, count, min, max })
  if (!keepsSketch) return
  if (!Array.isArray(pairs) || pairs.length % 2 !== 0 || !pairs.every(isCount))
    throw malformed(`${path}[4]`, 'pairs of index and count')
  const indices = pairs.filter((_, at) => at % 2 === 0)
  const tooGreat = indices.findIndex((index) => index >= SKETCH_BUCKETS)
  if (tooGreat >= 0) throw malformed(`${path}[4][${tooGreat * 2}]`, `an index below ${SKETCH_BUCKETS}`)
  addCounts(
    total.sketch as Sketch,
    indices,
    pairs.filter((_, at) => at % 2 === 1),
  )
}

/** A sum of 2^53 events of 2^53 has 32 digits. */
const DIGITS = /^-?\d{1,40}$/

function readExact(value: unknown): Exact | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined
  return typeof value === 'string' && DIGITS.test(value) ? normalizeExact(BigInt(value)) : undefined
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function malformed(path: string, expected: string): TallystickError {
  const message = `expected ${expected}`
  return new TallystickError('invalid_body', `The aggregate is not of this plan: ${path}: ${message}.`, {
    issues: [{ path, message }],
  })
}
