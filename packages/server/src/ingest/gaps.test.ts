import type { UsageEvent } from '@tallystick/core/event'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SourceGaps } from './gaps.ts'
import type { SourceLedger } from './source-ledger.ts'

const event = (sourceId: string, seq: number, epoch = 1, tenantId?: string): UsageEvent => ({
  eventId: `${sourceId}-${epoch}-${seq}`,
  timestampMs: 0,
  kind: 'router_started',
  sourceId,
  epoch,
  seq,
  ...(tenantId === undefined ? {} : { tenantId }),
})

const ledger = (recorded: number, dropped: Record<string, number>, more: Partial<SourceLedger> = {}): SourceLedger => ({
  sourceId: 'a',
  epoch: 1,
  recorded,
  dropped: new Map(Object.entries(dropped)),
  ...more,
})

describe('source gaps', () => {
  test('are counted per tenant, source and epoch, and close when the missing event comes', () => {
    const gaps = new SourceGaps()
    for (const seq of [0, 1, 5]) gaps.observe(event('a', seq))
    for (const seq of [0, 1]) gaps.observe(event('a', seq, 2))
    gaps.observe(event('a', 2, 1, 't'))
    expect(gaps.report()).toEqual({
      sources: 3,
      missing: 5,
      told: 0,
      untold: 5,
      reasons: {},
      outstanding: 5,
      forgotten: 0,
      worst: [
        { source_id: 'a', epoch: 1, max_seq: 5, seen: 3, missing: 3, told: 0, untold: 3, outstanding: 3 },
        {
          tenant_id: 't',
          source_id: 'a',
          epoch: 1,
          max_seq: 2,
          seen: 1,
          missing: 2,
          told: 0,
          untold: 2,
          outstanding: 2,
        },
      ],
    })
    for (const seq of [3, 2, 4, 4]) gaps.observe(event('a', seq))
    expect(gaps.report().missing).toBe(2)
  })

  test('an event without source or number says nothing', () => {
    const gaps = new SourceGaps()
    gaps.observe({ eventId: '1', timestampMs: 0, kind: 'router_started', sourceId: 'a' })
    gaps.observe({ eventId: '1', timestampMs: 0, kind: 'router_started', seq: 9 })
    expect(gaps.report()).toMatchObject({ sources: 0, missing: 0, worst: [] })
  })

  test('survive being saved and loaded, and a repeat of what was saved', () => {
    const gaps = new SourceGaps()
    for (const seq of [0, 2, 9]) gaps.observe(event('__proto__', seq, 1, 'a'))
    const again = new SourceGaps()
    again.load(JSON.parse(JSON.stringify(gaps.save())))
    again.replay([{ ordinal: 1, receivedMs: 0, contentHash: '', event: event('__proto__', 9, 1, 'a') }])
    expect(again.report()).toEqual(gaps.report())
    expect(again.report().missing).toBe(7)
  })

  test('a flood of sources forgets the ones not heard of for longest', () => {
    const gaps = new SourceGaps(3)
    for (const source of ['a', 'b', 'c', 'a', 'd', 'e']) gaps.observe(event(source, 1))
    expect(gaps.report()).toMatchObject({ sources: 3, forgotten: 2 })
    expect(gaps.report().worst.map(({ source_id }) => source_id)).toEqual(['a', 'd', 'e'])
  })
})

describe('of some of the sources', () => {
  test('the worst are named, however many of other tenants are worse', () => {
    const gaps = new SourceGaps()
    const arrive = (tenantId: string, sourceId: string, seq: number): void =>
      gaps.observe({ kind: 'llm_request_completed', tenantId, sourceId, seq } as UsageEvent)
    for (let source = 0; source < 150; source++) arrive('loud', `s${source}`, 50)
    arrive('quiet', 'a', 1)
    arrive('quiet', 'b', 2)
    expect(gaps.report().worst.some(({ tenant_id }) => tenant_id === 'quiet')).toBe(false)
    const quiet = gaps.report({ tenantId: 'quiet' })
    expect([quiet.sources, quiet.missing, quiet.worst.map(({ source_id }) => source_id)]).toEqual([2, 3, ['b', 'a']])
    expect(gaps.report({ sourceIds: ['a'] }).worst).toMatchObject([{ tenant_id: 'quiet', missing: 1 }])
  })
})

