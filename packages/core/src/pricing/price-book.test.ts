import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isTallystickError } from '../errors.ts'
import type { UsageEvent } from '../event/event.ts'
import { createPriceBook } from './price-book.ts'

const NOW = Date.parse('2026-11-01T12:00:00Z')
const request = (members: Partial<UsageEvent> = {}): UsageEvent => ({
  eventId: 'e',
  timestampMs: NOW,
  kind: 'llm_request_completed',
  provider: 'openai',
  requestModel: 'gpt-4o',
  ...members,
})
const USED = { inputTokens: 1_000, outputTokens: 100 }

describe('price book', () => {
  const book = createPriceBook()

  it('assigns cost, parts, basis and price id', () => {
    expect(book.price(request(USED))).toEqual({
      costNanoUsd: 3_500_000,
      costInputNanoUsd: 2_500_000,
      costOutputNanoUsd: 1_000_000,
      costListNanoUsd: 3_500_000,
      costBasis: 'catalogue',
      priceId: `${book.version}/openai/gpt-4o/0`,
    })
  })

  it('adds the parts of caches and units where the request had any', () => {
    const fields = book.price(
      request({
        inputTokens: 1_000,
        cacheReadTokens: 400,
        cacheWriteTokens: 100,
        outputTokens: 0,
        units: { web_searches: 2 },
      }),
    )
    expect(fields).toMatchObject({
      costInputNanoUsd: 1_250_000,
      costCacheReadNanoUsd: 500_000,
      costCacheWriteNanoUsd: 250_000,
      costOutputNanoUsd: 0,
      costUnitsNanoUsd: 20_000_000,
      cacheSavingsNanoUsd: 500_000,
      costListNanoUsd: 22_000_000,
    })
  })

  it('comes to what Claude Code 2.1.329 said one of its requests cost', () => {
    // cost_usd 0.005735 for 12 fresh, 4,000 read, 100 + 200 written (5 m, 1 h), 42 out
    const usage = {
      inputTokens: 4_312,
      cacheReadTokens: 4_000,
      cacheWriteTokens: 100,
      cacheWrite1hTokens: 200,
      outputTokens: 42,
    }
    const fields = book.price(
      request({ provider: 'anthropic', requestModel: 'claude-opus-5', ...usage, costReportedNanoUsd: 5_735_000 }),
    )
    expect(fields).toMatchObject({ costListNanoUsd: 5_735_000, costNanoUsd: 5_735_000 })
    expect(fields.mismatch).toBeUndefined()
  })

  it('lets a reported cost win and keeps ours as list cost', () => {
    expect(book.price(request({ ...USED, costReportedNanoUsd: 3_500_000, costBasis: 'provider' }))).toMatchObject({
      costNanoUsd: 3_500_000,
      costListNanoUsd: 3_500_000,
      costBasis: 'provider',
    })
    expect(book.price(request({ ...USED, costReportedNanoUsd: 1 }))).toMatchObject({
      costNanoUsd: 1,
      costBasis: 'client',
      mismatch: true,
    })
    expect(book.price(request({ ...USED, requestModel: 'gpt-99', costReportedNanoUsd: 7 }))).toEqual({
      costNanoUsd: 7,
      costBasis: 'client',
    })
  })

  it('flags a difference over 1 % and none of exactly 1 %', () => {
    const mismatch = (costReportedNanoUsd: number): true | undefined =>
      book.price(request({ ...USED, costReportedNanoUsd })).mismatch
    expect([mismatch(3_535_000), mismatch(3_465_000)]).toEqual([undefined, undefined])
    expect([mismatch(3_535_001), mismatch(3_464_999)]).toEqual([true, true])
  })

  it('flags an answer that cost nothing only where no cache gave it', () => {
    const flagged = [true, false].map(
      (cacheHit) => book.price(request({ ...USED, cacheHit, costReportedNanoUsd: 0 })).mismatch,
    )
    expect(flagged).toEqual([undefined, true])
  })

  it('calls a completed request without usage unpriced, and a refused one free', () => {
    expect(book.price(request())).toEqual({ costBasis: 'unpriced' })
    expect(book.price(request({ kind: 'llm_request_failed' }))).toMatchObject({
      costNanoUsd: 0,
      costListNanoUsd: 0,
      costBasis: 'catalogue',
    })
    expect(book.price(request({ kind: 'llm_request_failed', aborted: true }))).toEqual({ costBasis: 'unpriced' })
    expect(book.price(request({ kind: 'llm_request_failed', requestModel: 'gpt-99' }))).toEqual({
      costBasis: 'unpriced',
    })
    expect(
      book.price(request({ kind: 'llm_request_failed', provider: 'perplexity', requestModel: 'sonar' })).costNanoUsd,
    ).toBe(0)
    expect(book.price(request({ inputTokens: 0, outputTokens: 0 })).costNanoUsd).toBe(0)
  })

  it('gives other events no cost but a reported one', () => {
    expect(book.price(request({ ...USED, kind: 'tool_invocation' }))).toEqual({})
    expect(book.price(request({ kind: 'tool_invocation', costReportedNanoUsd: 5 }))).toEqual({
      costNanoUsd: 5,
      costBasis: 'client',
    })
  })

  it('bills the model that answered, or the one asked for where the answer names none with a price', () => {
    const id = (members: Partial<UsageEvent>): string | undefined =>
      book.price(request({ ...USED, ...members })).priceId?.split('/')[2]
    expect(id({ requestModel: 'gpt-4o', responseModel: 'gpt-4o-mini-2024-07-18' })).toBe('gpt-4o-mini')
    expect(id({ provider: 'azure', requestModel: 'our-deployment', responseModel: 'gpt-4o-2024-08-06' })).toBe('gpt-4o')
    expect(id({ requestModel: 'gpt-4o', responseModel: 'internal-build-7' })).toBe('gpt-4o')
  })

  it('names context tier and service tier in the price id', () => {
    const members = {
      provider: 'google',
      requestModel: 'gemini-2.5-pro',
      inputTokens: 200_001,
      outputTokens: 1,
      serviceTier: 'batch',
    }
    expect(book.price(request(members)).priceId).toBe(`${book.version}/google/gemini-2.5-pro/0/above_200000/batch`)
  })

  it('flags a service tier without a known price and takes the standard one', () => {
    expect(book.price(request({ ...USED, serviceTier: 'platinum' }))).toMatchObject({
      costNanoUsd: 3_500_000,
      flagged: 'unknown_service_tier',
    })
  })

  it('never throws and never yields a cost that is no safe integer, whatever the names', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('__proto__', 'constructor', 'gpt-4o', 'us.anthropic.', 'x/'.repeat(200), '\ud800'),
    )
    const tokens = fc.oneof(fc.maxSafeNat(), fc.nat())
    const property = fc.property(
      name,
      name,
      name,
      tokens,
      tokens,
      (provider, requestModel, serviceTier, inputTokens, outputTokens) => {
        const fields = book.price(request({ provider, requestModel, serviceTier, inputTokens, outputTokens }))
        return fields.costNanoUsd === undefined
          ? fields.costBasis === 'unpriced'
          : Number.isSafeInteger(fields.costNanoUsd)
      },
    )
    fc.assert(property, { seed: 1, numRuns: 3_000 })
  })

  it('gives the same answer after its memory of names has been flooded', () => {
    const before = book.price(request(USED))
    for (let index = 0; index < 10_000; index++) book.price(request({ ...USED, requestModel: `hostile-${index}` }))
    expect(book.price(request(USED))).toEqual(before)
    expect(book.resolve('openai', 'hostile-1', NOW)).toBeUndefined()
  })
})

