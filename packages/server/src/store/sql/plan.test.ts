import { bucketStarts, parseQuery, queryPlan } from '@tallystick/core/query'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CELL_SETS, DAY_MS, SKETCH_SETS, withLongCells } from './cellsets.ts'
import { type QueryRoute, routeQuery, routeSketch } from './plan.ts'

const HOUR = 3_600_000
const QUARTER = 900_000
const day = (number: number): number => Date.UTC(2026, 10, number)

/** Where the bucket counts come from if there is a quantile among the measures, otherwise the figures. */
function route(
  body: object,
  watermarkMs = day(28),
  overflowed: readonly string[] = [],
  { sets = { cells: CELL_SETS, sketches: SKETCH_SETS }, cellsFromMs = 0 } = {},
): QueryRoute {
  const query = parseQuery({ measures: ['requests'], ...body }, { nowMs: day(28) })
  const starts = query.interval ? bucketStarts(query.fromMs, query.toMs, query.interval, query.timeZone) : []
  const plan = queryPlan(query)
  const input = {
    sets,
    query,
    plan,
    bucketStarts: starts,
    watermarkMs,
    cellsFromMs,
    overflowed: (field: string) => overflowed.includes(field),
  }
  const [ranked] = plan.quantities.filter(({ sketch }) => sketch)
  return ranked ? routeSketch(ranked.quantity, input) : routeQuery(input)
}

const shape = ({ segments }: QueryRoute): (readonly [string, number, number])[] =>
  segments.map(({ level, fromMs, toMs }) => [level === 'raw' ? level : level.name, fromMs, toMs])

test('whole UTC days are read from the cells of days', () => {
  expect(shape(route({ from: day(2), to: day(9) }))).toEqual([['1d', day(2), day(9)]])
})

test('ragged ends are read from finer cells and, below a quarter-hour, from rows', () => {
  const from = day(1) + 21 * HOUR + 2 * QUARTER + 5
  expect(shape(route({ from, to: day(4) + HOUR + QUARTER + 1 }))).toEqual([
    ['raw', from, day(1) + 21 * HOUR + 3 * QUARTER],
    ['15m', day(1) + 21 * HOUR + 3 * QUARTER, day(1) + 22 * HOUR],
    ['1h', day(1) + 22 * HOUR, day(2)],
    ['1d', day(2), day(4)],
    ['1h', day(4), day(4) + HOUR],
    ['15m', day(4) + HOUR, day(4) + HOUR + QUARTER],
    ['raw', day(4) + HOUR + QUARTER, day(4) + HOUR + QUARTER + 1],
  ])
})

test('what is not sealed is read from rows', () => {
  expect(shape(route({ from: day(2), to: day(4) }, day(3) + HOUR + QUARTER))).toEqual([
    ['1d', day(2), day(3)],
    ['1h', day(3), day(3) + HOUR],
    ['15m', day(3) + HOUR, day(3) + HOUR + QUARTER],
    ['raw', day(3) + HOUR + QUARTER, day(4)],
  ])
  expect(route({ from: day(2), to: day(4) }, 0)).toEqual({
    cells: undefined,
    segments: [{ level: 'raw', fromMs: day(2), toMs: day(4) }],
  })
})

test('cells are no longer than the buckets of the query and never cross their borders', () => {
  expect(shape(route({ from: day(2), to: day(4), interval: '1h' }))).toEqual([['1h', day(2), day(4)]])
  expect(shape(route({ from: day(2), to: day(4), interval: '1d' }))).toEqual([['1d', day(2), day(4)]])
  expect(shape(route({ from: day(2) - HOUR, to: day(4) - HOUR, interval: '1d', time_zone: 'Europe/Berlin' }))).toEqual([
    ['1h', day(2) - HOUR, day(4) - HOUR],
  ])
  expect(
    shape(route({ from: day(2), to: day(3), interval: '1d', time_zone: 'Asia/Kathmandu' })).map(([level]) => level),
  ).toEqual(['15m'])
  expect(shape(route({ from: day(2), to: day(3), interval: '5m' })).map(([level]) => level)).toEqual(['raw'])
})

test('what Protocol 012 asks of completed requests is in cells, so that it outlives rows', () => {
  const range = { from: day(2), to: day(3), filters: { kind: ['llm_request_completed'] } }
  const measures = ['requests', 'cost_nano_usd', 'input_tokens', 'output_tokens', 'total_tokens']
  for (const [groups, name] of [
    [[], 'total'],
    [['kind'], 'total'],
    [['agent_id'], 'agent'],
    [['provider', 'provider_id'], 'credential'],
    [['model', 'provider', 'provider_id'], 'credential'],
    [['provider', 'agent_id'], 'agent_provider'],
  ] as const)
    expect(route({ ...range, measures, group_by: [...groups] }).cells?.name, groups.join()).toBe(name)
})

