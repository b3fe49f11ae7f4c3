import type { UsageEvent } from '@tallystick/core/event'
import { filterMatcher } from '@tallystick/core/query'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LOCAL, type Principal } from '../../identity/principal.ts'
import { visibleFilters } from '../../identity/scoped-store.ts'
import { createAudience, viewKey } from './audience.ts'

const name = fc.constantFrom('a', 'b', '__proto__', '["a"]', '')
const principal = fc
  .record(
    { tenantId: name, agentIds: fc.array(name, { maxLength: 3 }).map((ids) => new Set(ids)) },
    { requiredKeys: [] },
  )
  .map((view): Principal => ({ ...LOCAL, ...view }))
const event = fc
  .record({ tenantId: name, agentId: name }, { requiredKeys: [] })
  .map((who): UsageEvent => ({ eventId: 'e', timestampMs: 0, kind: 'llm_request_completed', ...who }))

describe('an audience', () => {
  it('tells of an event exactly those whose queries would find it, once each', () => {
    fc.assert(
      fc.property(fc.array(principal, { maxLength: 8 }), fc.array(event, { maxLength: 8 }), (principals, events) => {
        const audience = createAudience<Principal>()
        for (const each of principals) audience.add(each, each)
        for (const told of events) {
          const heard: Principal[] = []
          audience.each(told, (each) => heard.push(each))
          const expected = principals.filter((each) => filterMatcher(visibleFilters(each))(told))
          expect(new Set(heard)).toEqual(new Set(expected))
          expect(heard).toHaveLength(expected.length)
        }
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('tells nobody who has left', () => {
    fc.assert(
      fc.property(fc.array(principal, { maxLength: 8 }), event, fc.nat(8), (principals, told, staying) => {
        const audience = createAudience<Principal>()
        for (const each of principals) audience.add(each, each)
        for (const each of principals.slice(staying)) audience.remove(each, each)
        audience.each(told, (each) => expect(principals.indexOf(each)).toBeLessThan(staying))
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  it('has one key for equal views and another for any other', () => {
    fc.assert(
      fc.property(principal, principal, (one, other) => {
        const same =
          one.tenantId === other.tenantId &&
          (one.agentIds === undefined) === (other.agentIds === undefined) &&
          [...(one.agentIds ?? [])].every((id) => other.agentIds?.has(id)) &&
          one.agentIds?.size === other.agentIds?.size
        expect(viewKey(one) === viewKey(other)).toBe(same)
      }),
      { seed: 1, numRuns: 300 },
    )
  })
})
