import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { UsageEvent } from '../../event/index.ts'
import { type Evidence, judged, nextStanding, type ProviderState, type Standing } from './judgement.ts'
import { KEPT_CHANGES, ProviderHealth, type StateChange } from './provider-health.ts'
import { DEFAULT_HEALTH, fittedHealth } from './settings.ts'
import { providerVerdict } from './verdict.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const START = 1_795_262_400_000

const request = (timestampMs: number, how: Partial<UsageEvent> = {}): UsageEvent => ({
  eventId: 'e',
  timestampMs,
  kind: how.success === false ? 'llm_request_failed' : 'llm_request_completed',
  provider: 'openai',
  success: true,
  ...how,
})
const FAULT = { success: false, statusCode: 500 } as const
const OVERLOAD = { success: false, statusCode: 429 } as const
const REFUSED = { success: false, statusCode: 400 } as const

/** A provider that is fed a request every so often and judged every five seconds. */
class Life {
  nowMs = START
  readonly health = new ProviderHealth(START)
  readonly changes: StateChange[] = []

  /** @param how what becomes of the request that is made at that instant; undefined: none is */
  run(forMs: number, everyMs: number, how: (atMs: number) => Partial<UsageEvent> | undefined): this {
    for (const endMs = this.nowMs + forMs; this.nowMs < endMs; this.nowMs += SECOND) {
      const outcome = (this.nowMs - START) % everyMs === 0 ? how(this.nowMs) : undefined
      if (outcome !== undefined) this.health.add(request(this.nowMs, outcome), this.nowMs)
      if ((this.nowMs - START) % (5 * SECOND) !== 0) continue
      const change = this.health.judge(this.nowMs)
      if (change !== undefined) this.changes.push(change)
    }
    return this
  }
  get state(): ProviderState {
    return this.health.report(this.nowMs).state
  }
  get path(): readonly string[] {
    return this.changes.map(({ to }) => to)
  }
}
const ok = (): Partial<UsageEvent> => ({})
const bad = (): Partial<UsageEvent> => FAULT

describe('whose fault a request was', () => {
  it.each<[string, Partial<UsageEvent>, string | undefined]>([
    ['an answer', {}, 'answered'],
    ['an answer of a cache', { cacheHit: true }, undefined],
    ['500', FAULT, 'fault'],
    ['503', { success: false, statusCode: 503 }, 'fault'],
    ['504', { success: false, statusCode: 504 }, 'fault'],
    ['408', { success: false, statusCode: 408 }, 'fault'],
    ['429', OVERLOAD, 'overload'],
    ['429 for an unpaid bill', { ...OVERLOAD, errorCode: 'insufficient_quota' }, undefined],
    ['529', { success: false, statusCode: 529, errorType: 'overloaded_error' }, 'overload'],
    ['503 that says it is overloaded', { success: false, statusCode: 503, errorType: 'overloaded_error' }, 'overload'],
    ['400', REFUSED, undefined],
    ['401', { success: false, statusCode: 401, errorType: 'authentication_error' }, undefined],
    ['403', { success: false, statusCode: 403 }, undefined],
    ['404', { success: false, statusCode: 404, errorType: 'not_found_error' }, undefined],
    ['422', { success: false, statusCode: 422 }, undefined],
    ['a budget that refused it', { success: false, statusCode: 402 }, undefined],
    ['a connection that failed', { success: false, errorType: 'connection', errorCode: 'ECONNREFUSED' }, 'fault'],
    ['a name that is not known', { success: false, errorType: 'connection', errorCode: 'ENOTFOUND' }, 'fault'],
    ['a stream that was cut', { success: false, statusCode: 200, errorType: 'truncated' }, 'fault'],
    ['an error within a stream', { success: false, statusCode: 200, errorType: 'overloaded_error' }, 'overload'],
    ['a caller who gave up', { success: false, aborted: true, errorType: 'client_abort' }, undefined],
    ['a caller who waited long', { success: false, aborted: true, errorType: 'timeout' }, 'fault'],
    ['a class of LiteLLM', { success: false, errorType: 'RateLimitError' }, 'overload'],
    ['another', { success: false, errorType: 'AuthenticationError' }, undefined],
    ['another', { success: false, errorType: 'ContextWindowExceededError' }, undefined],
    ['another', { success: false, errorType: 'APIConnectionError' }, 'fault'],
    ['another', { success: false, errorType: 'InternalServerError' }, 'fault'],
    ['an exception of AWS', { success: false, errorType: 'ThrottlingException' }, 'overload'],
    ['a failure that nothing is known of', { success: false }, 'fault'],
    ['a tool', { kind: 'tool_invocation', success: false }, undefined],
  ])('%s: %o is %s', (_, how, verdict) => {
    expect(providerVerdict(request(START, how))).toBe(verdict)
  })
})

