import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createMessageRing } from './message-ring.ts'

it('keeps the newest messages that fit, each under the number it was given', () => {
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.record({ push: fc.integer({ min: 0, max: 300 }) }) },
    { weight: 1, arbitrary: fc.record({ bound: fc.integer({ min: 0, max: 3_000 }) }) },
    { weight: 1, arbitrary: fc.constant({ clear: true as const }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const ring = createMessageRing(2_000)
      let most = 2_000
      let all: Uint8Array[] = []
      let first = 1
      for (const each of steps) {
        if ('push' in each) {
          all.push(new Uint8Array(each.push))
          ring.push(all.at(-1) as Uint8Array)
        } else if ('bound' in each) {
          most = each.bound
          ring.bound(most)
        } else {
          first += all.length
          all = []
          ring.clear()
        }
        while (all.reduce((sum, { byteLength }) => sum + byteLength + 128, 0) > most) {
          all.shift()
          first++
        }
        expect([ring.first, ring.next]).toEqual([first, first + all.length])
        expect(all.map((_, index) => ring.at(first + index))).toEqual(all)
        expect([ring.at(first - 1), ring.at(ring.next)]).toEqual([undefined, undefined])
        expect(ring.bytes).toBeLessThanOrEqual(most)
      }
    }),
    { seed: 1, numRuns: 200 },
  )
})

it('gives back the room of messages that are gone', () => {
  const ring = createMessageRing(10_000)
  for (let seq = 1; seq <= 10_000; seq++) ring.push(new Uint8Array([seq % 256]))
  expect(ring.next).toBe(10_001)
  for (let seq = ring.first; seq < ring.next; seq++) expect(ring.at(seq)?.[0]).toBe(seq % 256)
})
