import { type Clock, currentTimeMs, NANO_USD_PER_USD, systemClock } from '../event/index.ts'
import { createPriceBook, type PriceBook } from '../pricing/price-book.ts'
import { defaultMetrics } from './default.ts'
import type { MetricRegistry } from './registry.ts'

/** Where {@link calculateCost} has its prices from, and where it counts. */
export interface CalculateCostOptions {
  /** The catalogue that is built in by default. */
  readonly prices?: Pick<PriceBook, 'price'>
  readonly metrics?: MetricRegistry
  readonly clock?: Clock
}

let catalogue: PriceBook | undefined

/**
 * What a request costs now in US dollars, counted at once, as in llm-edge-monitoring. A model that nobody has a price for
 * gives 0 and is counted as unpriced, not as free. Numbers that are none give 0 and are counted as invalid.
 *
 * @throws never
 * @example calculateCost('openai', 'gpt-4', 150, 500) // 0.0345
 */
export function calculateCost(
  provider: string,
  model: string,
  inputTokens: number,
  outputTokens: number,
  options: CalculateCostOptions = {},
): number {
  const { metrics = defaultMetrics(), clock = systemClock } = options
  if (!(isCount(inputTokens) && isCount(outputTokens))) {
    metrics.recordCost(provider, model, Number.NaN)
    return 0
  }
  const request = { kind: 'llm_request_completed', provider, requestModel: model, inputTokens, outputTokens } as const
  const nano = costOf(options, { eventId: '', timestampMs: currentTimeMs(clock), ...request })
  if (nano === undefined) {
    metrics.recordUnpriced(provider, model)
    return 0
  }
  const usd = nano / NANO_USD_PER_USD
  metrics.recordCost(provider, model, usd)
  return usd
}

function costOf({ prices }: CalculateCostOptions, event: Parameters<PriceBook['price']>[0]): number | undefined {
  try {
    if (prices !== undefined) return prices.price(event).costNanoUsd
    catalogue ??= createPriceBook()
    return catalogue.price(event).costNanoUsd
  } catch {
    return undefined
  }
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
