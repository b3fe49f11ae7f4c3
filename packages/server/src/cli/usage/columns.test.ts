import fc from 'fast-check'
import pc from 'picocolors'
import { describe, expect, it, test } from 'vitest'
import { type Column, cents, costCell, fittedTable } from './columns.ts'
import type { Figures } from './figures.ts'

const color = pc.createColors(false)

describe('money in a table', () => {
  test.each([
    [0, '$0.00'],
    [1, '<$0.01'],
    [9_999_999, '<$0.01'],
    [10_000_000, '$0.01'],
    [15_000_000, '$0.02'],
    [25_000_000, '$0.02'],
    [12_485_000_000, '$12.48'],
    [12_495_000_000, '$12.50'],
    [1_234_567_890_000_000, '$1,234,567.89'],
    ['9007199254740993000000', '$9,007,199,254,740.99'],
    [-12_480_000_000, '-$12.48'],
  ])('%s nano-USD reads %s', (nano, text) => expect(cents(nano)).toBe(text))

  it('is within half a cent of the exact amount', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 10_000_000n, max: 10n ** 24n }), (nano) => {
        const shown = BigInt(cents(nano).replace(/\D/g, '')) * 10_000_000n
        expect(shown - nano <= 5_000_000n && nano - shown <= 5_000_000n).toBe(true)
      }),
      { seed: 1 },
    )
  })

  it('of requests without a price is no number, and some without are marked', () => {
    const cost = (cost_nano_usd: number | null, requests: number, unpriced_requests: number): string =>
      costCell({ cost_nano_usd, requests, unpriced_requests } as Figures)
    expect([cost(null, 0, 0), cost(null, 2, 2), cost(10_000_000, 2, 1), cost(10_000_000, 2, 0)]).toEqual([
      '$0.00',
      'unpriced',
      '$0.01*',
      '$0.01',
    ])
  })
})

describe('a table', () => {
  const columns: readonly Column<readonly string[]>[] = [0, 2, 1].map((spare, index) => ({
    head: `h${index}`,
    align: 'left',
    spare,
    most: 12,
    cell: (row) => row[index] ?? '',
  }))
  const rows = [
    ['name', 'a long text that is cut', 'x'],
    ['other', 'y', 'z'],
  ] as const

  it('leaves out what can be spared, the most dispensable first, and cuts what is too long', () => {
    expect(fittedTable(columns, rows, { color, columns: 40 })).toBe(
      ['h0     h1            h2', 'name   a long text…  x', 'other  y             z'].join('\n'),
    )
    expect(fittedTable(columns, rows, { color, columns: 20 })).toBe('h0     h2\nname   x\nother  z')
    expect(fittedTable(columns, rows, { color, columns: 3 })).toBe('h0\nname\nother')
  })

  it('shows what moves a cursor as a question mark', () => {
    expect(fittedTable(columns, [['a\u001b[2J\nb']], { color, columns: 40 })).toContain('a?[2J?b')
  })
})
