import { describe, expect, test } from 'vitest'
import type { IngestCounts } from './counters.ts'
import { type Evidence, invariantsOf } from './law.ts'
import { OrdinalLedger } from './ledger.ts'

function counts(more: Partial<IngestCounts> = {}): IngestCounts {
  return {
    received: 10,
    accepted: 4,
    duplicate: 3,
    conflict: 1,
    rejected: new Map([['too_long', 1]]),
    failed: 1,
    inFlight: 0,
    link: { acked: 8, unanswered: 1, unsettled: 0, lost: 0 },
    doors: new Map(),
    pricingFailures: 0,
    priceMismatches: 0,
    ...more,
  }
}

function evidence(more: Partial<Evidence> = {}): Evidence {
  const ledger = new OrdinalLedger()
  ledger.settle(ledger.pledge(1, 10), true)
  const stats = { events: 5, expired: 2, cleared: 1, appliedOrdinal: 8, oldestMs: null, newestMs: null, bytes: 0 }
  const gaps = { sources: 0, missing: 0, told: 0, untold: 0, outstanding: 0, forgotten: 0, reasons: {}, worst: [] }
  return { atMs: 1, counts: counts(), stats, ledger, durableOrdinal: 10, damagedLines: 0, gaps, ...more }
}

const stats = (more: object) => ({ ...evidence().stats, ...more })

describe('conservation law', () => {
  test('holds when every part adds up', () => {
    expect(invariantsOf(evidence())).toMatchObject({
      balanced: true,
      server: { balanced: true, received: 10, rejected: { too_long: 1 } },
      store: { balanced: true, accepted: 10, live: 5, expired: 2, cleared: 1, pending_apply: 2, quarantined: 0 },
      link: { balanced: true },
    })
  })

  test.each([
    ['an item without an outcome', { counts: counts({ received: 11 }) }],
    ['an item counted twice', { counts: counts({ duplicate: 4 }) }],
    [
      'an answer for an item nobody counted',
      { counts: counts({ link: { acked: 9, unanswered: 1, unsettled: 0, lost: 0 } }) },
    ],
    ['an event the store has lost', { stats: stats({ events: 4 }) }],
    ['an event the store has twice', { stats: stats({ events: 6 }) }],
    ['an event the store has twice, beside a damaged line', { stats: stats({ events: 6 }), damagedLines: 1 }],
  ])('is broken by %s', (_, broken) => {
    expect(invariantsOf(evidence(broken)).balanced).toBe(false)
  })

  test('is not about what others have written into the file of the store', () => {
    const found = invariantsOf(evidence({ stats: stats({ events: 12, foreign: 7 }) }))
    expect(found).toMatchObject({ balanced: true, store: { live: 5 } })
  })

  test('a damaged line accounts for an event the store could not read, and for no more', () => {
    expect(invariantsOf(evidence({ stats: stats({ events: 4 }), damagedLines: 3 })).store).toMatchObject({
      balanced: true,
      quarantined: 1,
    })
    expect(invariantsOf(evidence({ stats: stats({ events: 3 }), damagedLines: 1 })).store.balanced).toBe(false)
  })

  test('what cannot be judged is said to be unknown, not to be right', () => {
    const { expired: _, ...uncounted } = evidence().stats
    expect(invariantsOf(evidence({ stats: uncounted })).store).toMatchObject({ balanced: null, expired: null })
    const ledger = new OrdinalLedger()
    ledger.journalBegins(500)
    expect(invariantsOf(evidence({ ledger })).store).toMatchObject({ balanced: null, pending_apply: null })
  })

  test('a store that knows of a commit before the pipeline has been told is not out of balance', () => {
    expect(
      invariantsOf(evidence({ stats: stats({ events: 7, appliedOrdinal: 10 }), durableOrdinal: 8 })).store,
    ).toMatchObject({
      balanced: true,
      accepted: 10,
      pending_apply: 0,
    })
  })
})