test('the smallest set that keeps every dimension and figure answers; without one, rows do', () => {
  const range = { from: day(2), to: day(3) }
  expect(route(range).cells?.name).toBe('total')
  expect(route({ ...range, group_by: ['provider'] }).cells?.name).toBe('model')
  expect(route({ ...range, measures: ['duration_ms_p95'] }).cells?.name).toBe('total')
  expect(route({ ...range, measures: ['duration_ms_p95'], group_by: ['model'] }).cells?.name).toBe('model')
  expect(route({ ...range, group_by: ['status_code'], filters: { model: 'x' } }).cells?.name).toBe('model')
  expect(route({ ...range, group_by: ['agent_id'], filters: { success: false } }).cells?.name).toBe('agent_provider')
  expect(route({ ...range, group_by: ['agent_id'] }).cells?.name).toBe('agent')
  expect(route({ ...range, group_by: ['api_key_id'] }).cells?.name).toBe('key')
  expect(route({ ...range, group_by: ['user_id'] }).cells?.name).toBe('user')
  for (const body of [
    { group_by: ['agent_id', 'model'] },
    { group_by: ['tags.team'] },
    { filters: { endpoint: '/v1' } },
    { group_by: ['agent_id'], measures: ['duration_ms_p95'] },
    { measures: ['input_tokens_max'] },
    { measures: ['request_bytes'] },
  ]) {
    expect(route({ ...range, ...body }).cells, JSON.stringify(body)).toBeUndefined()
  }
})

test('sketches of models have cells of hours and days only; those of all requests together any', () => {
  const india = { from: day(2) - 5.5 * HOUR, to: day(3) - 5.5 * HOUR, measures: ['duration_ms_p95'] }
  const inDays = { ...india, interval: '1d', time_zone: 'Asia/Kolkata' }
  expect(shape(route(inDays)).map(([level]) => level)).toEqual(['15m', '1h', '15m'])
  expect(shape(route({ ...inDays, group_by: ['model'] })).map(([level]) => level)).toEqual(['raw', '1h', 'raw'])
  expect(shape(route({ ...inDays, to: day(4) - 5.5 * HOUR, group_by: ['model'] })).map(([level]) => level)).toEqual([
    'raw',
  ])
})

test('cells do not answer for a field that has overflowed', () => {
  expect(route({ from: day(2), to: day(3), group_by: ['model'] }, day(28), ['requestModel']).cells).toBeUndefined()
  expect(route({ from: day(2), to: day(3), group_by: ['provider'] }, day(28), ['requestModel']).cells?.name).toBe(
    'model',
  )
})

test('users have cells of days only', () => {
  expect(shape(route({ from: day(2) - 1, to: day(4) + HOUR, group_by: ['user_id'] }))).toEqual([
    ['raw', day(2) - 1, day(2)],
    ['1d', day(2), day(4)],
    ['raw', day(4), day(4) + HOUR],
  ])
})

test('any range is covered once, in order, by aligned stretches that are sealed', () => {
  const instant = fc.integer({ min: day(1), max: day(20) })
  const property = fc.property(instant, instant, instant, (a, b, mark) => {
    fc.pre(a !== b)
    const [from, to] = [Math.min(a, b), Math.max(a, b)]
    const watermarkMs = Math.floor(mark / QUARTER) * QUARTER
    let at = from
    for (const { level, fromMs, toMs } of route({ from, to }, watermarkMs).segments) {
      expect(fromMs).toBe(at)
      expect(toMs).toBeGreaterThan(fromMs)
      if (level !== 'raw') {
        expect([fromMs % level.ms, toMs % level.ms]).toEqual([0, 0])
        expect(toMs).toBeLessThanOrEqual(Math.floor(watermarkMs / level.ms) * level.ms)
      }
      at = toMs
    }
    expect(at).toBe(to)
  })
  fc.assert(property, { seed: 3, numRuns: 300 })
})

test('long cells are read between the first and the last that are whole, unless they begin before cells have expired', () => {
  const sets = { cells: withLongCells(CELL_SETS), sketches: withLongCells(SKETCH_SETS) }
  const long = (number: number): number => number * 16 * DAY_MS
  const [from, to] = [long(1_200) + 5 * DAY_MS, long(1_203) + 2 * DAY_MS + HOUR]
  const later = { from, to, measures: ['requests'] }
  expect(shape(route(later, to, [], { sets }))).toEqual([
    ['1d', from, long(1_201)],
    ['16d', long(1_201), long(1_203)],
    ['1d', long(1_203), long(1_203) + 2 * DAY_MS],
    ['1h', long(1_203) + 2 * DAY_MS, to],
  ])
  expect(shape(route(later, to, [], { sets, cellsFromMs: long(1_201) + DAY_MS })).slice(0, 2)).toEqual([
    ['1d', from, long(1_202)],
    ['16d', long(1_202), long(1_203)],
  ])
  expect(shape(route({ ...later, interval: '1d' }, to, [], { sets })).map(([level]) => level)).toEqual(['1d', '1h'])
})
