import { DURATION_BUCKETS_MS } from './families/buckets.ts'
import { CONVENTIONAL_FAMILIES as STANDARD } from './families/conventional.ts'
import { ROUTIIUM_FAMILIES as ROUTIIUM } from './families/routiium.ts'
import { SEED_FAMILIES as SEED } from './families/seed.ts'
import type { MetricFamily } from './family.ts'

/** What is summed or counted, before it has a name: families of both sets are views of these. */
interface FigureSpec {
  /** Labels whose values come from outside, and are `other` for what does not fit. */
  readonly labels: readonly string[]
  /** Labels that are the same for all its series. */
  readonly fixed?: Readonly<Record<string, string>>
  /** Of a histogram, in milliseconds. */
  readonly bounds?: readonly number[]
}

const MODEL = ['provider', 'model'] as const
const SUCCESS = { status: 'success' } as const
const ERROR = { status: 'error' } as const

const tokens = (type: string): FigureSpec => ({ labels: MODEL, fixed: { type } })

/** THE table of figures. */
export const FIGURES = {
  succeeded: { labels: MODEL, fixed: SUCCESS },
  failed: { labels: [...MODEL, 'error_type'], fixed: ERROR },
  succeededOperations: { labels: [...MODEL, 'operation'], fixed: SUCCESS },
  failedOperations: { labels: [...MODEL, 'operation'], fixed: ERROR },
  duration: { labels: MODEL, bounds: DURATION_BUCKETS_MS },
  timeToFirstByte: { labels: MODEL, bounds: DURATION_BUCKETS_MS },
  allInput: tokens('input'),
  allOutput: tokens('output'),
  freshInput: tokens('input'),
  cacheRead: tokens('cache_read'),
  cacheWrite: tokens('cache_write'),
  plainOutput: tokens('output'),
  reasoning: tokens('reasoning'),
  cost: { labels: MODEL },
  savings: { labels: MODEL },
  unpriced: { labels: MODEL },
  cacheHits: { labels: ['tier'] },
  cacheMisses: { labels: ['tier'] },
  totalRequests: { labels: [] },
  totalInput: { labels: [] },
  totalOutput: { labels: [] },
} as const satisfies Record<string, FigureSpec>

/** The name of a figure. */
export type FigureName = keyof typeof FIGURES

/** A figure's row, whichever it is. */
export const figureSpec = (name: FigureName): FigureSpec => FIGURES[name]

/** Every figure; its index is its slot. */
export const FIGURE_NAMES: readonly FigureName[] = Object.keys(FIGURES) as FigureName[]

/** A family, and the figures that it shows. */
export interface View {
  readonly family: MetricFamily
  readonly figures: readonly FigureName[]
  /** As in `FamilySamples`. */
  readonly per?: number
}

const NANO = 1_000_000_000
const MS = 1_000

/** THE table of views, in the order in which they are written. Gauges are not here: they are set, not summed. */
export const VIEWS: readonly View[] = [
  { family: SEED.requests, figures: ['succeeded', 'failed'] },
  { family: SEED.duration, figures: ['duration'] },
  { family: SEED.tokens, figures: ['allInput', 'allOutput'] },
  { family: SEED.cost, figures: ['cost'], per: NANO },
  { family: SEED.cacheHits, figures: ['cacheHits'] },
  { family: SEED.cacheMisses, figures: ['cacheMisses'] },
  { family: STANDARD.requests, figures: ['succeededOperations', 'failedOperations'] },
  { family: STANDARD.errors, figures: ['failed'] },
  { family: STANDARD.duration, figures: ['duration'], per: MS },
  { family: STANDARD.timeToFirstByte, figures: ['timeToFirstByte'], per: MS },
  { family: STANDARD.tokens, figures: ['freshInput', 'cacheRead', 'cacheWrite', 'plainOutput', 'reasoning'] },
  { family: STANDARD.cost, figures: ['cost'], per: NANO },
  { family: STANDARD.cacheSavings, figures: ['savings'], per: NANO },
  { family: STANDARD.unpriced, figures: ['unpriced'] },
  { family: STANDARD.cacheHits, figures: ['cacheHits'] },
  { family: STANDARD.cacheMisses, figures: ['cacheMisses'] },
  { family: ROUTIIUM.requests, figures: ['totalRequests'] },
  { family: ROUTIIUM.inputTokens, figures: ['totalInput'] },
  { family: ROUTIIUM.outputTokens, figures: ['totalOutput'] },
]
