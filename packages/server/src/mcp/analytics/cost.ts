import type { CostAnalysis, CostSavings } from '@tallystick/core/compat'
import { addExact, type Exact, nanoToUsd } from '@tallystick/core/event'
import { costOfTokens, projectMonth, type TokenPrices } from '@tallystick/core/insight'
import type { CallFigures, Named } from './figures.ts'
import { objectBy } from './named.ts'
import { textName } from './session.ts'

/**
 * What smart-ai-bridge takes its backends to cost, integer nano-USD per million tokens: for calls of them whose cost nobody
 * has recorded. They tell of no model that the catalogue could price.
 */
const BRIDGE_PRICES: ReadonlyMap<string, TokenPrices> = new Map([
  ['local', { input: 0, output: 0 }],
  ['gemini', { input: 75_000_000, output: 300_000_000 }],
  ['nvidia_deepseek', { input: 270_000_000, output: 1_080_000_000 }],
  ['nvidia_qwen', { input: 450_000_000, output: 1_800_000_000 }],
])
const LOCAL = 'local'
const REFERENCE: TokenPrices = { input: 75_000_000, output: 300_000_000 }

interface Cost {
  readonly input: Exact | null
  readonly output: Exact | null
  readonly total: Exact | null
  readonly estimated: boolean
}

/** What calls cost, backend by backend; USD. Null is unknown: what has no price is in no sum, and is told of beside it. */
export interface CostReport {
  readonly total_cost: number | null
  readonly cost_per_request: number | null
  readonly estimated_monthly_cost: number | null
  readonly cost_savings_vs_cloud_only: CostSavings
  readonly projection: CostAnalysis['projection']
  readonly [member: string]: unknown
}

/** @param elapsedMs in which time the calls were made */
export function costReport(byBackend: readonly Named[], total: CallFigures, elapsedMs: number): CostReport {
  const costs = byBackend.map((one) => ({ one, cost: costOf(textName(one), one.figures) }))
  const known = costs.flatMap(({ cost }) => cost.total ?? [])
  const sum = known.length === 0 ? null : known.reduce(addExact, 0)
  // A tool that was invoked without any model has no price to look for.
  const unpriced = costs.filter(({ one, cost }) => cost.total === null && isBilled(one.figures))
  const month = projectMonth(sum ?? 0, elapsedMs, total.calls)
  const { inputTokens, outputTokens, undividedTokens } = total.use
  return {
    total_cost: usd(sum),
    breakdown: objectBy(costs.map(({ one, cost }) => [textName(one), costRow(one.figures, cost)])),
    cost_per_request: sum === null || total.calls === 0 ? null : nanoToUsd(sum) / total.calls,
    estimated_monthly_cost: sum === null ? null : nanoToUsd(month.monthlyNanoUsd),
    cost_savings_vs_cloud_only: savings(byBackend, total, elapsedMs),
    estimated: costs.some(({ cost }) => cost.estimated),
    unpriced_requests:
      unpriced.reduce((count, { one }) => count + one.figures.calls, 0) +
      costs.reduce(
        (count, { one, cost }) => count + (cost.total === null || cost.estimated ? 0 : one.figures.unpriced),
        0,
      ),
    unpriced_backends: unpriced.map(({ one }) => textName(one)),
    projection: {
      method: 'elapsed',
      elapsed_ms: month.elapsedMs,
      window_ms: month.windowMs,
      confidence: month.confidence,
    },
    total: {
      tokens_in: Number(inputTokens),
      tokens_out: Number(outputTokens),
      tokens_undivided: Number(undividedTokens),
      estimated_usd: usd(sum),
    },
  }
}

const isBilled = ({ tokens, unpriced }: CallFigures): boolean => tokens > 0 || unpriced > 0

/** A backend under both generations of names. */
function costRow({ calls, tokens, use }: CallFigures, { input, output, total, estimated }: Cost): object {
  return {
    input_cost: usd(input),
    output_cost: usd(output),
    total_cost: usd(total),
    tokens,
    requests: calls,
    priced: total !== null,
    estimated,
    tokens_in: Number(use.inputTokens),
    tokens_out: Number(use.outputTokens),
    estimated_usd: usd(total),
  }
}

/** What was recorded; else by the prices of smart-ai-bridge; else unknown. */
function costOf(backend: string, { costNanoUsd, inputNanoUsd, outputNanoUsd, use }: CallFigures): Cost {
  if (costNanoUsd !== null) return { input: inputNanoUsd, output: outputNanoUsd, total: costNanoUsd, estimated: false }
  const price = BRIDGE_PRICES.get(backend)
  if (price === undefined) return { input: null, output: null, total: null, estimated: false }
  const { inputNanoUsd: input, outputNanoUsd: output } = costOfTokens(use, price)
  return { input, output, total: addExact(input, output), estimated: true }
}

/** What the tokens of the local backend would have cost at the reference, less what they did cost. */
function savings(byBackend: readonly Named[], total: CallFigures, elapsedMs: number): CostSavings {
  const local = byBackend.find((one) => textName(one) === LOCAL)?.figures
  const actual = local?.costNanoUsd ?? 0
  const elsewhere = local === undefined ? { inputNanoUsd: 0, outputNanoUsd: 0 } : costOfTokens(local.use, REFERENCE)
  const cloud = addExact(elsewhere.inputNanoUsd, elsewhere.outputNanoUsd)
  const saved = addExact(cloud, -BigInt(actual))
  const month = projectMonth(saved, elapsedMs, total.calls).monthlyNanoUsd
  return {
    actual_cost: nanoToUsd(actual),
    would_have_cost: nanoToUsd(cloud),
    savings: nanoToUsd(saved),
    potential_savings: nanoToUsd(month),
  }
}

const usd = (nanoUsd: Exact | null): number | null => (nanoUsd === null ? null : nanoToUsd(nanoUsd))
