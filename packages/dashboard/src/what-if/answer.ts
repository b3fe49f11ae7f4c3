import type { FilterValue } from '@tallystick/core/query'
import { money, toExact } from '../lib/format.ts'

/** What `POST /api/v1/what-if` answers, as far as the page shows it. */

export type Amount = number | string

export interface Range {
  readonly low: Amount
  readonly likely: Amount
  readonly high: Amount
}

export interface Part {
  readonly requests: number
  readonly now_nano_usd: Amount
  readonly there_nano_usd: Range
  readonly unpriced_requests: number
  readonly unpriced_there_nano_usd: Range | null
}

export interface TargetRow extends Part {
  readonly provider: string | null
  readonly model: string
  readonly price: {
    readonly model: string
    readonly match: string
    readonly price_id: string
    readonly unit_prices: { readonly input?: number; readonly cache_read?: number; readonly output?: number }
  }
  readonly difference_nano_usd: Range
  readonly there_nano_usd_yearly: Range
  readonly uncertainties: readonly {
    readonly about: string
    readonly low_nano_usd: Amount
    readonly high_nano_usd: Amount
    readonly because: string
  }[]
  readonly assumptions: readonly string[]
  readonly context: {
    readonly tokens: number
    readonly too_long_at_least: number
    readonly too_long_at_most: number
  } | null
  readonly by_model: readonly (Part & { readonly provider: string | null; readonly model: string | null })[]
  readonly by_agent: readonly (Part & { readonly agent_id: string | null })[]
}

export interface WhatIfAnswer {
  readonly requests: number
  readonly unpriced_requests: number
  readonly now_nano_usd: Amount
  readonly now_nano_usd_yearly: Amount
  readonly observed_ms: number
  readonly confidence: 'low' | 'medium' | 'high'
  readonly raw_from_ms: number | null
  readonly targets: readonly TargetRow[]
}

export interface WhatIfBody {
  readonly from: number
  readonly to: number
  readonly filters?: { readonly [dimension: string]: readonly FilterValue[] | { readonly not: readonly FilterValue[] } }
  readonly targets: readonly { readonly model: string; readonly provider?: string }[]
  readonly cache_share?: number
}

/** Another model, as it stands in the address. */
export interface Target {
  readonly provider: string | null
  readonly model: string
}

/** As many as can be told apart at a glance. */
export const MOST_TARGETS = 6

const nameOf = (index: number): string => (index === 0 ? 'on' : `on${index + 1}`)

/**
 * @example encodeTargets([{ provider: 'openai', model: 'gpt-4o-mini' }]).on // 'openai:gpt-4o-mini'
 */
export function encodeTargets(targets: readonly Target[]): { readonly [name: string]: string | null } {
  return Object.fromEntries(
    Array.from({ length: MOST_TARGETS }, (_, index) => {
      const target = targets[index]
      return [nameOf(index), target === undefined ? null : encodeTarget(target)]
    }),
  )
}

export const encodeTarget = ({ provider, model }: Target): string => `${provider ?? ''}:${model}`

export function decodeTargets(param: (name: string) => string | null): readonly Target[] {
  const targets = Array.from({ length: MOST_TARGETS }, (_, index) => decodeTarget(param(nameOf(index)) ?? ''))
  return targets.filter((target) => target !== null)
}

/** @example decodeTarget('openai:gpt-4o-mini') // { provider: 'openai', model: 'gpt-4o-mini' } */
export function decodeTarget(text: string): Target | null {
  const at = text.indexOf(':')
  const model = text.slice(at + 1).trim()
  const provider = at > 0 ? text.slice(0, at).trim() : ''
  return model === '' ? null : { provider: provider === '' ? null : provider, model }
}

/** @example differenceText(-2_350_000_000) // '−$2.35' */
export function differenceText(amount: Amount): string {
  const exact = toExact(amount)
  if (exact === null || BigInt(exact) === 0n) return money(exact)
  const size = BigInt(exact) < 0n ? -BigInt(exact) : BigInt(exact)
  return `${BigInt(exact) < 0n ? '−' : '+'}${money(size)}`
}

/** One amount where both ends are the same. @example rangeText({ low: 1e9, likely: 1e9, high: 2e9 }) // '$1.00 – $2.00' */
export function rangeText({ low, high }: Range): string {
  const [from, to] = [money(toExact(low)), money(toExact(high))]
  return from === to ? from : `${from} – ${to}`
}

/** A percentage with its sign. @example percentText(-94, 100) // '−94 %' */
export function percentText(difference: Amount, now: Amount): string | null {
  const [part, whole] = [Number(difference), Number(now)]
  if (whole === 0) return null
  const percent = Math.round((part / whole) * 100)
  return `${percent < 0 ? '−' : percent > 0 ? '+' : ''}${Math.abs(percent).toLocaleString('en-US')} %`
}
