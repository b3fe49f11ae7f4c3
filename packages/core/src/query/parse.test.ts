import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isTallystickError, type TallystickError } from '../errors.ts'
import { DIMENSION_OF, DIMENSIONS } from '../event/dimensions.ts'
import { MEASURES } from './measures.ts'
import { type ParseContext, parseQuery } from './parse.ts'
import { filterValueFromText } from './parse-filters.ts'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const DAY = 86_400_000
const context: ParseContext = { nowMs: NOW }
const problemOf = (input: unknown): TallystickError => {
  try {
    parseQuery(input, context)
  } catch (error) {
    if (isTallystickError(error)) return error
    throw error
  }
  throw new Error('the query was accepted')
}
const codeOf = (input: unknown): string => problemOf(input).code
const pathsOf = (input: unknown): string[] => problemOf(input).issues.map(({ path }) => path)

describe('defaults', () => {
  test('an empty query asks for the requests and cost of the last 24 hours', () => {
    const query = parseQuery({}, context)
    expect(query.measures.map(({ name }) => name)).toEqual(['requests', 'cost_nano_usd', 'unpriced_requests'])
    expect(query).toMatchObject({
      groupBy: [],
      filters: [],
      interval: undefined,
      orderBy: undefined,
      timeZone: 'UTC',
      limit: 100,
    })
    // The ms that is now is inside.
    expect([query.fromMs, query.toMs]).toEqual([NOW + 1 - DAY, NOW + 1])
  })

  test('null counts as left out, and one end of the range may be', () => {
    const nothing = {
      from: null,
      to: null,
      measures: null,
      group_by: null,
      interval: null,
      time_zone: null,
      filters: null,
      order_by: null,
      limit: null,
    }
    expect(parseQuery(nothing, context)).toEqual(parseQuery({}, context))
    expect(parseQuery({ to: NOW - DAY }, context)).toMatchObject({ fromMs: NOW - 2 * DAY, toMs: NOW - DAY })
    expect(parseQuery({ from: NOW - 5 }, context)).toMatchObject({ fromMs: NOW - 5, toMs: NOW + 1 })
    expect(parseQuery({}, { nowMs: NOW, timeZone: 'Asia/Kathmandu' }).timeZone).toBe('Asia/Kathmandu')
  })
})

describe('what is accepted', () => {
  test('the documented example', () => {
    const query = parseQuery(
      {
        from: '2026-11-20T00:00:00Z',
        to: '2026-11-21T05:45:00+05:45',
        measures: ['requests', 'input_tokens', 'cost_nano_usd', 'duration_ms_p95', 'input_tokens_p50'],
        group_by: ['model'],
        interval: '1h',
        time_zone: 'Asia/Kathmandu',
        filters: { provider: ['openai'] },
        order_by: '-cost_nano_usd',
        limit: 100,
      },
      context,
    )
    expect(query).toMatchObject({
      fromMs: Date.parse('2026-11-20T00:00:00Z'),
      toMs: Date.parse('2026-11-21T00:00:00Z'),
      interval: '1h',
    })
    expect(query.measures.map(({ name }) => name)).toEqual([
      'requests',
      'input_tokens',
      'cost_nano_usd',
      'duration_ms_p95',
      'input_tokens_p50',
      'unpriced_requests',
    ])
    expect(query.groupBy.map(({ name }) => name)).toEqual(['model'])
    expect(query.orderBy).toMatchObject({ measure: { name: 'cost_nano_usd' }, descending: true })
    expect(query.filters).toEqual([
      { by: { name: 'provider', dimension: DIMENSION_OF.get('provider') }, values: ['openai'], negate: false },
    ])
  })

  test('aliases mean their dimension, and a name given twice counts once', () => {
    const query = parseQuery({ measures: ['events', 'events'], group_by: ['agent', 'agent_id', 'tags.team'] }, context)
    expect(query.measures.map(({ name }) => name)).toEqual(['events'])
    expect(query.groupBy.map(({ name }) => name)).toEqual(['agent_id', 'tags.team'])
  })

  test('every measure and every dimension of the tables', () => {
    for (const { name } of MEASURES)
      expect(parseQuery({ measures: [name], order_by: `-${name}` }, context).measures[0]?.name).toBe(name)
    for (const { name } of DIMENSIONS)
      expect(parseQuery({ group_by: [name], filters: { [name]: null } }, context).groupBy[0]?.name).toBe(name)
  })

  test('no column of a row can bear two meanings', () => {
    const names = ['time_ms', 'other', ...MEASURES.map(({ name }) => name), ...DIMENSIONS.map(({ name }) => name)]
    expect(new Set(names).size).toBe(names.length)
  })

  test.each([
    [{ agent_id: 42 }, ['agent_42'], false],
    [{ agent: ['42', 'agent_42', 'bot'] }, ['agent_42', 'bot'], false],
    [{ status_code: [200, null] }, [200, null], false],
    [{ success: true }, [true], false],
    [{ provider: { not: ['openai', null] } }, ['openai', null], true],
    [{ provider: { not: 'openai' } }, ['openai'], true],
    [{ model: null }, [null], false],
    [{ 'tags.team': ['a', 'a'] }, ['a'], false],
  ])('filter %j', (filters, values, negate) => {
    expect(parseQuery({ filters }, context).filters).toEqual([expect.objectContaining({ values, negate })])
  })

  test.each([
    ['status', '429', 429],
    ['status', '4xx', '4xx'],
    ['success', 'false', false],
    ['success', 'yes', 'yes'],
    ['model', 'true', 'true'],
    ['model', '7', '7'],
    ['agent', '', null],
    ['no-such-name', '7', '7'],
  ])('the text of a URL is read by the type of its dimension: %s=%s', (name, text, value) => {
    expect(filterValueFromText(name, text)).toBe(value)
  })
})

