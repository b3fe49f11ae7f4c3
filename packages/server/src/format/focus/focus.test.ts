import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FOCUS_COLUMNS } from './columns.ts'
import { decimal } from './decimal.ts'
import { unitPrice } from './unit-price.ts'

const PARAMETERS = { seed: 20, numRuns: 300 }

describe('a decimal', () => {
  it('is written out whole, without zeros at its end', () => {
    expect([decimal(0n, 9), decimal(-1_500_000_000n, 9), decimal(1n, 15), decimal(12n, 0), decimal(-5n, 1)]).toEqual([
      '0',
      '-1.5',
      '0.000000000000001',
      '12',
      '-0.5',
    ])
  })

  it('says what it was made of', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
        fc.integer({ min: 0, max: 20 }),
        (value, digits) => {
          const [, sign, whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(decimal(value, digits)) ?? []
          const read = BigInt(whole + fraction.padEnd(digits, '0'))
          expect(sign === '-' ? -read : read).toBe(value)
        },
      ),
      PARAMETERS,
    )
  })
})

describe('a unit price', () => {
  it('is the published one wherever that explains the cost, and the mean where several were mixed', () => {
    expect(unitPrice(2_500n, 1n, 1_000_000n, 1n).nanoUsd).toBe(2_500_000_000n)
    // 12,345 tokens at $0.0375 a million, rounded once.
    expect(unitPrice(462_938n, 12_345n, 1_000_000n, 1n).nanoUsd).toBe(37_500_000n)
    // A million tokens at $3 and half a million at $6.
    expect(unitPrice(6_000_000_000n, 1_500_000n, 1_000_000n, 2n).nanoUsd).toBe(4_000_000_000n)
    expect(unitPrice(0n, 7n, 1_000_000n, 1n)).toEqual({ nanoUsd: 0n, costScaled: 0n })
    expect(unitPrice(10n, 3n, 1n, 0n)).toEqual({ nanoUsd: 3n, costScaled: 9n })
  })

  it('comes to the cost within the rounding of each request, or within half a nano-USD for each million where it is a mean', () => {
    const count = fc.bigInt({ min: 1n, max: 10n ** 13n })
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 16n }),
        count,
        fc.bigInt({ min: 0n, max: 10n ** 6n }),
        (cost, units, n) => {
          const { nanoUsd, costScaled } = unitPrice(cost, units, 1_000_000n, n)
          expect(nanoUsd).toBeGreaterThanOrEqual(0n)
          expect(costScaled).toBe(nanoUsd * units)
          const off = costScaled - cost * 1_000_000n
          const most = [n * 500_000n, units / 2n + 1n].reduce((a, b) => (a > b ? a : b))
          expect(off < 0n ? -off : off).toBeLessThanOrEqual(most)
        },
      ),
      PARAMETERS,
    )
  })
})

it('has columns in the order of their names, ours behind those of the specification', () => {
  const names = FOCUS_COLUMNS.map(({ name }) => name)
  expect(names).toEqual([...names].sort())
  for (const { name, level } of FOCUS_COLUMNS) expect(name.startsWith('x_')).toBe(level === 'custom')
})
