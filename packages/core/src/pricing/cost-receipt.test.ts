import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { UsageEvent } from '../event/event.ts'
import { arbitraryUsage } from '../event/testing/arbitrary.ts'
import { type CostReceipt, costReceipt } from './cost-receipt.ts'
import { GOLDEN } from './golden.fixture.ts'
import { createPriceBook } from './price-book.ts'

const book = createPriceBook()
const AT = Date.UTC(2026, 10, 1, 12)

const request = (members: Partial<UsageEvent> = {}): UsageEvent => ({
  eventId: 'e',
  timestampMs: AT,
  kind: 'llm_request_completed',
  provider: 'openai',
  requestModel: 'gpt-4o',
  inputTokens: 1_000,
  outputTokens: 100,
  ...members,
})
const priced = (event: UsageEvent, by = book): UsageEvent => {
  const { mismatch: _mismatch, flagged: _flagged, ...fields } = by.price(event)
  return { ...event, ...fields }
}
const sum = ({ lines }: Pick<CostReceipt, 'lines'>): number =>
  lines.reduce((total, { costNanoUsd }) => total + costNanoUsd, 0)

const fixture = fc.constantFrom(...GOLDEN).map(
  ([, provider, model, at, serviceTier, usage]): UsageEvent => ({
    eventId: 'golden',
    timestampMs: Date.parse(at),
    kind: 'llm_request_completed',
    requestModel: model,
    ...(provider !== undefined && { provider }),
    ...(serviceTier !== undefined && { serviceTier }),
    ...usage,
  }),
)

