import { describe, expect, it } from 'vitest'
import type { UsageEvent } from '../event/event.ts'
import { GOLDEN } from './golden.fixture.ts'
import { createPriceBook } from './price-book.ts'

describe('golden table of costs', () => {
  const book = createPriceBook()

  it('holds at least 300 cases', () => {
    expect(GOLDEN.length).toBeGreaterThanOrEqual(300)
  })

  it.each(GOLDEN)('%s: %s %s at %s, tier %s', (_about, provider, model, at, serviceTier, usage, _working, expected) => {
    const event: UsageEvent = {
      eventId: 'golden',
      timestampMs: Date.parse(at),
      kind: 'llm_request_completed',
      requestModel: model,
      ...(provider !== undefined && { provider }),
      ...(serviceTier !== undefined && { serviceTier }),
      ...usage,
    }
    expect(book.price(event).costNanoUsd ?? null).toBe(expected)
  })
})
