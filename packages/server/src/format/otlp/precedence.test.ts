import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Course, counted, type SignalKind } from './precedence.ts'

const RANKS: readonly SignalKind[] = ['metric', 'span', 'log']

/** Feeds signals to one source and tells which counted. */
function feed(signals: readonly (readonly [SignalKind, number])[]): readonly boolean[] {
  let course: Course | undefined
  return signals.map(([kind, knownMs]) => {
    const next = counted(course, kind, knownMs)
    course = next ?? course
    return next !== undefined
  })
}

describe('of signals that tell of the same usage', () => {
  it('the best that has come counts', () => {
    expect(
      feed([
        ['log', 10],
        ['span', 11],
        ['metric', 60],
        ['log', 70],
      ]),
    ).toEqual([true, false, false, true])
    expect(
      feed([
        ['span', 10],
        ['metric', 60],
        ['span', 70],
      ]),
    ).toEqual([true, false, true])
  })

  it('a better one takes over where the worse had got to, and late ones of either keep to that', () => {
    expect(
      feed([
        ['metric', 60],
        ['log', 50],
        ['log', 61],
        ['metric', 120],
        ['metric', 59],
        ['log', 60],
        ['log', 130],
      ]),
    ).toEqual([true, false, true, false, true, false, true])
  })

  it('a worse one takes over after a day of silence', () => {
    const day = 86_400_000
    expect(
      feed([
        ['log', 10],
        ['metric', day],
        ['metric', day + 11],
        ['metric', day + 70],
      ]),
    ).toEqual([true, false, true, true])
  })

  it('each moment is counted by one signal, however they are mixed, when each tells of every moment in order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 2 }), { maxLength: 60 }), (turns) => {
        // Each turn one of three signals delivers what it has not told yet of a shared row of moments.
        const next = [1, 1, 1]
        const told = new Map<number, number>()
        let course: Course | undefined
        let now = 0
        for (const rank of [...turns, 0, 1, 2]) {
          now += 2
          for (; (next[rank] as number) <= now; next[rank] = (next[rank] as number) + 1) {
            const moment = next[rank] as number
            const decided = counted(course, RANKS[rank] as SignalKind, moment)
            course = decided ?? course
            if (decided !== undefined) told.set(moment, (told.get(moment) ?? 0) + 1)
          }
        }
        expect([...told.values()].every((times) => times === 1)).toBe(true)
        // What the best of all has been told of is counted by somebody.
        for (let moment = 1; moment < (next[2] as number); moment++) expect(told.get(moment)).toBe(1)
      }),
      { seed: 20261121, numRuns: 500 },
    )
  })
})