describe('the receipt of a cost', () => {
  it('has lines that add up to the cost of every golden request, each of them tokens times price', () => {
    for (const [about, provider, model, at, serviceTier, usage, , expected] of GOLDEN) {
      const event = priced({
        eventId: about,
        timestampMs: Date.parse(at),
        kind: 'llm_request_completed',
        requestModel: model,
        ...(provider !== undefined && { provider }),
        ...(serviceTier !== undefined && { serviceTier }),
        ...usage,
      })
      const receipt = costReceipt(event, book)
      expect([receipt.costNanoUsd ?? null, receipt.listNanoUsd ?? null]).toEqual([expected, expected])
      if (expected === null) expect(receipt.unpriced).toBeDefined()
      else expect([receipt.linesFrom, sum(receipt)]).toEqual(['price', expected])
    }
  })

  it('adds up for any usage of any priced model, whether the price row is still there or not', () => {
    const bare = createPriceBook({ catalogue: false })
    const property = fc.property(fixture, arbitraryUsage, fc.boolean(), (event, usage, gone) => {
      const stored = priced({ ...event, ...usage })
      const receipt = costReceipt(stored, gone ? bare : book)
      if (stored.costListNanoUsd === undefined) return receipt.unpriced !== undefined && receipt.lines.length === 0
      return receipt.linesFrom === (gone ? 'record' : 'price') && sum(receipt) === stored.costListNanoUsd
    })
    fc.assert(property, { seed: 81, numRuns: 3_000 })
  })

  it('shows each product, and which of them was rounded', () => {
    const receipt = costReceipt(priced(request({ inputTokens: 3, outputTokens: 1, serviceTier: 'batch' })), book)
    expect(receipt.lines).toEqual([
      {
        component: 'input',
        count: 3,
        unitPrice: { listNanoUsd: 2_500_000_000, per: 1_000_000, multiplierPermille: 500 },
        costNanoUsd: 3_750,
      },
      {
        component: 'output',
        count: 1,
        unitPrice: { listNanoUsd: 10_000_000_000, per: 1_000_000, multiplierPermille: 500 },
        costNanoUsd: 5_000,
      },
    ])
    expect(receipt.price).toMatchObject({ serviceTier: 'batch', resolution: { model: 'gpt-4o', source: 'catalogue' } })
    const odd = createPriceBook({ defaultPrice: { input: 500_000, output: 500_000 }, catalogue: false })
    const halves = costReceipt(priced(request({ inputTokens: 3, outputTokens: 2 }), odd), odd)
    expect(halves.lines.map(({ costNanoUsd, rounded }) => [costNanoUsd, rounded])).toEqual([
      [2, true],
      [1, undefined],
    ])
  })

  it('keeps to the price that was paid after another is in force', () => {
    const event = priced(request())
    const dearer = createPriceBook({
      overrides: [
        {
          name: 'prices.json',
          content: { prices: [{ provider: 'openai', model: 'gpt-4o', usd_per_million: { input: 50, output: 100 } }] },
        },
      ],
    })
    expect(dearer.price(event).costNanoUsd).not.toBe(event.costNanoUsd)
    const receipt = costReceipt(event, dearer)
    expect([receipt.linesFrom, sum(receipt), receipt.price?.resolution?.source]).toEqual([
      'price',
      event.costNanoUsd,
      'catalogue',
    ])
  })

  it('sets a reported cost beside the list price', () => {
    const event = priced(request({ costReportedNanoUsd: 4_000_000, costBasis: 'provider' }))
    const receipt = costReceipt(event, book)
    expect(receipt).toMatchObject({
      costNanoUsd: 4_000_000,
      costBasis: 'provider',
      listNanoUsd: 3_500_000,
      reported: { by: 'provider', costNanoUsd: 4_000_000, differenceNanoUsd: 500_000 },
    })
    expect(sum(receipt)).toBe(3_500_000)
    const unlisted = costReceipt(priced(request({ requestModel: 'gpt-99', costReportedNanoUsd: 7 })), book)
    expect(unlisted).toMatchObject({
      costNanoUsd: 7,
      lines: [],
      reported: { by: 'client', costNanoUsd: 7 },
      unpriced: { reason: 'no_price' },
    })
  })

  it('says why there is no cost, and that there is a price by now', () => {
    const missing = priced(request({ requestModel: 'new-model' }))
    expect(costReceipt(missing, book)).toEqual({
      costBasis: 'unpriced',
      lines: [],
      unpriced: { reason: 'no_price' },
    })
    const now = createPriceBook({ defaultPrice: { input: 1_000_000_000, output: 2_000_000_000 } })
    expect(costReceipt(missing, now).unpriced).toEqual({ reason: 'priced_since', nowNanoUsd: 1_200_000 })
    const units = costReceipt(priced(request({ units: { holograms: 1 } })), book)
    expect(units.unpriced).toEqual({ reason: 'no_unit_price', about: 'unit:holograms' })
  })

  it('shows what it comes to as repriced, with the working where the row is known', () => {
    const now = createPriceBook({ defaultPrice: { input: 1_000_000_000, output: 2_000_000_000 }, catalogue: false })
    const { costNanoUsd = 0, priceId = '' } = now.price(request({ requestModel: 'new-model' }))
    const event = {
      ...priced(request({ requestModel: 'new-model' })),
      repricedUpNanoUsd: costNanoUsd,
      repricedPriceId: priceId,
    }
    const { repriced } = costReceipt(event, now)
    expect(repriced).toMatchObject({ costNanoUsd: 1_200_000, differenceNanoUsd: 1_200_000, priceId })
    expect(sum(repriced as NonNullable<typeof repriced>)).toBe(1_200_000)
    const less = costReceipt({ ...priced(request()), repricedDownNanoUsd: 500_000, repricedPriceId: 'gone' }, book)
    expect(less.repriced).toEqual({
      costNanoUsd: 3_000_000,
      differenceNanoUsd: -500_000,
      priceId: 'gone',
      lines: [],
    })
  })

  it('has nothing to explain of a refused request or of what is no request', () => {
    const refused = priced({ eventId: 'f', timestampMs: AT, kind: 'llm_request_failed', requestModel: 'gpt-4o' })
    expect(costReceipt(refused, book)).toMatchObject({ costNanoUsd: 0, lines: [], linesFrom: 'price' })
    const tool: UsageEvent = { eventId: 't', timestampMs: AT, kind: 'tool_invocation', toolName: 'search' }
    expect(costReceipt(tool, book)).toEqual({ lines: [] })
  })
})
