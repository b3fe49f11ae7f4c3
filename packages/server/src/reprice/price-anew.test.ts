import type { UsageEvent } from '@tallystick/core/event'
import { createPriceBook } from '@tallystick/core/pricing'
import { QUANTITY_OF, type Quantity, quantityValue } from '@tallystick/core/query'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryEvent } from '../../../core/src/event/testing/arbitrary.ts'
import { repriced } from '../store/repriced.ts'
import { PRICED_BY, priceAnew } from './price-anew.ts'

const AS_REPRICED = QUANTITY_OF.get('repriced_cost_nano_usd') as Quantity
const book = createPriceBook()
describe('an event priced anew', () => {
  it('comes to what it is priced at now, by a change that is the difference to the bill; once more it changes nothing', () => {
    fc.assert(
      fc.property(arbitraryEvent(), (event) => {
        const { billed, change, outcome, repriced: now, changed } = priceAnew(event, 7, book)
        expect(billed).toBe(event.costNanoUsd)
        const after = change === undefined ? event : repriced(event, change)
        expect(quantityValue(AS_REPRICED, after)).toBe(now)
        expect(after.costNanoUsd).toBe(event.costNanoUsd)
        expect(changed).toBe(change !== undefined)
        if (outcome === 'reported' || outcome === 'kept') expect(after).toBe(event)
        const { costNanoUsd: price } = book.price(event)
        if (outcome === 'priced') expect(now).toBe(price ?? undefined)
        expect(priceAnew(after, 7, book)).toEqual({ billed, repriced: now, changed: false, outcome })
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('is priced by the members that are read for it as by all of them', () => {
    const members = new Set<string>([...PRICED_BY, 'eventId', 'timestampMs', 'kind'])
    fc.assert(
      fc.property(arbitraryEvent(), (event) => {
        const read = Object.fromEntries(Object.entries(event).filter(([name]) => members.has(name)))
        expect(priceAnew(read as unknown as UsageEvent, 7, book)).toEqual(priceAnew(event, 7, book))
      }),
      { seed: 2, numRuns: 500 },
    )
  })

  it('is left alone where it did not come through the journal', () => {
    const event = { eventId: 'e', timestampMs: 1, kind: 'llm_request_completed', requestModel: 'gpt-4o' } as const
    for (const ordinal of [undefined, -5])
      expect(priceAnew({ ...event, inputTokens: 5, outputTokens: 5 }, ordinal, book)).toEqual({
        billed: undefined,
        repriced: undefined,
        changed: false,
        outcome: 'foreign',
      })
  })
})
