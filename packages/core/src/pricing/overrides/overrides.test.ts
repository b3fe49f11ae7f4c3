import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isTallystickError } from '../../errors.ts'
import { createPriceBook } from '../price-book.ts'
import { type OverrideFormat, parseOverrides, validateOverrides } from './index.ts'

const source = (
  content: unknown,
  format?: OverrideFormat,
): { name: string; content: unknown; format?: OverrideFormat } =>
  format ? { name: 'p.json', content, format } : { name: 'p.json', content }
const paths = (content: unknown, format?: OverrideFormat): string[] =>
  validateOverrides([source(content, format)]).map((issue) => issue.path)
const AT = Date.parse('2026-11-01T12:00:00Z')

describe('our own price file', () => {
  it('says everything a price row can say', () => {
    const { tables, defaultRow } = parseOverrides([
      source(`{ "prices": [{
        "provider": "Azure_OpenAI", "model": "m", "aliases": ["n"],
        "effective_from": "2026-01-01", "effective_to": "2027-01-01T00:00:00+01:00",
        "time_of_day": { "from": "16:30", "to": "00:30:15" },
        "usd_per_million": { "input": 2.25, "cache_read": "1.125", "cache_write_1h": 4.5, "output": 9 },
        "tiers": [{ "above_input_tokens": 1000, "usd_per_million": { "input": 4.5 } },
                  { "above_input_tokens": 2000, "usd_per_million": { "output": 18 } }],
        "usd_per_unit": { "web_searches": 0.01 },
        "multipliers": { "batch": 0.5, "priority": 1.75 },
        "service_tiers": { "flex": { "usd_per_million": { "input": 1, "output": 2 } } } }],
        "default": { "usd_per_million": { "input": 1, "output": 2 } } }`),
    ])
    expect(tables).toEqual([
      [
        {
          source: 'override',
          provider: 'azure',
          model: 'm',
          aliases: ['n'],
          rows: [
            {
              id: expect.stringMatching(/^override\/[0-9a-f]{16}$/),
              provider: 'azure',
              model: 'm',
              effectiveFromMs: Date.UTC(2026, 0, 1),
              effectiveToMs: Date.UTC(2026, 11, 31, 23),
              timeOfDay: { fromMs: 59_400_000, toMs: 1_815_000 },
              prices: {
                input: 2_250_000_000,
                cacheRead: 1_125_000_000,
                cacheWrite1h: 4_500_000_000,
                output: 9_000_000_000,
              },
              tiers: [
                {
                  aboveInputTokens: 1_000,
                  prices: {
                    input: 4_500_000_000,
                    cacheRead: 1_125_000_000,
                    cacheWrite1h: 4_500_000_000,
                    output: 9_000_000_000,
                  },
                },
                {
                  aboveInputTokens: 2_000,
                  prices: {
                    input: 4_500_000_000,
                    cacheRead: 1_125_000_000,
                    cacheWrite1h: 4_500_000_000,
                    output: 18_000_000_000,
                  },
                },
              ],
              units: new Map([['web_searches', { nanoUsd: 10_000_000_000, per: 1_000 }]]),
              multipliers: new Map([
                ['batch', 500],
                ['priority', 1_750],
              ]),
              serviceTiers: new Map([['flex', { prices: { input: 1_000_000_000, output: 2_000_000_000 } }]]),
            },
          ],
        },
      ],
    ])
    expect(defaultRow?.prices).toEqual({ input: 1_000_000_000, output: 2_000_000_000 })
  })

  it('is refused with every problem at once, each where it stands', () => {
    const content = {
      prices: [
        { model: '', usd_per_million: { input: -1, outptu: 2 } },
        'no object',
        {
          model: 'm',
          usd_per_million: { input: 1 },
          tiers: [
            { above_input_tokens: 5, usd_per_million: { input: 1 } },
            { above_input_tokens: 5, usd_per_million: { input: 1 } },
          ],
        },
        {
          model: 'm',
          usd_per_million: {},
          effective_from: '2026-01-01T00:00:00',
          time_of_day: { from: '24:00', to: '1:00' },
        },
        {
          model: 'm',
          usd_per_million: { input: Number.NaN },
          multipliers: { batch: 0.12345 },
          usd_per_unit: { images: '1 USD' },
        },
        { model: 'm', usd_per_million: { input: 1 }, effective_from: '2026-02-01', effective_to: '2026-01-01' },
      ],
      defualt: {},
    }
    expect(paths(content)).toEqual([
      'p.json: defualt',
      'p.json: prices[0].model',
      'p.json: prices[0].usd_per_million.input',
      'p.json: prices[0].usd_per_million.outptu',
      'p.json: prices[1]',
      'p.json: prices[2].tiers[1].above_input_tokens',
      'p.json: prices[3].usd_per_million',
      'p.json: prices[3].effective_from',
      'p.json: prices[3].time_of_day.from',
      'p.json: prices[3].time_of_day.to',
      'p.json: prices[4].usd_per_million.input',
      'p.json: prices[4].usd_per_unit.images',
      'p.json: prices[4].multipliers.batch',
      'p.json: prices[5].effective_to',
    ])
  })
})

