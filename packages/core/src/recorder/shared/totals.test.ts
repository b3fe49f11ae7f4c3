import fc from 'fast-check'
import { expect, it } from 'vitest'
import { normalizeExact } from '../../event/index.ts'
import { Draft } from '../read-event.ts'
import { MIN_RING_BYTES, newMemory } from './memory.ts'
import { Totals, TotalsWriter } from './totals.ts'

const amount = fc.oneof(fc.nat(1_000), fc.constantFrom(2 ** 52 - 1, 2 ** 52, Number.MAX_SAFE_INTEGER), fc.maxSafeNat())

it('sums are exact far beyond 2^53, for whoever reads them and for the thread that goes on', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(amount, amount, amount), { maxLength: 200 }), (amounts) => {
      const memory = newMemory(MIN_RING_BYTES)
      let writer = new TotalsWriter(memory)
      const draft = new Draft()
      amounts.forEach(([inputTokens, outputTokens, costNanoUsd], index) => {
        Object.assign(draft, { inputTokens, outputTokens, costNanoUsd })
        writer.count(draft)
        writer.publish(index)
        if (index % 17 === 16) writer = new TotalsWriter(memory)
      })
      const sum = (at: 0 | 1 | 2) => normalizeExact(amounts.reduce((sum, each) => sum + BigInt(each[at]), 0n))
      const expected = { inputTokens: sum(0), outputTokens: sum(1), costNanoUsd: sum(2), succeeded: amounts.length }
      expect(writer.all).toMatchObject(expected)
      expect(new Totals(memory).refresh().all).toMatchObject(expected)
    }),
    { seed: 4, numRuns: 300 },
  )
})

it('nothing is visible before it is published, and then everything at once', () => {
  const memory = newMemory(MIN_RING_BYTES)
  const writer = new TotalsWriter(memory)
  const totals = new Totals(memory)
  for (let round = 1; round <= 10; round++) {
    writer.dropped('queue_full')
    writer.written()
    expect([totals.refresh().written, totals.position]).toEqual([round - 1, (round - 1) * 3])
    writer.publish(round * 3)
    expect([totals.refresh().written, totals.position, totals.dropped().get('queue_full')]).toEqual([
      round,
      round * 3,
      round,
    ])
  }
})
