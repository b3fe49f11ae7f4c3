import { type Exact, normalizeExact } from '../../event/index.ts'
import type { Resolution } from '../../pricing/index.ts'
import type { Traffic } from './traffic.ts'

/** A model that requests could go to. */
export interface WhatIfTarget {
  readonly model: string
  /** Who bills; without it the publishers are asked in a fixed order. */
  readonly provider?: string
}

/** An amount that is not known exactly, integer nano-USD. */
export interface Range {
  readonly low: Exact
  readonly likely: Exact
  readonly high: Exact
}

/** What part of the traffic costs now, and what it would. */
export interface Comparison {
  readonly requests: number
  /** Of the requests whose cost is known. */
  readonly nowNanoUsd: Exact
  /** Of the same requests. */
  readonly there: Range
  readonly unpricedRequests: number
  /** What those whose cost now is not known would come to; null without any. */
  readonly unpricedThere: Range | null
}

/** What alone makes the amount differ from the likely one by so much. */
export interface Uncertainty {
  readonly about: 'tokenizer' | 'cache' | 'reasoning' | 'prompt_sizes' | 'undivided_tokens'
  /** Nano-USD, at most 0. */
  readonly low: Exact
  /** Nano-USD, at least 0. */
  readonly high: Exact
  readonly because: string
}

/** The answer for one target. */
export interface TargetAnswer extends Comparison {
  readonly target: WhatIfTarget
  readonly price: Resolution
  readonly difference: Range
  readonly yearlyThere: Range
  readonly uncertainties: readonly Uncertainty[]
  /** Sentences: what the figures take for granted, and what they cannot tell. */
  readonly assumptions: readonly string[]
  /** Requests whose input alone is longer than the model reads; null where its context window is not known. */
  readonly tooLong: { readonly contextTokens: number; readonly atLeast: number; readonly atMost: number } | null
  readonly byModel: readonly (Comparison & { readonly provider: string | null; readonly model: string | null })[]
  readonly byAgent: readonly (Comparison & { readonly agent: string | null })[]
}

export const namesOf = ({ provider, model }: Traffic): Pick<Traffic, 'provider' | 'model'> => ({ provider, model })
export const sumOf = (amounts: readonly bigint[]): bigint => amounts.reduce((sum, one) => sum + one, 0n)
export const countOf = (traffic: readonly Traffic[]): number => Number(sumOf(traffic.map(({ requests }) => requests)))

/** `Math.min` knows no bigints. */
export function leastOf(first: bigint, others: readonly bigint[]): bigint {
  let found = first
  for (const one of others) if (one < found) found = one
  return found
}

export function greatestOf(first: bigint, others: readonly bigint[]): bigint {
  let found = first
  for (const one of others) if (one > found) found = one
  return found
}

export const mapRange = ({ low, likely, high }: Range, by: (nanoUsd: Exact) => Exact): Range => ({
  low: by(low),
  likely: by(likely),
  high: by(high),
})

export const less = (range: Range, nanoUsd: Exact): Range =>
  mapRange(range, (one) => normalizeExact(BigInt(one) - BigInt(nanoUsd)))
