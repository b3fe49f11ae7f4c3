import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Marks } from './marks.ts'

test('marks are a map from ordinals to lives, by segment, and survive being saved', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ gap: fc.nat(4), life: fc.integer({ min: 1, max: 3 }), rotate: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ clear: fc.nat(400) }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.nat(50), fc.nat(400), (steps, first, last) => {
      let marks = new Marks()
      const model = new Map<number, { readonly segment: number; readonly life: number }>()
      let ordinal = 0
      let segment = 1
      for (const action of steps) {
        if ('clear' in action) {
          expect(marks.clear(action.clear)).toBe(model.get(action.clear)?.life ?? 0)
          model.delete(action.clear)
          continue
        }
        if (action.rotate && ordinal % 5 === 0) segment++
        ordinal += 1 + action.gap
        expect(marks.mark(segment, ordinal, action.life)).toBe(true)
        expect(marks.mark(segment, ordinal, action.life)).toBe(false)
        model.set(ordinal, { segment, life: action.life })
        if (ordinal % 7 === 0) marks = Marks.from(JSON.parse(JSON.stringify(marks.save())))
      }
      const inRange = [...model.keys()].filter((number) => number >= first && number <= last)
      expect([...marks.between(first, last)]).toEqual(inRange)
      const segments = [...new Set([...model.values()].map((mark) => mark.segment))]
      expect(marks.segments()).toEqual(segments)
      expect(marks.total).toBe(model.size)
      expect(marks.oldest(segments[1] ?? 0)?.segment).toBe(segments[1] ?? segments[0])
      for (const number of segments)
        expect(marks.of(number)).toEqual([...model].filter(([, mark]) => mark.segment === number).map(([at]) => at))
      marks.forget(segment + 1)
      expect(marks.total).toBe(model.size)
      for (let at = 0; at <= ordinal + 3; at++) expect(marks.at(at)).toBe(model.get(at)?.life ?? 0)
    }),
    { seed: 11, numRuns: 300 },
  )
})

test('a full spool is saved in little space', () => {
  const marks = new Marks()
  for (let segment = 1; segment <= 40; segment++)
    for (let index = 0; index < 5000; index++) if (index % 50 !== 0) marks.mark(segment, segment * 5000 + index, 1)
  expect(JSON.stringify(marks.save()).length).toBeLessThan(20_000)
})
