import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { growthSince, type Standing, standingOf } from './growth.ts'
import type { Part } from './tables.ts'

const point = (startNanos: bigint, timeNanos: bigint, input: number): Parameters<typeof growthSince>[1] => ({
  startNanos,
  timeNanos,
  values: new Map<Part, number>([['input', input]]),
})

describe('a cumulative metric', () => {
  it('grows by what came since; the same and older values are nothing new', () => {
    const first = point(1n, 10n, 100)
    const standing = standingOf(first, undefined)
    expect(growthSince(undefined, first)).toMatchObject({ kind: 'grown', fromNanos: 1n, values: first.values })
    expect(growthSince(standing, first)).toEqual({ kind: 'same' })
    expect(growthSince(standing, point(1n, 9n, 90))).toEqual({ kind: 'old' })
    expect(growthSince(standing, point(1n, 20n, 130))).toEqual({
      kind: 'grown',
      fromNanos: 10n,
      values: new Map([['input', 30]]),
    })
  })

  it('that begins anew has used all that it says', () => {
    const standing = standingOf(point(1n, 10n, 100), undefined)
    expect(growthSince(standing, point(15n, 20n, 130))).toMatchObject({ values: new Map([['input', 130]]) })
    expect(growthSince(standing, point(0n, 20n, 40))).toMatchObject({ values: new Map([['input', 40]]) })
  })

  it('adds up to what was used, through restarts of its sender, repeats and losses on the way', () => {
    const life = fc.array(
      fc.record({
        used: fc.nat({ max: 1_000 }),
        fate: fc.constantFrom('sent', 'lost', 'twice'),
        restart: fc.boolean(),
      }),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(life, (steps) => {
        let standing: Standing | undefined
        let [now, start, value, counted, used] = [0n, 1n, 0, 0, 0]
        for (const { used: more, fate, restart } of steps) {
          now += 10n
          value += more
          used += more
          // Before it ends a sender tells where it stands.
          const sends = restart || fate === 'sent' ? 1 : fate === 'lost' ? 0 : 2
          for (let time = 0; time < sends; time++) {
            const next = point(start, now, value)
            const growth = growthSince(standing, next)
            if (growth.kind !== 'grown') continue
            counted += growth.values.get('input') ?? 0
            standing = standingOf(next, standing)
          }
          if (restart) [start, value] = [now + 5n, 0]
        }
        const last = growthSince(standing, point(start, now + 10n, value))
        if (last.kind === 'grown') counted += last.values.get('input') ?? 0
        expect(counted).toBe(used)
      }),
      { seed: 20261121, numRuns: 500 },
    )
  })
})