describe('price files', () => {
  it('of all sources are judged before any is used', () => {
    try {
      createPriceBook({
        overrides: [source('{', 'tallystick'), source([]), source({ what: 1 }), source({ models: { m: {} } })],
      })
      expect.unreachable()
    } catch (error) {
      if (!isTallystickError(error)) throw error
      expect(error.code).toBe('invalid_prices')
      expect(error.issues.map((issue) => issue.path)).toEqual([
        'p.json',
        'p.json',
        'p.json',
        'p.json: models.m.input_per_million',
        'p.json: models.m.output_per_million',
      ])
    }
  })

  it('may name models as they like', () => {
    const content =
      '{"models": {"__proto__": {"input_per_million": 1, "output_per_million": 1}, "constructor": {"input_per_million": 2, "output_per_million": 2}}}'
    const book = createPriceBook({ catalogue: false, overrides: [source(content)] })
    expect(book.resolve(undefined, '__proto__', AT)?.row.prices.input).toBe(1_000_000_000)
    expect(book.resolve(undefined, 'constructor', AT)?.row.prices.input).toBe(2_000_000_000)
    expect(book.resolve(undefined, 'toString', AT)).toBeUndefined()
  })

  it('of any content are either loaded or refused as invalid, in every form', () => {
    const forms: (OverrideFormat | undefined)[] = [undefined, 'tallystick', 'litellm', 'routiium', 'bridge']
    const property = fc.property(fc.jsonValue(), fc.constantFrom(...forms), (content, format) => {
      try {
        parseOverrides([source(content, format)])
        return validateOverrides([source(content, format)]).length === 0
      } catch (error) {
        return isTallystickError(error) && error.code === 'invalid_prices' && error.issues.length > 0
      }
    })
    fc.assert(property, { seed: 1, numRuns: 2_000 })
  })
})

describe("LiteLLM's form", () => {
  it('reads tiers, caches, lifetimes, service tiers, audio and other units', () => {
    const [models] = parseOverrides([
      source({
        sample_spec: { input_cost_per_token: 'an explanation' },
        'gemini/gemini-x': {
          litellm_provider: 'gemini',
          mode: 'chat',
          max_tokens: 8192,
          input_cost_per_token: 1.25e-6,
          input_cost_per_token_above_200k_tokens: 2.5e-6,
          output_cost_per_token: 1e-5,
          output_cost_per_token_above_200k_tokens: 1.5e-5,
          cache_read_input_token_cost: 1.25e-7,
          cache_creation_input_token_cost: 1.5e-6,
          cache_creation_input_token_cost_above_1hr: 3e-6,
          input_cost_per_token_batches: 6.25e-7,
          output_cost_per_token_batches: 5e-6,
          input_cost_per_token_priority: 2e-6,
          input_cost_per_audio_token: 1e-6,
          ocr_cost_per_page: 0.001,
        },
      }),
    ]).tables
    const base = {
      input: 1_250_000_000,
      output: 10_000_000_000,
      cacheRead: 125_000_000,
      cacheWrite: 1_500_000_000,
      cacheWrite1h: 3_000_000_000,
      inputAudio: 1_000_000_000,
    }
    const above = { ...base, input: 2_500_000_000, output: 15_000_000_000 }
    expect(models).toMatchObject([{ provider: 'google', model: 'gemini/gemini-x', aliases: ['gemini-x'] }])
    expect(models?.[0]?.rows[0]).toMatchObject({
      prices: base,
      tiers: [{ aboveInputTokens: 200_000, prices: above }],
      units: new Map([['pages', { nanoUsd: 1_000_000_000, per: 1_000 }]]),
    })
    const batch = models?.[0]?.rows[0]?.serviceTiers?.get('batch')
    expect(batch?.prices).toMatchObject({ input: 625_000_000, output: 5_000_000_000, cacheRead: 125_000_000 })
    const priority = models?.[0]?.rows[0]?.serviceTiers?.get('priority')
    expect(priority?.prices).toMatchObject({ input: 2_000_000_000, output: 10_000_000_000 })
  })

  it('notes what is no price and reads on', () => {
    expect(paths({ m: { input_cost_per_token: -1e-6, output_cost_per_token: 'free' }, n: 3 }, 'litellm')).toEqual([
      'p.json: m.input_cost_per_token',
      'p.json: m.output_cost_per_token',
      'p.json: n',
    ])
  })
})
