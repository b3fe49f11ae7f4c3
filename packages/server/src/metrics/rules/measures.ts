import { CONVENTIONAL_FAMILIES, type MetricFamily } from '@tallystick/core/metrics'
import type { AlertRule } from '../../state/alert.ts'
import { matcher, type Selector } from './promql.ts'

/** The counter that holds a measure of the query algebra, and how many of its units make one of the counter's. */
interface Counter {
  readonly family: MetricFamily
  readonly matchers: readonly string[]
  readonly unitsPerOne: number
}

const families = CONVENTIONAL_FAMILIES

const COUNTERS: ReadonlyMap<string, Counter> = new Map([
  ['requests', { family: families.requests, matchers: [], unitsPerOne: 1 }],
  ['failed_requests', { family: families.requests, matchers: ['status="error"'], unitsPerOne: 1 }],
  ['unpriced_requests', { family: families.unpriced, matchers: [], unitsPerOne: 1 }],
  ['cost_nano_usd', { family: families.cost, matchers: [], unitsPerOne: 1e9 }],
  ['input_tokens', { family: families.tokens, matchers: ['type=~"input|cache_read|cache_write"'], unitsPerOne: 1 }],
  ['cache_read_tokens', { family: families.tokens, matchers: ['type="cache_read"'], unitsPerOne: 1 }],
])

const HISTOGRAMS: ReadonlyMap<string, Counter> = new Map([
  ['duration_ms', { family: families.duration, matchers: [], unitsPerOne: 1000 }],
  ['ttfb_ms', { family: families.timeToFirstByte, matchers: [], unitsPerOne: 1000 }],
])

/** Dimension of a rule's filter -> label, where they are not called the same. Budgets go by name there, and by id here. */
const LABELS: ReadonlyMap<string, string> = new Map([
  ['request_model', 'model'],
  ['source_id', 'source'],
])

/** Why a rule cannot be said in terms of series. */
export class NotRendered extends Error {}

export interface Measure {
  readonly selector: Selector
  readonly unitsPerOne: number
}

/** @throws NotRendered when no series bears the measure, or a label that the rule's filters name */
export function counterOf(measure: string, filters: AlertRule['filters']): Measure {
  return narrowed(COUNTERS.get(measure), measure, filters)
}

/**
 * A quantile's histogram.
 *
 * @throws NotRendered as {@link counterOf} does
 */
export function histogramOf(quantity: string, filters: AlertRule['filters']): Measure {
  return narrowed(HISTOGRAMS.get(quantity), quantity, filters)
}

/** @throws NotRendered as {@link counterOf} does */
export function gaugeOf(family: MetricFamily, filters: AlertRule['filters']): Selector {
  return narrowed({ family, matchers: [], unitsPerOne: 1 }, family.name, filters).selector
}

function narrowed(counter: Counter | undefined, measure: string, filters: AlertRule['filters'] = {}): Measure {
  if (counter === undefined) throw new NotRendered(`no series bears ${measure}`)
  const { family, matchers, unitsPerOne } = counter
  const filtered = Object.entries(filters).map(([dimension, values]) => {
    const label = LABELS.get(dimension) ?? dimension
    if (!family.labels.includes(label)) throw new NotRendered(`${family.name} has no label for ${dimension}`)
    return matcher(label, values)
  })
  return { selector: { name: family.name, matchers: [...matchers, ...filtered] }, unitsPerOne }
}
