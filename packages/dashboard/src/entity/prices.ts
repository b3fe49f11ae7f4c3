import { ask } from '../lib/api.ts'
import { moneyExact, NONE } from '../lib/format.ts'

/** Nano-USD per million tokens; a kind that is absent is not known. */
export interface UnitPrices {
  readonly [kind: string]: number
}

/** A price as `POST /api/v1/prices/lookup` tells it. */
export interface Price {
  readonly price_id: string
  readonly provider: string | null
  readonly model: string
  readonly match: string
  readonly source: 'catalogue' | 'override'
  readonly before_first_row: boolean
  readonly effective_from_ms: number | null
  readonly effective_to_ms: number | null
  readonly unit_prices: UnitPrices
  readonly tiers: readonly { readonly above_input_tokens: number; readonly unit_prices: UnitPrices }[]
}

export interface PricedModel {
  readonly provider: string | null
  readonly model: string
  /** Null where nobody knows one. */
  readonly price: Price | null
}

export interface PricesAnswer {
  readonly version: string
  readonly models: readonly PricedModel[]
}

/** The most that one request may name. */
export const MOST_LOOKUPS = 500

export type Lookup = readonly { readonly provider: string | null; readonly model: string }[]

export function lookUp(models: Lookup, signal: AbortSignal): Promise<PricesAnswer> {
  return ask('/api/v1/prices/lookup', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ models }),
    signal,
  })
}

/**
 * A unit price in USD, with the digits it has and at least two.
 *
 * @example unitPrice(37_500_000) // '$0.0375'
 */
export function unitPrice(nanoUsd: number | undefined): string {
  if (nanoUsd === undefined) return NONE
  const [whole = '', decimals = ''] = moneyExact(nanoUsd).split('.')
  return `${whole}.${decimals.replace(/0+$/, '').padEnd(2, '0')}`
}

/** Kinds of tokens as they are priced, in the order they are told. */
export const PRICE_KINDS: readonly { readonly name: string; readonly label: string }[] = [
  { name: 'input', label: 'Input' },
  { name: 'cache_read', label: 'Cached input' },
  { name: 'cache_write', label: 'Cache write' },
  { name: 'cache_write_1h', label: 'Cache write, 1 h' },
  { name: 'output', label: 'Output' },
  { name: 'reasoning', label: 'Reasoning' },
  { name: 'input_audio', label: 'Audio input' },
  { name: 'output_audio', label: 'Audio output' },
  { name: 'input_image', label: 'Image input' },
  { name: 'output_image', label: 'Image output' },
]
