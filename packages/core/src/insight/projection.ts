import { divideHalfEven, type Exact, normalizeExact } from '../event/index.ts'

/** `low`: less than a day of data, or none; `medium`: less than a week; `high`: a week or more. */
export type ProjectionConfidence = 'low' | 'medium' | 'high'

/** What 30 days would cost, and how much that is worth. */
export interface MonthProjection {
  readonly monthlyNanoUsd: Exact
  /** What was observed, and what it was taken for: at least a day. In ms. */
  readonly elapsedMs: number
  readonly windowMs: number
  readonly confidence: ProjectionConfidence
}

/** A day in milliseconds. */
export const DAY_MS = 86_400_000
const MONTH_DAYS = 30

/**
 * What an amount makes in 30 days if it goes on like that. Less than a day is taken for a whole one: a minute of traffic
 * says nothing of a month, and scaled by its own length it would say nonsense. $1 in two days is $15 a month.
 *
 * @param nanoUsd may be negative
 * @param elapsedMs how long it took to come together
 * @example projectMonth(1_000_000_000, 2 * 86_400_000, 40).monthlyNanoUsd // 15_000_000_000
 */
export function projectMonth(nanoUsd: Exact, elapsedMs: number, requests: number): MonthProjection {
  const { nanoUsd: monthlyNanoUsd, ...rest } = project(nanoUsd, elapsedMs, requests, MONTH_DAYS)
  return { monthlyNanoUsd, ...rest }
}

/** {@link projectMonth} for any number of days. */
export function project(
  nanoUsd: Exact,
  elapsedMs: number,
  requests: number,
  days: number,
): Omit<MonthProjection, 'monthlyNanoUsd'> & { readonly nanoUsd: Exact } {
  const elapsed = Number.isFinite(elapsedMs) ? Math.max(0, Math.round(elapsedMs)) : 0
  const windowMs = Math.max(DAY_MS, elapsed)
  const confidence = requests === 0 || elapsed < DAY_MS ? 'low' : elapsed < 7 * DAY_MS ? 'medium' : 'high'
  const scaled = BigInt(nanoUsd) * BigInt(days * DAY_MS)
  const size = divideHalfEven(scaled < 0n ? -scaled : scaled, BigInt(windowMs))
  return { nanoUsd: normalizeExact(scaled < 0n ? -size : size), elapsedMs: elapsed, windowMs, confidence }
}

/**
 * The amount thirty times, however long it took: how smart-ai-bridge projected a session.
 *
 * @example thirtyfold(232_500_000) // 6_975_000_000
 */
export function thirtyfold(nanoUsd: Exact): Exact {
  return normalizeExact(BigInt(nanoUsd) * BigInt(MONTH_DAYS))
}
