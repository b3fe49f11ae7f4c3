import type { Exact } from '@tallystick/core/event'
import { MEASURE_OF, type Measure, QUANTITY_OF } from '@tallystick/core/query'
import { isAdditive } from './amounts.ts'
import {
  count,
  countExact,
  countTick,
  duration,
  durationTick,
  money,
  moneyExact,
  moneyTick,
  NONE,
  ratio,
} from './format.ts'

/** How each measure of the query API is called and written. */
export interface Figure {
  readonly name: string
  readonly label: string
  /** As figures of it stand in CSV. */
  readonly unit: string
  /** Does the whole come to the sum of its parts? */
  readonly additive: boolean
  /** How many units one step of an axis is. */
  readonly scale: number
  readonly format: (value: Exact | null) => string
  /** Every digit, for hovering and copying. */
  readonly exact: (value: Exact | null) => string
  readonly tick: (value: number, step: number) => string
}

type Unit = Measure['unit']
type Writing = Pick<Figure, 'unit' | 'scale' | 'format' | 'exact' | 'tick'>

/** Between a figure and its unit. */
const GAP = '\u202f'

const number = (value: Exact | null): number | null => (value === null ? null : Number(value))
/** A mean of integers has decimals; money and ms are told to the unit. */
const whole = (value: Exact | null): Exact | null => (typeof value === 'number' ? Math.round(value) : value)
const tenth = (value: Exact | null): Exact | null =>
  typeof value === 'number' && Math.abs(value) < 1000 ? Math.round(value * 10) / 10 : whole(value)

const counted = (unit: string): Writing => ({
  unit,
  scale: 1,
  format: (value) => count(tenth(value)),
  exact: (value) => (unit === '' || value === null ? countExact(value) : `${countExact(value)}${GAP}${unit}`),
  tick: countTick,
})

/** Whatever zone is looked at: an instant among figures is told as scripts write it. */
const instant = (value: Exact | null): string => (value === null ? NONE : new Date(Number(value)).toISOString())

const WRITINGS: { readonly [K in Unit]: Writing } = {
  count: counted(''),
  tokens: counted('tokens'),
  bytes: counted('bytes'),
  nano_usd: {
    unit: 'nano-USD',
    scale: 1e9,
    format: (value) => money(whole(value)),
    exact: (value) => moneyExact(whole(value)),
    tick: moneyTick,
  },
  ms: {
    unit: 'ms',
    scale: 1,
    format: (value) => duration(number(value)),
    exact: (value) => (value === null ? NONE : `${countExact(value)}${GAP}ms`),
    tick: durationTick,
  },
  millionths: {
    unit: 'millionths',
    scale: 10_000,
    format: (value) => ratio(value === null ? null : Number(value) / 1_000_000),
    exact: (value) => (value === null ? NONE : `${Number((Number(value) / 10_000).toFixed(4))}${GAP}%`),
    tick: (value) => `${Number(value.toFixed(2))}${GAP}%`,
  },
  'ms since 1970': {
    unit: 'ms since 1970',
    scale: 1,
    format: instant,
    exact: instant,
    tick: countTick,
  },
  ratio: {
    unit: 'ratio',
    scale: 0.01,
    format: (value) => ratio(number(value)),
    exact: (value) => (value === null ? NONE : `${Number((Number(value) * 100).toFixed(4))}${GAP}%`),
    tick: (value) => `${Number(value.toFixed(2))}${GAP}%`,
  },
  percent: {
    unit: '%',
    scale: 1,
    format: (value) => ratio(value === null ? null : Number(value) / 100),
    exact: (value) => (value === null ? NONE : `${Number(Number(value).toFixed(4))}${GAP}%`),
    tick: (value) => `${Number(value.toFixed(2))}${GAP}%`,
  },
  milli_tokens_per_second: {
    unit: 'thousandths of tokens a second',
    scale: 1000,
    format: (value) => (value === null ? NONE : `${count(tenth(Number(value) / 1000))}${GAP}tokens/s`),
    exact: (value) => (value === null ? NONE : `${countExact(Number(value) / 1000)}${GAP}tokens/s`),
    tick: countTick,
  },
}

/** What people call it, where the table's name is that of the field. */
const CALLED: ReadonlyMap<string, string> = new Map([
  ['cost_nano_usd', 'Spend'],
  ['error_ratio', 'Error rate'],
  ['success_ratio', 'Success rate'],
  ['duration_ms_p50', 'Median latency'],
  ['duration_ms_p95', 'p95 latency'],
  ['duration_ms_p99', 'p99 latency'],
])

/** @example measureLabel('cost_nano_usd') // 'Spend' */
export function measureLabel(name: string): string {
  return CALLED.get(name) ?? MEASURE_OF.get(name)?.label.replace(', in thousandths', '') ?? name
}

/** @example figureOf('duration_ms_p95').format(2_430) // '2.4 s' */
export function figureOf(name: string): Figure {
  const measure = MEASURE_OF.get(name)
  return {
    name,
    label: measureLabel(name),
    additive: isAdditive(name),
    ...WRITINGS[measure?.unit ?? 'count'],
  }
}

/**
 * Is it in no rollup, so that a store has to read single events for it?
 *
 * @example readsEvents('input_tokens_p50') // true
 */
export function readsEvents(name: string): boolean {
  const measure = MEASURE_OF.get(name)
  if (measure === undefined || !('quantity' in measure)) return false
  const kept = QUANTITY_OF.get(measure.quantity)?.cells ?? 'none'
  return kept === 'none' || (kept === 'sum' && measure.of !== 'sum' && measure.of !== 'avg')
}
