import type { Mutable, UsageEvent } from '@tallystick/core/event'
import type { PriceBook } from '@tallystick/core/pricing'
import type { Tally } from './tally.ts'

/** Writes the money members into an event. An event whose pricing fails inside is kept, unpriced, and counted. */
export function assignPrice(
  event: Mutable<UsageEvent>,
  prices: Pick<PriceBook, 'price'>,
  tally: Tally,
  onError: (error: unknown) => void,
): void {
  try {
    const { mismatch, flagged: _, ...money } = prices.price(event)
    Object.assign(event, money)
    if (mismatch) tally.priceMismatches++
  } catch (error) {
    event.costBasis = 'unpriced'
    tally.pricingFailures++
    onError(error)
  }
}
