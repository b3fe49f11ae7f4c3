import { expect, test } from 'vitest'
import { completeness, type LawView } from './completeness.ts'

const law = (gaps: Partial<LawView['gaps']> = {}, more: Partial<LawView> = {}): LawView => ({
  balanced: true,
  at_ms: 0,
  server: { received: 9, accepted: 9, duplicate: 0, conflict: 0, failed: 0, in_flight: 0, rejected: {} },
  store: { pending_apply: 0, quarantined: 0 },
  link: { lost: 0 },
  gaps: { sources: 2, missing: 0, told: 0, untold: 0, outstanding: 0, forgotten: 0, reasons: {}, worst: [], ...gaps },
  ...more,
})

test('what is complete says so, and what cannot be known is not called complete', () => {
  expect(completeness(law())).toEqual({
    whole: true,
    text: 'Complete: nothing is missing of what 2 sources have recorded.',
  })
  expect(completeness(law({ sources: 0 })).text).toMatch(/^Every accepted event is counted\. No source numbers/)
})

test('what is on its way is not missing', () => {
  const coming = law({ outstanding: 3 }, { store: { pending_apply: 1, quarantined: 0 } })
  expect(completeness(coming)).toEqual({
    whole: true,
    text: 'Complete: nothing is missing of what 2 sources have recorded; 1 event still being counted, 3 events on their way.',
  })
})

test('what was dropped, lost or never came is told apart', () => {
  expect(completeness(law({ missing: 5, told: 2, untold: 3, outstanding: 3 }))).toEqual({
    whole: false,
    text: 'Not complete: 3 events did not arrive, and no source says why; 2 events were dropped before being sent.',
  })
  expect(completeness(law({}, { balanced: false, link: { lost: 1 } })).text).toBe(
    'Not complete: the books of the server do not balance; 1 event was lost on disk.',
  )
})
