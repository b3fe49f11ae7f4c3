import type { UsageEvent } from '../event/event.ts'
import { type CostBreakdown, type CostLine, rateWithCard, type Unpriced } from './cost.ts'
import { type CompiledCard, cardOf } from './rate-card.ts'
import type { Resolution } from './resolve.ts'

/** Our figure for one request at list price, or why there is none. */
export type Quote =
  | { readonly resolution: Resolution; readonly card: CompiledCard; readonly cost: CostBreakdown }
  | { readonly resolution: Resolution | undefined; readonly card?: CompiledCard; readonly cost: Unpriced }

const NOTHING: CostBreakdown = {
  totalNanoUsd: 0,
  inputNanoUsd: 0,
  cacheReadNanoUsd: 0,
  cacheWriteNanoUsd: 0,
  outputNanoUsd: 0,
  unitsNanoUsd: 0,
  cacheSavingsNanoUsd: 0,
}
const NO_PRICE: Unpriced = { unpriced: 'no_price' }
const NO_USAGE: Unpriced = { unpriced: 'no_usage' }

/**
 * Prices an LLM request with the row that was found for it.
 *
 * Without any usage, a failed request was refused before it cost anything: zero. A completed one, or one aborted half
 * way, did cost something that nobody knows: unpriced. Of a partly known usage the known part is priced.
 */
export function quote(event: UsageEvent, resolution: Resolution | undefined, lines?: CostLine[]): Quote {
  if (resolution === undefined) return { resolution, cost: NO_PRICE }
  const card = cardOf(resolution.row, event.serviceTier)
  if (!hasUsage(event)) {
    const refused = event.kind === 'llm_request_failed' && event.aborted !== true
    return refused ? { resolution, card, cost: NOTHING } : { resolution, card, cost: NO_USAGE }
  }
  const cost = rateWithCard(event, card, lines)
  return 'unpriced' in cost ? { resolution, card, cost } : { resolution, card, cost }
}

function hasUsage(event: UsageEvent): boolean {
  return (
    event.inputTokens !== undefined ||
    event.outputTokens !== undefined ||
    event.totalTokens !== undefined ||
    event.cacheReadTokens !== undefined ||
    event.cacheWriteTokens !== undefined ||
    event.cacheWrite1hTokens !== undefined ||
    event.reasoningTokens !== undefined ||
    event.inputAudioTokens !== undefined ||
    event.inputImageTokens !== undefined ||
    event.outputAudioTokens !== undefined ||
    event.outputImageTokens !== undefined ||
    (event.units !== undefined && Object.keys(event.units).length > 0)
  )
}

/** The price id with what else decided the figures: `<row>[/above_<threshold>][/<service tier>]`. */
export function quotedPriceId(resolution: Resolution, card: CompiledCard, cost: CostBreakdown): string {
  let id = resolution.priceId
  if (cost.aboveInputTokens !== undefined) id += `/above_${cost.aboveInputTokens}`
  if (card.serviceTier !== undefined && !card.unknownServiceTier) id += `/${card.serviceTier}`
  return id
}
