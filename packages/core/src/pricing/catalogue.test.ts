import { calcPrice, findProvider } from '@pydantic/genai-prices'
import { describe, expect, it } from 'vitest'
import { generateCatalogue, renderCatalogue } from '../../../../scripts/generate-catalogue.mjs'
import { isTallystickError } from '../errors.ts'
import { bundledCatalogue, type CatalogueData, parseCatalogue } from './catalogue.ts'
import { rateUsage } from './cost.ts'
import { CATALOGUE_JSON } from './generated/catalogue.ts'
import { TOKEN_PRICE_NAMES } from './price.ts'

describe('catalogue', () => {
  it('is what the installed source generates', () => {
    expect(renderCatalogue(generateCatalogue())).toContain(`\`${CATALOGUE_JSON}\``)
  })

  it('stays small enough to embed', () => {
    expect(CATALOGUE_JSON.length).toBeLessThan(600_000)
  })

  it('holds integers only, and price ids that name one row each', () => {
    const ids = new Set<string>()
    for (const { rows } of bundledCatalogue().models) {
      for (const row of rows) {
        expect(ids.has(row.id)).toBe(false)
        ids.add(row.id)
        expect(new TextEncoder().encode(row.id).length).toBeLessThanOrEqual(200)
        for (const card of [row, ...(row.tiers ?? [])]) {
          for (const name of TOKEN_PRICE_NAMES) expect(Number.isSafeInteger(card.prices[name] ?? 0)).toBe(true)
        }
      }
    }
    expect(ids.size).toBeGreaterThan(1_500)
  })

  it('prices every name it lists as the source does, to the precision of its floats', () => {
    const usages = [
      { inputTokens: 1_000, outputTokens: 500 },
      { inputTokens: 300_000, cacheReadTokens: 1_000, outputTokens: 500 },
    ]
    const at = new Date('2026-11-01T12:00:00Z')
    let compared = 0
    for (const prices of bundledCatalogue().models) {
      const row = prices.rows.findLast((one) => !one.timeOfDay && (one.effectiveFromMs ?? 0) <= at.getTime())
      const provider = findProvider({ providerId: prices.provider ?? '' })
      if (
        !row ||
        !provider ||
        isTimed(prices.rows) ||
        row.prices.input === undefined ||
        row.prices.output === undefined
      )
        continue
      for (const name of [prices.model, ...prices.aliases]) {
        for (const usage of usages) {
          const theirs = calcPrice(
            {
              input_tokens: usage.inputTokens,
              output_tokens: usage.outputTokens,
              cache_read_tokens: usage.cacheReadTokens ?? 0,
            },
            name,
            { provider, timestamp: at },
          )
          // an id its own rules do not cover, or that an earlier rule of another model takes
          if (theirs?.model.id !== prices.model) continue
          const ours = rateUsage(usage, row)
          if ('unpriced' in ours) throw new Error(`${prices.provider} ${name}: ${ours.unpriced}`)
          const theirNano = theirs.total_price * 1e9
          if (Math.abs(ours.totalNanoUsd - theirNano) > 2) {
            throw new Error(`${prices.provider} ${name}: ours ${ours.totalNanoUsd}, theirs ${theirNano}`)
          }
          compared++
        }
      }
    }
    expect(compared).toBeGreaterThan(4_000)
  })

  it('loads what a file holds, and prices with it', () => {
    const data = generateCatalogue()
    expect(parseCatalogue(JSON.parse(JSON.stringify(data)))).toEqual(bundledCatalogue())
  })

  it.each([
    ['format', null],
    ['format', { format: 2, providers: [] }],
    ['providers', snapshot('nothing')],
    ['providers[0]', snapshot([{ models: [] }])],
    ['providers[0].models[0]', snapshot([{ id: 'p', models: [['m']] }])],
    ['providers[0].models[0]', snapshot([{ id: 'p', models: [['\ud800', [], []]] }])],
    ['providers[0].models[0][2][0].prices.input', withRow({ prices: { input: 1.5 } })],
    ['providers[0].models[0][2][0].prices', withRow({ prices: { imput: 1 } })],
    ['providers[0].models[0][2][0].tiers[0][1].input', withRow({ prices: {}, tiers: [[5, { input: -1 }]] })],
    ['providers[0].models[0][2][0].units', withRow({ prices: {}, units: { images: [1, 0] } })],
    ['providers[0].models[0][2][0].hours', withRow({ prices: {}, hours: [1] })],
    ['providers[0].models[0][3]', snapshot([{ id: 'p', models: [['m', [], [], 'wide']] }])],
    ['providers[0].models[0][2][0].fromMs', withRow({ prices: {}, fromMs: 'now' })],
  ])('refuses a file with a wrong %s', (path, data) => {
    try {
      parseCatalogue(data as CatalogueData)
      expect.unreachable()
    } catch (error) {
      if (!isTallystickError(error)) throw error
      expect([error.code, error.issues[0]?.path]).toEqual(['invalid_prices', path])
    }
  })
})

function snapshot(providers: unknown): unknown {
  return { format: 1, source: 's', version: '1', sha256: '0', providers }
}

function withRow(row: unknown): unknown {
  return snapshot([{ id: 'p', models: [['m', [], [row]]] }])
}

function isTimed(rows: readonly { readonly timeOfDay?: unknown }[]): boolean {
  return rows.some((row) => row.timeOfDay !== undefined)
}
