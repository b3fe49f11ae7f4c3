import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { busyness, slices } from './rhythm.ts'
import { type WorkloadEvent, workload } from './workload.ts'
import { Zipf } from './zipf.ts'

const DAY = 86_400_000
/** A Monday. */
const FROM = Date.UTC(2026, 10, 2)
const options = { events: 60_000, fromMs: FROM, toMs: FROM + 14 * DAY }

const digest = (events: Iterable<WorkloadEvent>): string => {
  const hash = createHash('sha256')
  for (const event of events) hash.update(JSON.stringify(event))
  return hash.digest('hex')
}

test('the same options give the same events, another seed gives others, and every count is met in order of time', () => {
  const some = fc.record({
    events: fc.integer({ min: 0, max: 400 }),
    seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    models: fc.integer({ min: 1, max: 60 }),
    agents: fc.integer({ min: 1, max: 50 }),
    users: fc.integer({ min: 1, max: 1_000 }),
    fromMs: fc.integer({ min: FROM, max: FROM + DAY }),
    lengthMs: fc.integer({ min: 1_000, max: 30 * DAY }),
  })
  fc.assert(
    fc.property(some, ({ lengthMs, ...rest }) => {
      const of = { ...rest, toMs: rest.fromMs + lengthMs }
      const events = [...workload(of)]
      expect(events).toHaveLength(of.events)
      expect(digest(workload(of))).toBe(digest(events))
      if (of.events > 0) expect(digest(workload({ ...of, seed: of.seed ^ 1 }))).not.toBe(digest(events))
      let before = of.fromMs
      for (const { timestamp_ms: at } of events) {
        expect(at).toBeGreaterThanOrEqual(before)
        expect(at).toBeLessThan(of.toMs)
        before = at as number
      }
      expect(new Set(events.map(({ event_id: id }) => id)).size).toBe(of.events)
    }),
    { numRuns: 40, seed: 1 },
  )
})

test('quarter-hours get their share of the events, which add up', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 50_000 }), fc.integer({ min: 1, max: 40 * DAY }), (events, lengthMs) => {
      const dealt = [...slices(FROM + 1, FROM + 1 + lengthMs, events)]
      expect(dealt.reduce((sum, slice) => sum + slice.events, 0)).toBe(events)
      expect(dealt.every((slice, index) => slice.fromMs === (dealt[index - 1]?.toMs ?? FROM + 1))).toBe(true)
      expect(dealt.at(-1)?.toMs).toBe(FROM + 1 + lengthMs)
      expect(dealt.every((slice) => slice.events >= 0)).toBe(true)
    }),
    { numRuns: 50, seed: 2 },
  )
})

test('the first ranks are the commonest, and each rank has its weight', () => {
  const zipf = new Zipf(4, 1)
  const counts = [0, 0, 0, 0]
  for (let at = 0; at < 25_000; at++) (counts[zipf.rank(at / 25_000)] as number)++
  expect(counts.map((count) => Math.round(count / 1_000))).toEqual([12, 6, 4, 3])
})

describe('the load of two weeks', () => {
  const counts = (of: (event: WorkloadEvent) => unknown): Map<unknown, number> => {
    const found = new Map<unknown, number>()
    for (const event of events) found.set(of(event), (found.get(of(event)) ?? 0) + 1)
    return found
  }
  const share = (of: (event: WorkloadEvent) => boolean): number => events.filter(of).length / events.length
  const shareOfTop = (found: ReadonlyMap<unknown, number>, top: number): number => {
    const sorted = [...found.values()].sort((a, b) => b - a)
    return sorted.slice(0, top).reduce((a, b) => a + b, 0) / sorted.reduce((a, b) => a + b, 0)
  }
  let events: readonly WorkloadEvent[] = []
  let requests: readonly WorkloadEvent[] = []
  beforeAll(() => {
    events = [...workload(options)]
    requests = events.filter(({ kind }) => kind !== 'tool_invocation')
  })

  test('is busy by day and on weekdays', () => {
    const hours = counts(({ timestamp_ms: at }) => Math.floor(((at as number) % DAY) / 3_600_000))
    expect(hours.size).toBe(24)
    expect(Math.max(...hours.values())).toBeGreaterThan(3 * Math.min(...hours.values()))
    expect(hours.get(14) as number).toBeGreaterThan(2 * (hours.get(4) as number))
    const days = counts(({ timestamp_ms: at }) => new Date(at as number).getUTCDay())
    expect(days.get(3) as number).toBeGreaterThan(2 * (days.get(0) as number))
    expect(busyness(FROM)).toBeGreaterThan(0)
  })

  test('has heavy tails over models, agents and users, and all of the first two', () => {
    const models = counts(({ model }) => model)
    models.delete(undefined)
    expect(models.size).toBe(40)
    expect(shareOfTop(models, 4)).toBeGreaterThan(0.4)
    expect(shareOfTop(models, 4)).toBeLessThan(0.8)
    const agents = counts(({ agent_id: agent }) => agent)
    expect(agents.size).toBe(200)
    expect(shareOfTop(agents, 20)).toBeGreaterThan(0.5)
    const users = counts(({ user_id: user }) => user)
    expect(users.size).toBeGreaterThan(2_000)
    expect(shareOfTop(users, Math.ceil(users.size / 10))).toBeGreaterThan(0.3)
  })

  test('has conversations, calls of tools, streams, cached input, failures and attempts to repeat them', () => {
    const sessions = counts(({ session_id: session }) => session)
    expect(events.length / sessions.size).toBeGreaterThan(8)
    expect(events.length / sessions.size).toBeLessThan(16)
    expect(share(({ kind }) => kind === 'tool_invocation')).toBeCloseTo(0.2, 1)
    const failed = requests.filter(({ kind }) => kind === 'llm_request_failed').length / requests.length
    expect(failed).toBeGreaterThan(0.025)
    expect(failed).toBeLessThan(0.06)
    const repeated = requests.filter(({ attempt }) => (attempt as number) > 1)
    expect(repeated.length / requests.length).toBeGreaterThan(0.015)
    const first = new Map(
      requests.filter(({ attempt }) => attempt === 1).map((event) => [event['operation_id'], event]),
    )
    for (const event of repeated) {
      const before = first.get(event['operation_id']) as WorkloadEvent
      expect(before['kind']).toBe('llm_request_failed')
      expect(before['timestamp_ms'] as number).toBeLessThan(event['timestamp_ms'] as number)
    }
    expect(share(({ stream }) => stream === true)).toBeGreaterThan(0.3)
    expect(share((event) => (event['cache_read_tokens'] as number) > 0)).toBeGreaterThan(0.15)
    expect(share((event) => event['cache_hit'] === true)).toBeGreaterThan(0.01)
    expect(share((event) => event['aborted'] === true)).toBeGreaterThan(0)
  })

  test('has durations and token counts whose mean is well above their median', () => {
    for (const member of ['duration_ms', 'input_tokens', 'output_tokens']) {
      const values = requests
        .flatMap((event) => (event[member] === undefined ? [] : [event[member] as number]))
        .sort((a, b) => a - b)
      const mean = values.reduce((a, b) => a + b, 0) / values.length
      expect(mean).toBeGreaterThan(1.25 * (values[values.length >> 1] as number))
    }
  })
})