describe('receipt', () => {
  const book = createPriceBook()

  it('shows every multiplication, and they add up', () => {
    const event = request({
      inputTokens: 1_000,
      cacheReadTokens: 400,
      outputTokens: 50,
      serviceTier: 'batch',
      responseModel: 'gpt-4o-2024-08-06',
    })
    const receipt = book.receipt(event)
    expect(receipt.lines).toEqual([
      {
        component: 'input',
        count: 600,
        listNanoUsd: 2_500_000_000,
        per: 1_000_000,
        multiplierPermille: 500,
        costNanoUsd: 750_000,
      },
      {
        component: 'cache_read',
        count: 400,
        listNanoUsd: 1_250_000_000,
        per: 1_000_000,
        multiplierPermille: 500,
        costNanoUsd: 250_000,
      },
      {
        component: 'output',
        count: 50,
        listNanoUsd: 10_000_000_000,
        per: 1_000_000,
        multiplierPermille: 500,
        costNanoUsd: 250_000,
      },
    ])
    expect(receipt).toMatchObject({
      askedModel: 'gpt-4o-2024-08-06',
      askedProvider: 'openai',
      resolution: { match: 'alias', model: 'gpt-4o', provider: 'openai', source: 'catalogue' },
      serviceTier: 'batch',
      multiplierPermille: 500,
    })
    expect(receipt.fields).toEqual(book.price(event))
  })

  it('says why there is no cost', () => {
    expect(book.receipt(request()).unpriced).toEqual({ unpriced: 'no_usage' })
    expect(book.receipt(request({ ...USED, requestModel: 'gpt-99' })).unpriced).toEqual({ unpriced: 'no_price' })
    expect(book.receipt(request({ ...USED, units: { holograms: 1 } }))).toMatchObject({
      unpriced: { unpriced: 'no_unit_price', about: 'unit:holograms' },
      lines: [],
      fields: { costBasis: 'unpriced' },
    })
  })
})

