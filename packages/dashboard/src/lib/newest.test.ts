import { describe, expect, test } from 'vitest'
import { belongs, dimensionOf, mergeNewest } from './newest.ts'

const event = (id: string, timestamp_ms: number, more = {}) => ({
  event_id: id,
  timestamp_ms,
  kind: 'llm_request_completed',
  request_model: 'gpt-4o',
  ...more,
})

describe('an event on the wire', () => {
  test('has its dimensions under their wire names', () => {
    const wire = event('a', 1, { success: false, status_code: 429, tags: { team: 'search' } })
    expect(
      ['model', 'success', 'status_code', 'tags.team', 'agent_id', 'no_such'].map((name) => dimensionOf(wire, name)),
    ).toEqual(['gpt-4o', false, 429, 'search', null, null])
  })

  test('has no tag that it only inherits', () => {
    expect(dimensionOf(event('a', 1, { tags: {} }), 'tags.constructor')).toBeNull()
  })

  test('belongs to the half-open range and to all filters', () => {
    const wire = event('a', 5, { provider: 'openai' })
    const only = (name: string, values: (string | null)[], negate = false) =>
      belongs(wire, 5, 6, [{ name, values, negate }])
    expect([belongs(wire, 5, 6, []), belongs(wire, 6, 9, []), belongs(wire, 0, 5, [])]).toEqual([true, false, false])
    expect([
      only('provider', ['openai', 'x']),
      only('provider', ['x']),
      only('provider', ['openai'], true),
      only('provider', ['x'], true),
    ]).toEqual([true, false, false, true])
    expect([only('agent_id', [null]), only('agent_id', [null], true)]).toEqual([true, false])
  })
})

describe('the list', () => {
  test('is newest first, each event once, cut to its length', () => {
    const known = [event('c', 3), event('a', 1)]
    const fresh = [event('d', 4), event('c', 3), event('b', 2)]
    expect(mergeNewest(fresh, known).map(({ event_id }) => event_id)).toEqual(['d', 'c', 'b', 'a'])
    expect(mergeNewest(fresh, known, 2).map(({ event_id }) => event_id)).toEqual(['d', 'c'])
  })

  test('keeps what came last on top within one instant', () => {
    expect(mergeNewest([event('new', 1)], [event('old', 1)]).map(({ event_id }) => event_id)).toEqual(['new', 'old'])
  })
})
