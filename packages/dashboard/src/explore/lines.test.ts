import type { UsageEvent } from '@tallystick/core/event'
import { fold, parseQuery, type QueryResult, type ResultRow } from '@tallystick/core/query'
import { describe, expect, test } from 'vitest'
import { figureOf } from '../lib/measures.ts'
import { changeCell, figureCell } from './cells.ts'
import { amountBefore, deltaOf, type Line, linesOf, sorted } from './lines.ts'

const answer = (rows: readonly ResultRow[], others = 0): { result: QueryResult; starts: readonly number[] } => ({
  result: { rows, other_groups: others, complete_to_ms: 0, answered_from: 'raw' },
  starts: [],
})
const shape = { by: ['model'], measures: ['cost_nano_usd', 'duration_ms_p95'] }
const row = (model: string | null, cost: number | string | null, p95: number | null = null): ResultRow => ({
  model,
  cost_nano_usd: cost,
  duration_ms_p95: p95,
  unpriced_requests: cost === null ? 1 : 0,
})
const rest = (cost: number | string): ResultRow => ({ ...row(null, cost), other: true })

describe('lines', () => {
  const now = answer([row('a', 30), row(null, 20), rest(7)], 2)
  const before = answer([row('b', 4), row('a', 10, 900), row('c', 5), row(null, '9007199254740993')])

  test('stand beside the same group of the period before; an absent value is not the folded rest', () => {
    const lines = linesOf(shape, now, before)
    expect(lines.map(({ values, other }) => [values[0], other])).toEqual([
      ['a', false],
      [null, false],
      [null, true],
    ])
    expect(lines.map((line) => deltaOf(line, 'cost_nano_usd'))).toEqual([20, -9007199254740973, -2])
    expect(lines.map((line) => amountBefore(line, 'duration_ms_p95'))).toEqual([900, null, null])
  })

  test('without the same group before were nothing then, unless not all of then is known', () => {
    const [line] = linesOf(shape, answer([row('new', 5, 3)]), before)
    expect(amountBefore(line as Line, 'cost_nano_usd')).toBe(0)
    expect(amountBefore(line as Line, 'duration_ms_p95')).toBeNull()
    const [unsure] = linesOf(shape, answer([row('new', 5, 3)]), answer([row('a', 1), rest(9)], 1))
    expect(amountBefore(unsure as Line, 'cost_nano_usd')).toBeNull()
  })

  test('come to the exact sums of both periods, however many groups are folded', () => {
    const event = (index: number): UsageEvent =>
      ({
        eventId: `e${index}`,
        timestampMs: index * 10,
        kind: 'llm_request_completed',
        requestModel: `m${(index * 7) % 13}`,
        costNanoUsd: index,
      }) as UsageEvent
    const events = Array.from({ length: 200 }, (_, index) => event(index))
    const asked = (from: number, to: number, limit: number): QueryResult =>
      fold(parseQuery({ from, to, measures: ['cost_nano_usd'], group_by: ['model'], limit }, { nowMs: 0 }), events)
    const of = (result: QueryResult) => ({ result, starts: [] })
    const lines = linesOf(
      { by: ['model'], measures: ['cost_nano_usd'] },
      of(asked(1_000, 2_000, 3)),
      of(asked(0, 1_000, 10_000)),
    )
    expect(lines).toHaveLength(4)
    const sum = (values: readonly (number | bigint | null)[]): number =>
      values.reduce<number>((total, value) => total + Number(value), 0)
    expect(sum(lines.map((line) => amountBefore(line, 'cost_nano_usd')))).toBe((99 * 100) / 2)
    expect(sum(lines.map((line) => deltaOf(line, 'cost_nano_usd')))).toBe(100 * 100)
  })

  test('of steps are compared step by step', () => {
    const at = (time_ms: number, cost: number): ResultRow => ({ ...row('a', cost), time_ms })
    const lines = linesOf(
      shape,
      { ...answer([at(100, 1), at(200, 2)]), starts: [100, 200] },
      { ...answer([at(0, 5), at(50, 7)]), starts: [0, 50] },
    )
    expect(lines.map((line) => [line.timeMs, amountBefore(line, 'cost_nano_usd')])).toEqual([
      [100, 5],
      [200, 7],
    ])
  })

  test('are sorted by any column, the unknown behind, the folded rest last', () => {
    const lines = linesOf(shape, answer([row('b', 5), row('a', null), row('c', 9), rest(100)]), before)
    const names = (column: string, down: boolean): unknown[] =>
      sorted(lines, { ...shape, sort: { column, down } }).map(({ values, other }) => (other ? 'other' : values[0]))
    expect(names('by', false)).toEqual(['a', 'b', 'c', 'other'])
    expect(names('by', true)).toEqual(['c', 'b', 'a', 'other'])
    expect(names('cost_nano_usd', false)).toEqual(['b', 'c', 'a', 'other'])
    expect(names('change_cost_nano_usd', true)).toEqual(['c', 'b', 'a', 'other'])
  })
})

describe('cells', () => {
  const spend = figureOf('cost_nano_usd')
  const line = (now: ResultRow, before: Line['before']): Pick<Line, 'row' | 'before'> => ({ row: now, before })

  test('say the word where no price is known, and a dash with its reason where nobody knows', () => {
    expect(figureCell({ row: row('a', null) }, spend)).toMatchObject({ text: 'unpriced', unpriced: true })
    expect(figureCell({ row: { ...row('a', null), unpriced_requests: 0 } }, spend)).toMatchObject({ text: '–' })
    expect(figureCell({ row: row('a', 5) }, figureOf('duration_ms_p95'))).toEqual({
      text: '–',
      hint: 'No event says it',
    })
    expect(figureCell({ row: { ...row('a', 12_480_000_001), unpriced_requests: 2 } }, spend)).toEqual({
      text: '$12.48',
      hint: '$12.480000001, without 2 unpriced requests',
    })
  })

  test('say by how much a figure has changed, and in percent of what it was', () => {
    const changed = (now: number | null, before: number | null | 'none'): readonly string[] => {
      const { delta, relative } = changeCell(line(row('a', now), before === 'none' ? 'none' : row('a', before)), spend)
      return [delta, relative.replace('\u202f', ' ')]
    }
    expect(changed(15_000_000_000, 12_000_000_000)).toEqual(['+$3.00', '+25 %'])
    expect(changed(9_000_000_000, 12_000_000_000)).toEqual(['−$3.00', '−25 %'])
    expect(changed(12_000_000_000, 'none')).toEqual(['+$12.00', 'new'])
    expect(changed(5, 5)[0]).toBe('±$0.00')
    expect(changed(5, null)).toEqual(['–', ''])
    expect(changeCell(line(row('a', 5), null), spend).hint).toBe('Not known of the period before')
  })
})
