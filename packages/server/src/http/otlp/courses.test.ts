import { describe, expect, it } from 'vitest'
import { openMemoryState } from '../../state/memory.ts'
import { Courses } from './courses.ts'

describe('sources', () => {
  it('are kept when they are new or change hands, and else once an hour', async () => {
    const state = openMemoryState()
    const courses = new Courses(state)
    const step = async (kind: 'span' | 'metric', knownMs: number): Promise<number> => {
      courses.admits('a', kind, knownMs)
      const changes = courses.changes(['a'])
      await state.write(changes)
      return changes.length
    }
    expect([await step('span', 10), await step('span', 20), await step('span', 3_700_000)]).toEqual([1, 0, 1])
    expect(state.rows('telemetryCourses').get('a')).toEqual({
      signals: [{ kind: 'span', afterMs: -1 }],
      untilMs: 3_700_000,
    })
  })

  it('of which nothing has been heard longest make room for others', async () => {
    const state = openMemoryState()
    const courses = new Courses(state, 100)
    for (let source = 0; source < 250; source++) {
      expect(courses.admits(`s-${source}`, 'log', 1_000 + source)).toBe(true)
      await state.write(courses.changes([`s-${source}`]))
    }
    const rows = state.rows('telemetryCourses')
    expect(rows.size).toBeLessThanOrEqual(100)
    expect([rows.has('s-249'), rows.has('s-0')]).toEqual([true, false])
  })
})
