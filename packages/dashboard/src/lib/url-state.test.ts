import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { INTERVALS, PRESETS } from './range.ts'
import {
  carried,
  DEFAULT_VIEW,
  decodeValue,
  decodeView,
  encodeView,
  type ViewFilter,
  type ViewState,
  withFilter,
  withoutFilter,
} from './url-state.ts'

const text = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
const filter = fc.oneof(
  fc.record({
    name: fc.constantFrom('model', 'agent_id', 'user_id'),
    values: fc.uniqueArray(fc.option(text, { nil: null }), { minLength: 1, maxLength: 4 }),
    negate: fc.boolean(),
  }),
  fc.record({
    name: text.map((key) => `tags.${key}`),
    values: fc.uniqueArray(text, { minLength: 1, maxLength: 2 }),
    negate: fc.boolean(),
  }),
  fc.record({
    name: fc.constant('success'),
    values: fc.uniqueArray(fc.option(fc.boolean(), { nil: null }), { minLength: 1 }),
    negate: fc.boolean(),
  }),
  fc.record({
    name: fc.constant('status_code'),
    values: fc.uniqueArray(fc.nat(999), { minLength: 1, maxLength: 3 }),
    negate: fc.boolean(),
  }),
) as fc.Arbitrary<ViewFilter>

const view: fc.Arbitrary<ViewState> = fc.record({
  range: fc.oneof(
    fc.constantFrom(...PRESETS.map(({ preset }) => ({ preset }))),
    fc
      .tuple(fc.nat(4e12), fc.integer({ min: 1, max: 1e12 }))
      .map(([fromMs, length]) => ({ fromMs, toMs: fromMs + length })),
  ),
  zone: fc.constantFrom(null, 'UTC', 'Asia/Kathmandu', 'America/Argentina/Buenos_Aires'),
  interval: fc.constantFrom(null, ...INTERVALS.map(({ interval }) => interval)),
  by: fc.oneof(
    fc.constantFrom('model', 'provider', 'agent_id'),
    text.map((key) => `tags.${key}`),
  ),
  sort: fc.constantFrom('-cost_nano_usd', 'requests', '-duration_ms_p95'),
  filters: fc.uniqueArray(filter, { maxLength: 4, selector: ({ name }) => name }),
  log: fc.boolean(),
  page: fc
    .array(fc.tuple(fc.constantFrom('event', 'compare', 'x'), fc.string()), { maxLength: 3 })
    .map((pairs) => new Map(pairs)),
})

describe('the address', () => {
  test('brings back whatever view was written into it', () => {
    fc.assert(
      fc.property(view, (state) => {
        expect(decodeView(`?${encodeView(state)}`)).toEqual(state)
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  test('keeps what one page alone understands, and loses it on the way to another', () => {
    const state = decodeView('?range=7d&sort=requests&event=a%26b&is.model=m&__proto__=x')
    expect([...state.page]).toEqual([['event', 'a&b']])
    expect(encodeView(state)).toBe('range=7d&sort=requests&is.model=m&event=a%26b')
    expect(encodeView(carried(state))).toBe('range=7d&is.model=m')
  })

  test('of any kind opens a view', () => {
    fc.assert(
      fc.property(fc.string(), (search) => {
        const state = decodeView(search)
        expect(decodeView(encodeView(state))).toEqual(state)
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  test('is empty for the default view', () => {
    expect(encodeView(DEFAULT_VIEW)).toBe('')
    expect(decodeView('')).toEqual(DEFAULT_VIEW)
  })

  test('takes instants as ms and as RFC 3339', () => {
    const range = { fromMs: 1_700_158_620_000, toMs: 1_700_162_100_000 }
    expect(decodeView('?from=1700158620000&to=1700162100000').range).toEqual(range)
    expect(decodeView('?from=2023-11-16T18:17:00Z&to=2023-11-16T20:15:00%2B01:00').range).toEqual(range)
  })

  test.each([
    ['a range that ends before it starts', '?from=5&to=4'],
    ['half a range', '?from=5'],
    ['an instant beyond all dates', '?from=0&to=8640000000000001'],
    ['a preset that is none', '?range=3y'],
    ['a zone that is none', '?zone=Mars/Olympus'],
    ['a step that is none', '?interval=7m'],
    ['a dimension that is none', '?by=constructor&is.__proto__=1'],
    ['an alias of a dimension', '?by=agent'],
    ['a measure with a strange name', '?sort=%3Cscript%3E'],
    ['a value of the wrong type', '?is.success=maybe&is.status_code=ok'],
  ])('falls back to the default for %s', (_, search) => {
    expect(decodeView(search)).toEqual(DEFAULT_VIEW)
  })

  test('says an absent value with nothing, and only one kind of condition a dimension', () => {
    expect(decodeView('?is.model=').filters).toEqual([{ name: 'model', values: [null], negate: false }])
    expect(decodeView('?is.model=a&not.model=b&is.model=c').filters).toEqual([
      { name: 'model', values: ['a', 'c'], negate: false },
    ])
  })
})

test('values take the type of their dimension', () => {
  expect([
    decodeValue('success', 'true'),
    decodeValue('status_code', '429'),
    decodeValue('model', '429'),
    decodeValue('tags.n', '1'),
  ]).toEqual([true, 429, '429', '1'])
  expect([decodeValue('success', '1'), decodeValue('status_code', '4.5'), decodeValue('model', '')]).toEqual([
    undefined,
    undefined,
    null,
  ])
})

describe('filters', () => {
  test('gain a value once', () => {
    const once = withFilter(DEFAULT_VIEW, 'model', 'a')
    expect(withFilter(withFilter(once, 'model', 'b'), 'model', 'b').filters).toEqual([
      { name: 'model', values: ['a', 'b'], negate: false },
    ])
  })

  test('start anew when turned round', () => {
    expect(withFilter(withFilter(DEFAULT_VIEW, 'model', 'a'), 'model', 'b', true).filters).toEqual([
      { name: 'model', values: ['b'], negate: true },
    ])
  })

  test('lose one value, the last of them the filter, or all at once', () => {
    const two = withFilter(withFilter(DEFAULT_VIEW, 'model', 'a'), 'model', 'b')
    expect(withoutFilter(two, 'model', 'a').filters).toEqual([{ name: 'model', values: ['b'], negate: false }])
    expect(withoutFilter(withoutFilter(two, 'model', 'a'), 'model', 'b').filters).toEqual([])
    expect(withoutFilter(two, 'model').filters).toEqual([])
  })
})
