import type { Mutable, UsageEvent } from '@tallystick/core/event'
import type { PriceBook, PricedFields } from '@tallystick/core/pricing'
import type { Tally } from './tally.ts'

/** Writes the money members into an event. An event whose pricing fails inside is kept, unpriced, and counted. */
export function assignPrice(
  event: Mutable<UsageEvent>,
  prices: Pick<PriceBook, 'price'>,
  tally: Tally,
  onError: (error: unknown) => void,
): void {
  let money: PricedFields
  try {
    money = prices.price(event)
  } catch (error) {
    event.costBasis = 'unpriced'
    tally.pricingFailures++
    onError(error)
    return
  }
  if (money.mismatch) tally.priceMismatches++
  // Member by member: a third of the time that copying the object takes, once for every event.
  if (money.costNanoUsd !== undefined) event.costNanoUsd = money.costNanoUsd
  if (money.costInputNanoUsd !== undefined) event.costInputNanoUsd = money.costInputNanoUsd
  if (money.costCacheReadNanoUsd !== undefined) event.costCacheReadNanoUsd = money.costCacheReadNanoUsd
  if (money.costCacheWriteNanoUsd !== undefined) event.costCacheWriteNanoUsd = money.costCacheWriteNanoUsd
  if (money.costOutputNanoUsd !== undefined) event.costOutputNanoUsd = money.costOutputNanoUsd
  if (money.costUnitsNanoUsd !== undefined) event.costUnitsNanoUsd = money.costUnitsNanoUsd
  if (money.cacheSavingsNanoUsd !== undefined) event.cacheSavingsNanoUsd = money.cacheSavingsNanoUsd
  if (money.costListNanoUsd !== undefined) event.costListNanoUsd = money.costListNanoUsd
  if (money.costBasis !== undefined) event.costBasis = money.costBasis
  if (money.priceId !== undefined) event.priceId = money.priceId
}
