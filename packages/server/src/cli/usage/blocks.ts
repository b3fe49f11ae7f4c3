import type { ResultRow } from '@tallystick/core/query'

/** Hours that a block lasts: the window in which plans of coding agents count what may be used. */
const BLOCK_HOURS = 5
const HOUR_MS = 3_600_000
export const BLOCK_MS = BLOCK_HOURS * HOUR_MS

/** One hour of usage, or a part of it that has a name. */
export interface HourRow {
  readonly atMs: number
  readonly row: ResultRow
}

/** A stretch of five hours that begins with the hour of its first request. */
export interface Block {
  readonly startMs: number
  readonly endMs: number
  readonly hours: readonly HourRow[]
}

/**
 * Hours as blocks: one begins with the first hour that has usage and lasts five, the next with the first hour of usage after
 * that. Blocks begin on the hour, so an hour never belongs to two.
 *
 * @param hours of UTC, rising, those without usage left out
 * @example
 * const hours = [1, 5, 6].map((hour) => ({ atMs: hour * 3_600_000, row: {} }))
 * blocksOf(hours).map(({ startMs, hours }) => [startMs / 3_600_000, hours.length]) // [[1, 2], [6, 1]]
 */
export function blocksOf(hours: readonly HourRow[]): Block[] {
  const blocks: { startMs: number; endMs: number; hours: HourRow[] }[] = []
  for (const hour of hours) {
    const current = blocks.at(-1)
    if (current !== undefined && hour.atMs < current.endMs) current.hours.push(hour)
    else blocks.push({ startMs: hour.atMs, endMs: hour.atMs + BLOCK_MS, hours: [hour] })
  }
  return blocks
}

/** How fast a block that is under way is used, and what it comes to if that goes on. */
export interface BurnRate {
  /** From its first minute with usage up to now, at least one. */
  readonly minutes: number
  readonly tokensPerMinute: number
  /** Integer nano-USD; null where nothing has a price. */
  readonly nanoUsdPerHour: bigint | null
  readonly projectedTokens: bigint
  readonly projectedNanoUsd: bigint | null
  readonly leftMs: number
}

/**
 * @param firstMs the first minute of the block with usage
 * @example
 * const rate = burnRate({ tokens: 6000n, nanoUsd: 2_000_000_000n }, { endMs: 18_000_000 }, 0, 3_600_000)
 * rate.tokensPerMinute // 100
 * rate.nanoUsdPerHour // 2_000_000_000n
 */
export function burnRate(
  { tokens, nanoUsd }: { readonly tokens: bigint; readonly nanoUsd: bigint | null },
  { endMs }: Pick<Block, 'endMs'>,
  firstMs: number,
  nowMs: number,
): BurnRate {
  const minutes = Math.max(1, Math.round((nowMs - firstMs) / 60_000))
  const leftMs = Math.max(0, endMs - nowMs)
  const leftMinutes = BigInt(Math.round(leftMs / 60_000))
  const further = (amount: bigint): bigint => amount + (amount * leftMinutes) / BigInt(minutes)
  return {
    minutes,
    tokensPerMinute: Math.round(Number(tokens) / minutes),
    nanoUsdPerHour: nanoUsd === null ? null : (nanoUsd * 60n) / BigInt(minutes),
    projectedTokens: further(tokens),
    projectedNanoUsd: nanoUsd === null ? null : further(nanoUsd),
    leftMs,
  }
}
