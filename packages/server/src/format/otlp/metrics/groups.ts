import { appOf } from '../app.ts'
import { contentId } from '../ids.ts'
import type { Attributes, Emitted, Metric, MetricPoint, Origin } from '../model.ts'
import {
  APP_METRICS,
  GENAI_COST,
  GENAI_COUNTERS,
  GENAI_HISTOGRAM,
  type MetricSource,
  type MetricTable,
  type Part,
} from './tables.ts'

/** The values of one moment that belong together: those of input, output and cost of one model of one session. */
export interface PointGroup {
  readonly source: MetricSource
  readonly origin: Origin
  /** What the values have in common. */
  readonly attributes: Attributes
  /** What makes it the same group again in the next body: a hash. */
  readonly id: string
  readonly temporality: 'delta' | 'cumulative'
  readonly startNanos: bigint
  readonly timeNanos: bigint
  /** Tokens as they are, money in nano-USD; safe integers from 0. */
  readonly values: ReadonlyMap<Part, number>
}

/** What the metrics of a body say of usage. */
export interface GroupedPoints {
  readonly groups: readonly PointGroup[]
  /** Points that cannot be so. */
  readonly rejected: number
  /** Why, of the first of them. */
  readonly problem: string | undefined
}

interface OpenGroup extends PointGroup {
  readonly values: Map<Part, number>
}

const NANO_USD_PER_USD = 1_000_000_000

/** Puts together the points that tell of one and the same usage; points of other metrics are left out. */
export function groupPoints(metrics: readonly Emitted<Metric>[]): GroupedPoints {
  const groups = new Map<string, OpenGroup>()
  const migrating = new Set<Origin>()
  for (const { origin, item } of metrics) if (GENAI_COUNTERS.metrics.has(item.name)) migrating.add(origin)
  let rejected = 0
  let problem: string | undefined
  for (const { origin, item: metric } of metrics) {
    const source = sourceOf(origin, metric.name, migrating)
    const table = source?.metrics.get(metric.name)
    if (source === undefined || table === undefined) continue
    for (const point of metric.points) {
      const part = partOf(table, point.attributes)
      if (part === undefined || point.value === undefined) continue
      const wrong = addPoint(groups, source, origin, metric, table, point, part, point.value)
      if (wrong === undefined) continue
      rejected++
      problem ??= wrong
    }
  }
  return { groups: [...groups.values()], rejected, problem }
}

function sourceOf(origin: Origin, name: string, migrating: ReadonlySet<Origin>): MetricSource | undefined {
  const app = appOf(origin, name)
  if (app !== undefined) return APP_METRICS[app]
  if (GENAI_COUNTERS.metrics.has(name)) return GENAI_COUNTERS
  if (GENAI_COST.metrics.has(name)) return GENAI_COST
  return GENAI_HISTOGRAM.metrics.has(name) && !migrating.has(origin) ? GENAI_HISTOGRAM : undefined
}

function partOf({ part }: MetricTable, attributes: Attributes): Part | undefined {
  return typeof part === 'string' ? part : part.parts.get(String(attributes.get(part.attribute)))
}

/** @returns what is wrong with the point, if anything is */
function addPoint(
  groups: Map<string, OpenGroup>,
  source: MetricSource,
  origin: Origin,
  { name, temporality }: Metric,
  table: MetricTable,
  { attributes, startNanos, timeNanos }: MetricPoint,
  part: Part,
  value: number,
): string | undefined {
  if (temporality === undefined) return `${name} is neither delta nor cumulative`
  if (timeNanos === 0n) return `${name} has a point without time`
  const amount = part === 'costUsd' ? Math.round(value * NANO_USD_PER_USD) : value
  if (!Number.isSafeInteger(amount) || amount < 0) return `${name} is ${value}, which is no count`
  const common = commonOf(attributes, table)
  const id = contentId([[...origin.resource].sort(byName), origin.scope, source.convention, [...common].sort(byName)])
  // Metrics of one export may begin at different moments: a counter begins when it is first used.
  const key = JSON.stringify([id, temporality, String(timeNanos)])
  const group = groups.get(key)
  if (group === undefined) {
    const values = new Map([[part, amount]])
    groups.set(key, { source, origin, attributes: common, id, temporality, startNanos, timeNanos, values })
    return undefined
  }
  const sum = (group.values.get(part) ?? 0) + amount
  if (!Number.isSafeInteger(sum)) return `${name} adds up to more than can be counted`
  group.values.set(part, sum)
  return undefined
}

/** The attributes that say whose usage it is, without those that say which part of it. */
function commonOf(attributes: Attributes, { part, addedOver = [] }: MetricTable): Attributes {
  const common = new Map(attributes)
  if (typeof part !== 'string') common.delete(part.attribute)
  for (const name of addedOver) common.delete(name)
  return common
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : a > b ? 1 : 0
