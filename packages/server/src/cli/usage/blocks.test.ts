import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BLOCK_MS, blocksOf, burnRate } from './blocks.ts'

const HOUR_MS = 3_600_000
const hour = (index: number) => ({ atMs: index * HOUR_MS, row: {} })

describe('five-hour blocks', () => {
  it('begin with the first hour of usage, and again with the first that comes after one has ended', () => {
    const blocks = blocksOf([1, 3, 5, 6, 20].map(hour))
    expect(blocks.map(({ startMs, hours }) => [startMs / HOUR_MS, hours.map(({ atMs }) => atMs / HOUR_MS)])).toEqual([
      [1, [1, 3, 5]],
      [6, [6]],
      [20, [20]],
    ])
  })

  it('hold every hour once, in order, and never overlap', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(500), { maxLength: 60 }), (indices) => {
        const hours = indices.sort((a, b) => a - b).map(hour)
        const blocks = blocksOf(hours)
        expect(blocks.flatMap((block) => block.hours)).toEqual(hours)
        blocks.forEach((block, index) => {
          expect(block.endMs - block.startMs).toBe(BLOCK_MS)
          expect(block.hours[0]?.atMs).toBe(block.startMs)
          for (const { atMs } of block.hours) expect(atMs).toBeLessThan(block.endMs)
          if (index > 0) expect(block.startMs).toBeGreaterThanOrEqual((blocks[index - 1] as typeof block).endMs)
        })
      }),
      { seed: 5 },
    )
  })
})

describe('the rate of a block', () => {
  const block = { endMs: BLOCK_MS }

  it('is what was used by the minutes since its first use, and goes on until its end', () => {
    expect(burnRate({ tokens: 6_000n, nanoUsd: 2_000_000_000n }, block, 0, HOUR_MS)).toEqual({
      minutes: 60,
      tokensPerMinute: 100,
      nanoUsdPerHour: 2_000_000_000n,
      projectedTokens: 30_000n,
      projectedNanoUsd: 10_000_000_000n,
      leftMs: 4 * HOUR_MS,
    })
  })

  it('of usage that has no price is unknown, not zero, and a first minute is a whole one', () => {
    expect(burnRate({ tokens: 50n, nanoUsd: null }, block, HOUR_MS, HOUR_MS + 1)).toMatchObject({
      minutes: 1,
      tokensPerMinute: 50,
      nanoUsdPerHour: null,
      projectedNanoUsd: null,
    })
  })
})