describe('overrides and defaults', () => {
  const ours = (model: string, input: number, more: object = {}): object => ({
    model,
    usd_per_million: { input, output: 0 },
    ...more,
  })
  const file = (...prices: object[]): { name: string; content: unknown } => ({
    name: 'prices.json',
    content: { prices },
  })
  const cost = (book: ReturnType<typeof createPriceBook>, members: Partial<UsageEvent> = {}): number | undefined =>
    book.price(request({ inputTokens: 1_000_000, outputTokens: 0, ...members })).costNanoUsd

  it('win over the catalogue, for dated forms of the name too', () => {
    const book = createPriceBook({ overrides: [file(ours('gpt-4o', 2))] })
    expect(cost(book)).toBe(2_000_000_000)
    expect(cost(book, { responseModel: 'gpt-4o-2024-08-06' })).toBe(2_000_000_000)
    expect(cost(book, { requestModel: 'gpt-4o-mini' })).toBe(150_000_000)
    expect(book.price(request(USED))).toMatchObject({
      costBasis: 'override',
      priceId: expect.stringMatching(/^override\/[0-9a-f]{16}$/),
    })
  })

  it('hold for the provider they name only', () => {
    const book = createPriceBook({
      overrides: [file(ours('gpt-4o', 2, { provider: 'azure_openai' }), ours('gpt-4o', 3))],
    })
    expect(cost(book, { provider: 'azure' })).toBe(2_000_000_000)
    expect(cost(book, { provider: 'openai' })).toBe(3_000_000_000)
  })

  it('win over earlier ones', () => {
    const book = createPriceBook({ overrides: [file(ours('gpt-4o', 2)), file(ours('gpt-4o', 4))] })
    expect(cost(book)).toBe(4_000_000_000)
  })

  it('give way to the catalogue outside their span of time', () => {
    const book = createPriceBook({
      overrides: [file(ours('gpt-4o', 2, { effective_from: '2026-01-01', effective_to: '2026-06-01T00:00:00Z' }))],
    })
    const at = (instant: string): number | undefined => cost(book, { timestampMs: Date.parse(instant) })
    expect(at('2025-12-31T23:59:59.999Z')).toBe(2_500_000_000)
    expect(at('2026-01-01T00:00:00Z')).toBe(2_000_000_000)
    expect(at('2026-05-31T23:59:59.999Z')).toBe(2_000_000_000)
    expect(at('2026-06-01T00:00:00Z')).toBe(2_500_000_000)
  })

  it('use the first row before it begins where nobody else has a price, and say so', () => {
    const book = createPriceBook({
      overrides: [
        file(ours('own', 2, { effective_from: '2026-01-01' }), ours('own', 5, { effective_from: '2026-06-01' })),
      ],
    })
    const early = request({
      ...USED,
      provider: 'own-gpu',
      requestModel: 'own',
      timestampMs: Date.parse('2025-01-01T00:00:00Z'),
    })
    expect(book.price(early)).toMatchObject({ costNanoUsd: 2_000_000, flagged: 'before_first_row' })
    expect(book.resolve('own-gpu', 'own', Date.parse('2026-03-01T00:00:00Z'))).toMatchObject({
      match: 'exact',
      row: { prices: { input: 2_000_000_000 } },
    })
    expect(cost(book, { provider: 'own-gpu', requestModel: 'own' })).toBe(5_000_000_000)
  })

  it('have nothing to say once the last of them has ended', () => {
    const book = createPriceBook({ overrides: [file(ours('own', 2, { effective_to: '2026-01-01' }))] })
    expect(cost(book, { provider: 'own-gpu', requestModel: 'own' })).toBeUndefined()
  })

  it('change with the hour of the day', () => {
    const night = { time_of_day: { from: '16:30', to: '00:30' } }
    const book = createPriceBook({ overrides: [file(ours('own', 1, night), ours('own', 2))] })
    const at = (clock: string): number | undefined =>
      cost(book, { requestModel: 'own', timestampMs: Date.parse(`2026-11-01T${clock}Z`) })
    expect([at('16:29:59.999'), at('16:30:00'), at('00:29:59.999'), at('00:30:00')]).toEqual([2e9, 1e9, 1e9, 2e9])
  })

  it('leave a default for the models nobody has a price for', () => {
    const book = createPriceBook({ defaultPrice: { input: 1_000_000_000, output: 0 } })
    expect(cost(book)).toBe(2_500_000_000)
    expect(cost(book, { requestModel: 'gpt-99', responseModel: 'gpt-99-2030-01-01' })).toBe(1_000_000_000)
    expect(book.resolve('openai', 'gpt-99', NOW)).toMatchObject({ match: 'default', source: 'override' })
  })

  it('are named by their content: same prices same version and ids, other prices others', () => {
    const [one, same, other] = [2, 2, 3].map((usd) => createPriceBook({ overrides: [file(ours('gpt-4o', usd))] }))
    const id = (book: typeof one): string | undefined => book?.price(request(USED)).priceId
    expect(one?.version).toBe(same?.version)
    expect(id(one)).toBe(id(same))
    expect(one?.version).not.toBe(other?.version)
    expect(id(one)).not.toBe(id(other))
    expect(one?.version).not.toBe(createPriceBook().version)
  })

  it('are replaced as a whole by a reload, or not at all', () => {
    const book = createPriceBook({ overrides: [file(ours('a', 1), ours('b', 1))] })
    const version = book.version
    try {
      book.reload({ overrides: [file(ours('a', 2), ours('b', -2))] })
      expect.unreachable()
    } catch (error) {
      expect(isTallystickError(error) && error.code).toBe('invalid_prices')
    }
    expect(cost(book, { requestModel: 'a' })).toBe(1_000_000_000)
    expect(book.version).toBe(version)
    book.reload({ overrides: [file(ours('a', 2), ours('b', 2))] })
    expect([cost(book, { requestModel: 'a' }), cost(book, { requestModel: 'b' })]).toEqual([2e9, 2e9])
    book.reload()
    expect(cost(book, { requestModel: 'a' })).toBeUndefined()
  })

  it('work without the catalogue', () => {
    const book = createPriceBook({ catalogue: false, overrides: [file(ours('gpt-4o', 2))] })
    expect(cost(book)).toBe(2_000_000_000)
    expect(cost(book, { requestModel: 'gpt-4o-mini' })).toBeUndefined()
    expect(createPriceBook({ catalogue: false }).version).toBe('none')
  })
})