describe('the state of a provider', () => {
  test('is unknown until a request tells of it, and available from its first answer', () => {
    const life = new Life()
    expect(life.state).toBe('unknown')
    life.run(10 * SECOND, SECOND, () => REFUSED)
    expect(life.state).toBe('unknown')
    life.run(SECOND, SECOND, ok)
    expect(life.state).toBe('available')
  })

  test('is down within a minute and a quarter of an outage, and available within two and a half of its end', () => {
    const life = new Life().run(10 * MINUTE, SECOND, ok)
    const outMs = life.nowMs
    life.run(10 * MINUTE, SECOND, bad)
    const backMs = life.nowMs
    life.run(10 * MINUTE, SECOND, ok)
    expect(life.path).toEqual(['available', 'degraded', 'down', 'degraded', 'available'])
    const [, degraded, down, , available] = life.changes.map(({ atMs }) => atMs)
    expect((degraded ?? 0) - outMs).toBeLessThanOrEqual(15 * SECOND)
    expect((down ?? 0) - outMs).toBeLessThanOrEqual(75 * SECOND)
    expect((available ?? 0) - backMs).toBeLessThanOrEqual(150 * SECOND)
  })

  test('is degraded by refusals for load, however many, and never down', () => {
    const life = new Life().run(10 * MINUTE, SECOND, () => OVERLOAD)
    expect(life.path).toEqual(['degraded'])
  })

  test('is not touched by what callers ask wrongly, however much of it there is', () => {
    const life = new Life().run(10 * MINUTE, SECOND, (atMs) => (atMs % (10 * SECOND) === 0 ? {} : REFUSED))
    expect(life.path).toEqual(['available'])
    // Nor does it hide an outage.
    life.run(5 * MINUTE, SECOND, (atMs) => (atMs % (10 * SECOND) === 0 ? FAULT : REFUSED))
    expect(life.state).toBe('down')
  })

  test('is judged over the whole window where there is little traffic, and stays while there is less', () => {
    const life = new Life().run(10 * MINUTE, MINUTE, ok).run(6 * MINUTE, MINUTE, bad)
    expect(life.state).toBe('down')
    life.run(6 * MINUTE, 6 * MINUTE, ok)
    expect(life.state).toBe('down')
  })

  test('does not come back when traffic thins out after a recovery', () => {
    const life = new Life().run(3 * MINUTE, SECOND, bad).run(3 * MINUTE, 10 * SECOND, ok)
    expect(life.state).toBe('available')
    life.run(10 * MINUTE, MINUTE, ok)
    expect(life.path.slice(-1)).toEqual(['available'])
  })

  test('stays without traffic, and is unknown after a quarter of an hour of it', () => {
    const life = new Life().run(5 * MINUTE, SECOND, bad)
    life.run(14 * MINUTE, SECOND, () => undefined)
    expect(life.state).toBe('down')
    life.run(2 * MINUTE, SECOND, () => undefined)
    expect(life.state).toBe('unknown')
    expect(life.health.report(life.nowMs)).toMatchObject({
      requests: 0,
      failures: 0,
      p95Ms: undefined,
    })
  })

  test('takes no notice of history, of the future, nor of what comes late for an outage that is over', () => {
    const life = new Life().run(10 * MINUTE, 10 * SECOND, ok)
    for (let index = 0; index < 1_000; index++) {
      life.health.add(request(START - index * MINUTE, FAULT), life.nowMs)
      life.health.add(request(life.nowMs + 2 * MINUTE, FAULT), life.nowMs)
      // Three minutes ago, when every tenth second a request was answered: more failures than those answers.
      life.health.add(request(life.nowMs - 3 * MINUTE, FAULT), life.nowMs)
    }
    expect(life.state).toBe('available')
    expect(life.health.report(life.nowMs).failures).toBe(1_000)
  })

  test('takes a request for when it ended', () => {
    const health = new ProviderHealth(START)
    for (let index = 0; index < 5; index++)
      health.add(request(START - 30 * MINUTE, { ...FAULT, durationMs: 30 * MINUTE }), START)
    expect(health.report(START).state).toBe('down')
  })

  test('goes on after the clock was set back', () => {
    const life = new Life().run(5 * MINUTE, SECOND, bad).run(5 * MINUTE, SECOND, ok)
    const { health } = life
    const backMs = START - 60 * MINUTE
    for (let second = 0; second < 300; second++) {
      health.add(request(backMs + second * SECOND, FAULT), backMs + second * SECOND)
      health.judge(backMs + second * SECOND)
    }
    expect(health.report(backMs + 5 * MINUTE).state).toBe('down')
  })

  test('tells the p95 of what was answered, and its latest changes only', () => {
    const health = new ProviderHealth(START)
    for (let index = 1; index <= 100; index++) health.add(request(START - 1_000 - index, { durationMs: index }), START)
    expect(health.report(START).p95Ms).toBe(95)
    const life = new Life()
    for (let round = 0; round < KEPT_CHANGES; round++) life.run(3 * MINUTE, SECOND, bad).run(3 * MINUTE, SECOND, ok)
    const kept = life.health.report(life.nowMs).changes
    expect(kept).toEqual(life.changes.slice(-KEPT_CHANGES))
  })
})

