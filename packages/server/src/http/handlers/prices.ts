import { nearestNames, TallystickError } from '@tallystick/core'
import type { ModelPrices, PriceRow, RateCard, Resolution, UnitPrices } from '@tallystick/core/pricing'
import { type Handler, json } from '../route.ts'

const NAME_CHARS = 256
const DEFAULT_LIMIT = 50
const MAX_LIMIT = 500
const MOST_OVERRIDES = 1_000

/**
 * `GET /api/v1/prices`: the price of a model at an instant and the rule that found it; without a model, what prices are in force:
 * their version and every override.
 */
export const prices: Handler = ({ app, url }) => {
  const model = url.searchParams.get('model')
  const provider = url.searchParams.get('provider') ?? undefined
  const atMs = instantOf(url.searchParams.get('at'), app.clock.now())
  const overrides = app.prices.models().filter(({ source }) => source === 'override')
  const answer = { version: app.prices.version, at_ms: atMs }
  if (model === null)
    return json({ ...answer, overrides: overrides.slice(0, MOST_OVERRIDES).map(listed), found: null, nearest: [] })
  const found = app.prices.resolve(provider, model.slice(0, NAME_CHARS), atMs)
  const names = [...new Set(app.prices.models().map((one) => one.model))]
  return json({
    ...answer,
    overrides: [],
    found: found === undefined ? null : priceJson(found),
    nearest: found === undefined ? nearestNames(model, names) : [],
  })
}

/** `GET /api/v1/prices/models`: models with a price of their own, those like `search` first. */
export const priceModels: Handler = ({ app, url }) => {
  const search = url.searchParams.get('search')?.trim().toLowerCase() ?? ''
  const limit = limitOf(url.searchParams.get('limit'))
  const atMs = app.clock.now()
  const words = search.split(/\s+/).filter((word) => word !== '')
  const matching = app.prices.models().filter(({ model, provider }) => {
    const text = `${provider ?? ''} ${model}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
  // Those that begin with it stand before those that only have it in them.
  const first = matching.filter(({ model }) => model.toLowerCase().startsWith(search))
  const rest = matching.filter(({ model }) => !model.toLowerCase().startsWith(search))
  return json({
    models: [...first, ...rest].slice(0, limit).map(({ provider, model, source }) => {
      const row = app.prices.resolve(provider, model, atMs)?.row
      return {
        provider: provider ?? null,
        model,
        source,
        input: row?.prices.input ?? null,
        output: row?.prices.output ?? null,
        context_tokens: row?.contextTokens ?? null,
      }
    }),
    total: matching.length,
  })
}

/** A price and how it was found, for people and scripts. Amounts are nano-USD per million tokens. */
export function priceJson({ row, provider, model, match, source, priceId, beforeFirstRow }: Resolution): object {
  return {
    provider: provider ?? null,
    model,
    match,
    source,
    price_id: priceId,
    before_first_row: beforeFirstRow === true,
    ...rowJson(row),
  }
}

const listed = ({ provider, model, aliases, rows, prefix }: ModelPrices): object => ({
  provider: provider ?? null,
  model,
  aliases,
  prefix: prefix === true,
  rows: rows.map((row) => ({ price_id: row.id, ...rowJson(row) })),
})

const cardJson = ({ prices: unit, tiers = [] }: RateCard): object => ({
  unit_prices: pricesJson(unit),
  tiers: tiers.map((tier) => ({
    above_input_tokens: tier.aboveInputTokens,
    unit_prices: pricesJson(tier.prices),
  })),
})

function rowJson(row: PriceRow): object {
  return {
    ...cardJson(row),
    units: [...(row.units ?? [])].map(([unit, { nanoUsd, per }]) => ({ unit, nano_usd: nanoUsd, per })),
    service_tiers: [
      ...[...(row.multipliers ?? [])].map(([tier, permille]) => ({ tier, permille })),
      ...[...(row.serviceTiers ?? [])].map(([tier, card]) => ({ tier, ...cardJson(card) })),
    ],
    time_of_day: row.timeOfDay === undefined ? null : { from_ms: row.timeOfDay.fromMs, to_ms: row.timeOfDay.toMs },
    effective_from_ms: row.effectiveFromMs ?? null,
    effective_to_ms: row.effectiveToMs ?? null,
    context_tokens: row.contextTokens ?? null,
  }
}

const pricesJson = (unit: UnitPrices): object =>
  Object.fromEntries(Object.entries(unit).map(([name, price]) => [name.replace(/[A-Z]|1h/g, snake), price]))

const snake = (part: string): string => `_${part.toLowerCase()}`

function instantOf(text: string | null, nowMs: number): number {
  if (text === null || text === '') return nowMs
  const ms = /^\d{1,16}$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isSafeInteger(ms)) return ms
  const message = 'must be ms since 1970 UTC, or RFC 3339'
  throw new TallystickError('invalid_query', `at: ${message}.`, { issues: [{ path: 'at', message }] })
}

function limitOf(text: string | null): number {
  if (text === null) return DEFAULT_LIMIT
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= MAX_LIMIT) return limit
  const message = `must be a whole number from 1 to ${MAX_LIMIT}`
  throw new TallystickError('invalid_query', `limit: ${message}.`, { issues: [{ path: 'limit', message }] })
}
