import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OrdinalLedger, type Pledge } from './ledger.ts'

const at = (ordinal: number) => ({ position: { segment: 1, offset: 0 }, ordinal })

describe('ordinal ledger', () => {
  test('counts events up to any ordinal, whatever stands between them and in whatever order they settle', () => {
    const step = fc.record({
      skip: fc.nat(2),
      count: fc.integer({ min: 1, max: 5 }),
      kept: fc.boolean(),
      order: fc.nat(100),
    })
    const property = fc.property(fc.array(step, { maxLength: 30 }), fc.nat(150), (steps, upTo) => {
      const ledger = new OrdinalLedger()
      const events = new Set<number>()
      const pledges: { pledge: Pledge; kept: boolean; order: number }[] = []
      let ordinal = 0
      for (const { skip, count, kept, order } of steps) {
        ordinal += skip
        const pledge = ledger.pledge(ordinal + 1, count)
        pledges.push({ pledge, kept, order })
        for (let n = 0; n < count; n++) if (kept) events.add(ordinal + 1 + n)
        ordinal += count
      }
      for (const { pledge, kept } of pledges.sort((a, b) => a.order - b.order)) ledger.settle(pledge, kept)
      const expected = [...events].filter((event) => event <= upTo).length
      expect(ledger.countUpTo(upTo)).toBe(expected)

      const again = new OrdinalLedger()
      again.load(JSON.parse(JSON.stringify(ledger.save(at(upTo)))))
      expect(again.countUpTo(1000)).toBe(expected)
      again.replay(
        [...events]
          .sort((a, b) => a - b)
          .map((event) => ({ ordinal: event, receivedMs: 0, contentHash: '', event: never })),
      )
      expect(again.countUpTo(1000)).toBe(events.size)
    })
    fc.assert(property, { seed: 1, numRuns: 1000 })
  })

  test('counts records that cannot be read as events, wherever they stand and whether or not they were counted before', () => {
    const ranges = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(6)), { maxLength: 6 })
    const property = fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 60 })),
      ranges,
      fc.nat(70),
      (read, lost, upTo) => {
        const ledger = new OrdinalLedger()
        const events = [...read].sort((a, b) => a - b)
        ledger.replay(events.map((ordinal) => ({ ordinal, receivedMs: 0, contentHash: '', event: never })))
        ledger.missed(lost.map(([first, more]) => ({ first, last: first + more })))
        const all = new Set(events)
        for (const [first, more] of lost) for (let n = 0; n <= more; n++) all.add(first + n)
        expect(ledger.countUpTo(upTo)).toBe([...all].filter((ordinal) => ordinal <= upTo).length)
      },
    )
    fc.assert(property, { seed: 1, numRuns: 1000 })
  })

  test('counts what is pledged and not dropped, and saves it as far as it is durable', () => {
    const ledger = new OrdinalLedger()
    const first = ledger.pledge(1, 10)
    ledger.pledge(11, 10)
    expect(ledger.countUpTo(15)).toBe(15)
    ledger.settle(first, false)
    expect(ledger.countUpTo(15)).toBe(5)
    expect(ledger.save(at(12))).toMatchObject({ ranges: [[11, 12]] })
  })

  test('says when the beginning of the journal is gone', () => {
    const ledger = new OrdinalLedger()
    ledger.replay([{ ordinal: 500, receivedMs: 0, contentHash: '', event: never }])
    ledger.journalBegins(500)
    expect(ledger.complete).toBe(false)
    expect([ledger.countUpTo(500), ledger.countUpTo(499), ledger.countUpTo(498)]).toEqual([1, 0, undefined])
    const again = new OrdinalLedger()
    again.load(JSON.parse(JSON.stringify(ledger.save(at(500)))))
    again.journalBegins(500)
    expect(again.complete).toBe(false)
  })
})

const never = { eventId: 'x', timestampMs: 0, kind: 'router_started' } as const