const evidence = fc.record({
  answered: fc.nat({ max: 60 }),
  faults: fc.nat({ max: 60 }),
  overloads: fc.nat({ max: 60 }),
})
const RANKS = ['available', 'degraded', 'down']
const standing: fc.Arbitrary<Standing> = fc.record(
  {
    state: fc.constantFrom<ProviderState>('available', 'degraded', 'down'),
    sinceMs: fc.constant(START),
    went: fc.constantFrom('up' as const, 'down' as const),
  },
  { requiredKeys: ['state', 'sinceMs'] },
)
const after = (now: Standing, found: Evidence, nowMs: number): number =>
  RANKS.indexOf(nextStanding(now, found, DEFAULT_HEALTH, nowMs, false).state)

describe('properties', () => {
  test('more failures never make a better state: neither in place of answers nor of refusals for load', () => {
    fc.assert(
      fc.property(
        evidence,
        fc.nat({ max: 60 }),
        fc.nat({ max: 60 }),
        standing,
        fc.nat(),
        (found, a, b, now, laterMs) => {
          const fromAnswers = Math.min(a, found.answered)
          const fromOverloads = Math.min(b, found.overloads)
          const worse = {
            answered: found.answered - fromAnswers,
            overloads: found.overloads - fromOverloads,
            faults: found.faults + fromAnswers + fromOverloads,
          }
          expect(after(now, worse, START + laterMs)).toBeGreaterThanOrEqual(after(now, found, START + laterMs))
          const refused = { ...found, answered: found.answered - fromAnswers, overloads: found.overloads + fromAnswers }
          expect(after(now, refused, START + laterMs)).toBeGreaterThanOrEqual(after(now, found, START + laterMs))
        },
      ),
    )
  })

  test('what brings a state about keeps it: judged again at once it stands', () => {
    fc.assert(
      fc.property(evidence, standing, fc.nat({ max: 10 * MINUTE }), (found, now, laterMs) => {
        const nowMs = START + laterMs
        const next = nextStanding(now, found, DEFAULT_HEALTH, nowMs, false)
        fc.pre(next !== now)
        expect(nextStanding(next, found, DEFAULT_HEALTH, nowMs + DEFAULT_HEALTH.dwellMs, false)).toEqual(next)
      }),
      { seed: 2, numRuns: 500 },
    )
  })

  test('the eased judgement is never the milder one', () => {
    fc.assert(
      fc.property(evidence, (found) => {
        const strict = judged(found, DEFAULT_HEALTH, false)
        const eased = judged(found, DEFAULT_HEALTH, true)
        expect(RANKS.indexOf(eased ?? 'available')).toBeGreaterThanOrEqual(RANKS.indexOf(strict ?? 'available'))
      }),
      { seed: 4, numRuns: 500 },
    )
  })

  test('whatever becomes of requests, no state is taken back within the dwell time', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            forMs: fc.integer({ min: 1, max: 120 }).map((seconds) => seconds * SECOND),
            everyMs: fc.constantFrom(SECOND, 2 * SECOND, 7 * SECOND, 30 * SECOND),
            // Around the thresholds: 5, 10, 25 and 50 of a hundred.
            percent: fc.constantFrom(0, 4, 5, 9, 10, 11, 24, 26, 49, 50, 51, 100),
            overload: fc.boolean(),
          }),
          { maxLength: 12 },
        ),
        fc.integer({ min: 1, max: 97 }),
        (spells, stride) => {
          const life = new Life()
          let count = 0
          for (const { forMs, everyMs, percent, overload } of spells)
            life.run(forMs, everyMs, () => {
              count += stride
              return count % 100 < percent ? (overload ? OVERLOAD : FAULT) : {}
            })
          const known = life.changes.filter(({ from, to }) => from !== 'unknown' && to !== 'unknown')
          const way = ({ from, to }: StateChange): number => Math.sign(RANKS.indexOf(to) - RANKS.indexOf(from))
          for (const [index, change] of known.entries()) {
            const last = known[index - 1]
            if (last !== undefined && way(last) !== way(change))
              expect(change.atMs - last.atMs).toBeGreaterThanOrEqual(DEFAULT_HEALTH.dwellMs)
          }
        },
      ),
      { seed: 3, numRuns: 60 },
    )
  })

  test('neither the order in which requests are told of matters, nor what ended before the window', () => {
    const told = fc.record({
      agoMs: fc.integer({ min: -MINUTE, max: 10 * MINUTE }),
      how: fc.constantFrom<Partial<UsageEvent>>({}, FAULT, OVERLOAD, REFUSED, { durationMs: 2 * SECOND }),
    })
    fc.assert(
      fc.property(fc.array(told, { maxLength: 60 }), fc.infiniteStream(fc.nat()), (requests, places) => {
        const reportOf = (list: typeof requests): unknown => {
          const health = new ProviderHealth(START)
          for (const { agoMs, how } of list) health.add(request(START - agoMs, how), START)
          return health.report(START)
        }
        const shuffled = requests
          .map((one): [number, typeof one] => [places.next().value, one])
          .sort(([a], [b]) => a - b)
          .map(([, one]) => one)
        const lately = requests.filter(({ agoMs, how }) => agoMs - (how.durationMs ?? 0) < DEFAULT_HEALTH.windowMs)
        expect(reportOf(shuffled)).toEqual(reportOf(requests))
        expect(reportOf(lately)).toEqual(reportOf(requests))
      }),
      { seed: 5, numRuns: 300 },
    )
  })

  test('a share that stays at a threshold settles: it changes the state once and no more', () => {
    for (const percent of [5, 10, 25, 50]) {
      const life = new Life()
      let count = 0
      life.run(60 * MINUTE, SECOND, () => {
        count += 37
        return count % 100 < percent ? FAULT : {}
      })
      expect(life.changes.filter(({ atMs }) => atMs > START + 5 * MINUTE).length, `${percent} %`).toBeLessThanOrEqual(1)
    }
  })
})

test('times that do not fit each other are made to', () => {
  expect(fittedHealth({ recentMs: 600_000, windowMs: 60_000, silenceMs: 1_000 })).toMatchObject({
    recentMs: 60_000,
    silenceMs: 60_000,
  })
})
