import { expect, test } from 'vitest'
import { partakersOf, partakersQuery, sessionSteps, sessionsQuery, someNames } from './sessions.ts'

const SCOPE = { span: { fromMs: 1, toMs: 9, moving: false }, zone: 'UTC', filters: [] }

test('what belongs to no session is left out, unless sessions are filtered already', () => {
  expect({ ...sessionsQuery(SCOPE, '-cost_nano_usd').filters }).toEqual({ session_id: { not: [null] } })
  const filters = [{ name: 'session_id', values: ['a'], negate: false }]
  expect({ ...sessionsQuery({ ...SCOPE, filters }, 'x').filters }).toEqual({ session_id: ['a'] })
  expect(sessionsQuery(SCOPE, '-cost_nano_usd').order_by).toBe('-cost_nano_usd')
  expect(sessionsQuery(SCOPE, 'no_such').order_by).toBe('-timestamp_ms_max')
  expect({ ...partakersQuery({ ...SCOPE, filters }, ['b']).filters }).toEqual({ session_id: ['b'] })
})

test('each session has its agents, users and models once, most requests first', () => {
  const row = (session_id: string, agent_id: string | null, model: string, more = {}) => ({
    session_id,
    agent_id,
    user_id: null,
    model,
    requests: 1,
    ...more,
  })
  const found = partakersOf([
    row('a', 'x', 'm'),
    row('a', 'x', 'n'),
    row('b', null, 'm'),
    row('c', 'y', 'm', { other: true }),
  ])
  expect([...found]).toEqual([
    ['a', { agents: ['x'], users: [], models: ['m', 'n'] }],
    ['b', { agents: [], users: [], models: ['m'] }],
  ])
  expect([someNames([]), someNames(['a']), someNames(['a', 'b', 'c'])]).toEqual(['', 'a', 'a +2'])
})

test('costs of a session are summed in order, past 2^53 too, and what has no price adds nothing', () => {
  const events = [{ cost_nano_usd: 5 }, {}, { cost_nano_usd: Number.MAX_SAFE_INTEGER }, { cost_nano_usd: 1 }]
  expect(sessionSteps(events).map(({ spent }) => spent)).toEqual([5, 5, 9_007_199_254_740_996n, 9_007_199_254_740_997n])
})