describe('what a source says of itself', () => {
  test('explains its gaps, and what it does not explain stands out', () => {
    const gaps = new SourceGaps()
    for (const seq of [0, 1, 4, 9]) gaps.observe(event('a', seq))
    gaps.told([ledger(12, { queue_full: 3, invalid: 1 })])
    expect(gaps.report().worst).toEqual([
      {
        source_id: 'a',
        epoch: 1,
        max_seq: 9,
        seen: 4,
        missing: 6,
        recorded: 12,
        dropped: { queue_full: 3, invalid: 1 },
        told: 4,
        untold: 2,
        outstanding: 4,
      },
    ])
    for (const seq of [2, 3, 10, 11]) gaps.observe(event('a', seq))
    expect(gaps.report()).toMatchObject({ missing: 4, told: 4, untold: 0, outstanding: 0 })
  })

  test('is known of a source of which nothing has arrived', () => {
    const gaps = new SourceGaps()
    gaps.told([ledger(7, { drained: 7 }), ledger(3, {}, { sourceId: 'b' }), ledger(0, {}, { sourceId: 'c' })])
    expect(gaps.report()).toMatchObject({ sources: 3, missing: 0, told: 7, untold: 0, outstanding: 3 })
    expect(gaps.report().worst.map(({ source_id, max_seq, outstanding }) => [source_id, max_seq, outstanding])).toEqual(
      [
        ['a', null, 0],
        ['b', null, 3],
      ],
    )
  })

  test('never goes back, in whatever order it was said, and survives being saved', () => {
    const said = fc.record({
      recorded: fc.nat(50),
      dropped: fc.dictionary(fc.constantFrom('queue_full', 'evicted', '__proto__'), fc.nat(20)),
    })
    fc.assert(
      fc.property(fc.array(said, { maxLength: 8 }), fc.array(fc.nat(7)), (ledgers, order) => {
        const told = ledgers.map(({ recorded, dropped }) => ledger(recorded, dropped))
        const straight = new SourceGaps()
        straight.told(told)
        let shuffled = new SourceGaps()
        const kept = [...told.keys()].sort((a, b) => (order[a] ?? 0) - (order[b] ?? 0))
        for (const index of [...kept, ...kept]) {
          shuffled.told([told[index] as SourceLedger])
          const again = new SourceGaps()
          again.load(JSON.parse(JSON.stringify(shuffled.save())))
          shuffled = again
        }
        expect(sortedDrops(shuffled)).toEqual(sortedDrops(straight))
      }),
      { seed: 3, numRuns: 300 },
    )
  })

  test('is kept by name for sixteen reasons, and as one figure for the rest', () => {
    const gaps = new SourceGaps()
    const dropped = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`r${index}`, index]))
    gaps.told([ledger(500, dropped)])
    gaps.told([ledger(500, { ...dropped, r19: 30, r3: 4 })])
    const [gap] = gaps.report().worst
    expect(Object.keys(gap?.dropped ?? {})).toHaveLength(17)
    expect(gap).toMatchObject({ told: 190 + 11 + 1, dropped: { r3: 4, r15: 15, other: 16 + 17 + 18 + 30 } })
  })

  test('is worth a record when something new was dropped, else every ten seconds', () => {
    const gaps = new SourceGaps()
    const worth = (said: SourceLedger, nowMs: number): boolean => {
      gaps.told([said])
      const news = gaps.worthKeeping([said], nowMs)
      gaps.kept(news, nowMs)
      return news.length > 0
    }
    const steps: [SourceLedger, number, boolean][] = [
      [ledger(1, {}), 0, true],
      [ledger(2, {}), 5, false],
      [ledger(3, { evicted: 1 }), 6, true],
      [ledger(3, { evicted: 1 }), 60_000, false],
      [ledger(2, {}), 60_000, false],
      [ledger(9, { evicted: 1 }), 60_000, true],
      [ledger(9, { evicted: 1, invalid: 1 }), 60_001, true],
      [ledger(10, {}, { tenantId: 't' }), 60_001, true],
    ]
    expect(steps.map(([said, nowMs]) => worth(said, nowMs))).toEqual(steps.map(([, , expected]) => expected))
  })
})

function sortedDrops(gaps: SourceGaps): unknown {
  return gaps.report().worst.map((gap) => ({ ...gap, dropped: Object.entries(gap.dropped ?? {}).sort() }))
}
