import { addExact, type Exact, nanoToUsd } from '../event/index.ts'
import {
  costOfTokens,
  type MonthProjection,
  projectMonth,
  type TokenPrices,
  type TokenUse,
  thirtyfold,
  withoutDivision,
} from '../insight/index.ts'
import { figuresOf, type InvocationFold } from './figures.ts'
import { namedBy } from './named.ts'
import type { PriceTable } from './pricing.ts'
import type { BackendCost, CostAnalysis, CostSavings, Named } from './types.ts'

export interface CostOptions {
  readonly prices: PriceTable
  /** The old formulas: every token split 30 to 70, a month is thirty times the amount. */
  readonly legacy: boolean
  readonly localBackend: string
  readonly referenceBackend: string
  /** How long it took to record what is folded. */
  readonly elapsedMs: number
}

interface Cost {
  readonly inputNanoUsd: Exact
  readonly outputNanoUsd: Exact
  readonly totalNanoUsd: Exact
  readonly estimated: boolean
}

/** What the folded invocations cost, backend by backend. */
export function costAnalysis(fold: InvocationFold, options: CostOptions): CostAnalysis {
  const { prices, legacy, elapsedMs } = options
  const { requests } = figuresOf(fold.total)
  let totalNanoUsd: Exact = 0
  let estimated = false
  let unpricedRequests = 0
  const unpricedBackends: string[] = []
  const breakdown = namedBy(fold.backends.groups, (aggregate, [backend = '']): BackendCost => {
    const figures = figuresOf(aggregate)
    const price = prices.get(backend)
    const cost = costOf(figures.use, price, legacy)
    totalNanoUsd = addExact(totalNanoUsd, cost.totalNanoUsd)
    estimated ||= cost.estimated
    if (price === undefined) {
      unpricedRequests += figures.requests
      unpricedBackends.push(backend)
    }
    return {
      input_cost: nanoToUsd(cost.inputNanoUsd),
      output_cost: nanoToUsd(cost.outputNanoUsd),
      total_cost: nanoToUsd(cost.totalNanoUsd),
      tokens: Number(figures.tokens),
      requests: figures.requests,
      priced: price !== undefined,
      estimated: cost.estimated,
    }
  })
  const month = projectMonth(totalNanoUsd, elapsedMs, requests)
  return {
    total_cost: nanoToUsd(totalNanoUsd),
    breakdown,
    cost_per_request: requests > 0 ? nanoToUsd(totalNanoUsd) / requests : 0,
    estimated_monthly_cost: nanoToUsd(legacy ? thirtyfold(totalNanoUsd) : month.monthlyNanoUsd),
    cost_savings_vs_cloud_only: savings(localUse(fold, options), options, requests),
    estimated,
    unpriced_requests: unpricedRequests,
    unpriced_backends: unpricedBackends,
    projection: projection(month, legacy),
  }
}

function projection(month: MonthProjection, legacy: boolean): CostAnalysis['projection'] {
  const { elapsedMs, windowMs, confidence } = month
  return { method: legacy ? 'thirtyfold' : 'elapsed', elapsed_ms: elapsedMs, window_ms: windowMs, confidence }
}

const NOTHING: TokenUse = { inputTokens: 0, cacheReadTokens: 0, outputTokens: 0, undividedTokens: 0 }

function localUse(fold: InvocationFold, { localBackend }: CostOptions): TokenUse {
  const local = fold.backends.groups.find(({ name }) => name[0] === localBackend)
  return local === undefined ? NOTHING : figuresOf(local.value).use
}

/** What the local backend's tokens would have cost at the reference backend, less what they did cost. */
function savings(local: TokenUse, options: CostOptions, requests: number): CostSavings {
  const { prices, legacy, localBackend, referenceBackend, elapsedMs } = options
  const actual = costOf(local, prices.get(localBackend), legacy).totalNanoUsd
  const cloud = costOf(local, prices.get(referenceBackend), legacy).totalNanoUsd
  const saved = addExact(cloud, -BigInt(actual))
  const monthly = legacy ? thirtyfold(saved) : projectMonth(saved, elapsedMs, requests).monthlyNanoUsd
  return {
    actual_cost: nanoToUsd(actual),
    would_have_cost: nanoToUsd(cloud),
    savings: nanoToUsd(saved),
    potential_savings: nanoToUsd(monthly),
  }
}

/** The same for a breakdown at hand, whose tokens nobody has divided. */
export function savingsOfBreakdown(
  breakdown: Readonly<Named<{ readonly tokens: number } | undefined>>,
  options: CostOptions,
): CostSavings {
  const { localBackend } = options
  const tokens = Object.hasOwn(breakdown, localBackend) ? Math.round(breakdown[localBackend]?.tokens ?? 0) : 0
  return savings({ ...NOTHING, undividedTokens: Number.isSafeInteger(tokens) ? Math.max(0, tokens) : 0 }, options, 0)
}

/** Without a price it is nothing, which the caller tells from free. */
function costOf(use: TokenUse, price: TokenPrices | undefined, legacy: boolean): Cost {
  if (price === undefined) return { inputNanoUsd: 0, outputNanoUsd: 0, totalNanoUsd: 0, estimated: false }
  const { inputNanoUsd, outputNanoUsd, estimatedTokens } = costOfTokens(legacy ? withoutDivision(use) : use, price)
  // Where input and output cost the same, the split does not matter.
  const estimated = estimatedTokens > 0 && price.input !== price.output
  return { inputNanoUsd, outputNanoUsd, totalNanoUsd: addExact(inputNanoUsd, outputNanoUsd), estimated }
}
