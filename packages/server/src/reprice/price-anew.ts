import { FIELD_NAMES, FIELDS, type FieldName, type UsageEvent } from '@tallystick/core/event'
import type { PriceBook } from '@tallystick/core/pricing'
import { QUANTITY_OF, type Quantity, quantityValue } from '@tallystick/core/query'
import type { RepricedEvent } from '../store/repriced.ts'
import type { Compared } from './comparison.ts'

const AS_REPRICED = QUANTITY_OF.get('repriced_cost_nano_usd') as Quantity

/** What prices are found by and costs made of, and what it cost so far. */
export const PRICED_BY: readonly FieldName[] = FIELD_NAMES.filter(
  (name) => ['what', 'usage', 'money'].includes(FIELDS[name].group) || name === 'cacheHit',
)

export interface PricedAnew extends Compared {
  /**
   * `reported`: its bill is not by our prices. `kept`: it has no price now and keeps the figure it has. `foreign`: it did not come
   * through our journal, which cannot tell of it.
   */
  readonly outcome: 'priced' | 'reported' | 'kept' | 'foreign'
  /** What is to be written; absent where nothing changes. */
  readonly change?: RepricedEvent
}

/**
 * What an event comes to at the prices of `book`, of the instant it was made.
 *
 * A cost that the provider or the client has reported is not ours to price: that is what was paid, whatever our catalogue says,
 * so as repriced it stays what it is. An event that has no price now keeps the figure it has.
 *
 * @param ordinal in our journal; undefined or less than 1 where it did not come through that
 */
export function priceAnew(event: UsageEvent, ordinal: number | undefined, book: Pick<PriceBook, 'price'>): PricedAnew {
  const billed = event.costNanoUsd
  const before = quantityValue(AS_REPRICED, event)
  const same = { billed, repriced: before, changed: false }
  if (ordinal === undefined || ordinal < 1) return { ...same, outcome: 'foreign' }
  if (isReported(event)) return { ...same, outcome: 'reported' }
  const { costNanoUsd: now, priceId } = book.price(event)
  if (now === undefined || priceId === undefined) return { ...same, outcome: before === undefined ? 'priced' : 'kept' }
  if (now === before) return { ...same, outcome: 'priced' }
  const change = { ordinal, differenceNanoUsd: now - (billed ?? 0), priceId }
  return { billed, repriced: now, changed: true, outcome: 'priced', change }
}

function isReported({ costBasis, costReportedNanoUsd }: UsageEvent): boolean {
  return costReportedNanoUsd !== undefined || costBasis === 'provider' || costBasis === 'client'
}