describe('what is refused', () => {
  test.each([
    [{ from: 1.5 }, 'from'],
    [{ from: '12' }, 'from'],
    [{ from: '2026-11-21' }, 'from'],
    [{ from: '2026-11-21T00:00:00' }, 'from'],
    [{ from: -1 }, 'from'],
    [{ to: Number.POSITIVE_INFINITY }, 'to'],
    [{ to: 2 ** 53 }, 'to'],
    [{ to: true }, 'to'],
    [{ from: NOW, to: NOW }, 'from'],
    [{ from: NOW + DAY }, 'from'],
    [{ measures: [] }, 'measures'],
    [{ measures: 'requests' }, 'measures'],
    [{ measures: ['requests', 1] }, 'measures'],
    [{ measures: new Array(65).fill('requests') }, 'measures'],
    [{ group_by: 'model' }, 'group_by'],
    [{ group_by: new Array(9).fill('model') }, 'group_by'],
    [{ interval: '2h' }, 'interval'],
    [{ interval: 3600 }, 'interval'],
    [{ interval: '__proto__' }, 'interval'],
    [{ from: 0, interval: '1m' }, 'interval'],
    [{ time_zone: 'Mars/Base' }, 'time_zone'],
    [{ time_zone: 'x'.repeat(1_000_000) }, 'time_zone'],
    [{ time_zone: 1 }, 'time_zone'],
    [{ filters: [] }, 'filters'],
    [{ filters: 'x' }, 'filters'],
    [{ filters: { provider: [] } }, 'filters.provider'],
    [{ filters: { provider: { not: [] } } }, 'filters.provider.not'],
    [{ filters: { provider: ['a', 7] } }, 'filters.provider[1]'],
    [{ filters: { provider: [['a']] } }, 'filters.provider[0]'],
    [{ filters: { provider: { is: 'a' } } }, 'filters.provider'],
    [{ filters: { provider: { not: 'a', is: 'b' } } }, 'filters.provider'],
    [{ filters: { provider: { not: { not: 'a' } } } }, 'filters.provider.not'],
    [{ filters: { provider: 'a\0' } }, 'filters.provider'],
    [{ filters: { provider: '\ud800' } }, 'filters.provider'],
    [{ filters: { success: 'true' } }, 'filters.success'],
    [{ filters: { success: 1 } }, 'filters.success'],
    [{ filters: { status_code: '200' } }, 'filters.status_code'],
    [{ filters: { status_code: 200.5 } }, 'filters.status_code'],
    [{ filters: { agent_id: -1 } }, 'filters.agent_id'],
    [{ filters: { model: new Array(1_001).fill('a') } }, 'filters.model'],
    [{ filters: Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`tags.${index}`, 'a'])) }, 'filters'],
    [{ order_by: 1 }, 'order_by'],
    [{ limit: 0 }, 'limit'],
    [{ limit: 10_001 }, 'limit'],
    [{ limit: 1.5 }, 'limit'],
    [{ limit: '10' }, 'limit'],
    [{ groupby: ['model'] }, 'groupby'],
    [JSON.parse('{"__proto__":{"limit":5}}'), '__proto__'],
  ])('%j for its %s', (input, path) => {
    const problem = problemOf(input)
    expect(problem.code).toBe('invalid_query')
    expect(problem.issues.map((issue) => issue.path)).toEqual([path])
    expect(problem.issues[0]?.message).not.toBe('')
    expect(problem.message.length).toBeLessThan(1_000)
  })

  test.each([undefined, null, 0, 'query', [], [{}]])('%j, which is no object', (input) => {
    expect(codeOf(input)).toBe('invalid_query')
  })

  test('an unknown measure has its own code and names what is near', () => {
    const problem = problemOf({ measures: ['requsts'] })
    expect(problem.code).toBe('unknown_measure')
    expect(problem.message).toContain('measures[0]: no measure "requsts"; nearest: "requests"')
    expect(codeOf({ order_by: '-cst' })).toBe('unknown_measure')
    expect(codeOf({ measures: ['__proto__', 'constructor'] })).toBe('unknown_measure')
  })

  test('an unknown dimension too, in groups and filters', () => {
    expect(problemOf({ group_by: ['modle'] })).toMatchObject({
      code: 'unknown_dimension',
      message: expect.stringContaining('nearest: "model"'),
    })
    expect(codeOf({ filters: { __proto_: 1, constructor: 'x' } })).toBe('unknown_dimension')
    expect(codeOf({ group_by: ['tags.', 'tags', `tags.${'x'.repeat(200)}`] })).toBe('unknown_dimension')
  })

  test('every problem is listed, and a mixture is an invalid query', () => {
    const input = {
      from: 'x',
      measures: ['nope', 'requests'],
      group_by: ['nope'],
      filters: { nope: 1 },
      order_by: 'nope',
      limit: -1,
      extra: 1,
    }
    expect(codeOf(input)).toBe('invalid_query')
    expect(pathsOf(input).sort()).toEqual([
      'extra',
      'filters.nope',
      'from',
      'group_by[0]',
      'limit',
      'measures[0]',
      'order_by',
    ])
    expect(codeOf({ measures: ['nope'], group_by: ['nope'] })).toBe('invalid_query')
  })

  test('a hostile body is answered in few words', () => {
    const members = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`m${index}`, 1]))
    expect(problemOf(members).issues).toHaveLength(50)
    const long = problemOf({ measures: ['x'.repeat(1_000_000)] })
    expect(long.message.length).toBeLessThan(300)
    expect(problemOf({ filters: { ['y'.repeat(1_000_000)]: 1 } }).issues[0]?.path.length).toBeLessThan(100)
  })

  test('nothing but a TallystickError is ever thrown, whatever JSON comes in', () => {
    const names = [
      ...MEASURES.slice(0, 5).map(({ name }) => name),
      'model',
      'agent',
      'tags.a',
      '1h',
      'UTC',
      '-requests',
      '__proto__',
      '2026-11-21T00:00:00Z',
    ]
    const leaf = fc.oneof(
      fc.constantFrom<unknown>(...names),
      fc.jsonValue({ maxDepth: 3 }),
      fc.integer(),
      fc.double(),
      fc.string({ unit: 'binary' }),
    )
    const some = fc.oneof(
      leaf,
      fc.array(leaf, { maxLength: 4 }),
      fc.dictionary(
        fc.oneof(fc.constantFrom(...names, 'not'), fc.string()),
        fc.oneof(leaf, fc.array(leaf, { maxLength: 3 })),
      ),
    )
    const member = fc.oneof(
      fc.constantFrom(
        'from',
        'to',
        'measures',
        'group_by',
        'interval',
        'time_zone',
        'filters',
        'order_by',
        'limit',
        '__proto__',
      ),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(member, some), fc.jsonValue()), (input) => {
        try {
          parseQuery(input, context)
        } catch (error) {
          expect(isTallystickError(error)).toBe(true)
          expect((error as TallystickError).issues.length).toBeGreaterThan(0)
          expect(['invalid_query', 'unknown_measure', 'unknown_dimension']).toContain((error as TallystickError).code)
        }
      }),
      { seed: 1, numRuns: 3_000 },
    )
  })
})
