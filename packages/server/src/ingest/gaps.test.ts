import type { UsageEvent } from '@tallystick/core/event'
import { describe, expect, test } from 'vitest'
import { SourceGaps } from './gaps.ts'

const event = (sourceId: string, seq: number, epoch = 1, tenantId?: string): UsageEvent => ({
  eventId: `${sourceId}-${epoch}-${seq}`,
  timestampMs: 0,
  kind: 'router_started',
  sourceId,
  epoch,
  seq,
  ...(tenantId === undefined ? {} : { tenantId }),
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
      forgotten: 0,
      worst: [
        { source_id: 'a', epoch: 1, max_seq: 5, seen: 3, missing: 3 },
        { tenant_id: 't', source_id: 'a', epoch: 1, max_seq: 2, seen: 1, missing: 2 },
      ],
    })
    for (const seq of [3, 2, 4, 4]) gaps.observe(event('a', seq))
    expect(gaps.report().missing).toBe(2)
  })

  test('an event without source or number says nothing', () => {
    const gaps = new SourceGaps()
    gaps.observe({ eventId: '1', timestampMs: 0, kind: 'router_started', sourceId: 'a' })
    gaps.observe({ eventId: '1', timestampMs: 0, kind: 'router_started', seq: 9 })
    expect(gaps.report()).toEqual({ sources: 0, missing: 0, forgotten: 0, worst: [] })
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
