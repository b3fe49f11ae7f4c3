import { isTallystickError, type TallystickError } from '@tallystick/core'
import { describe, expect, it, test } from 'vitest'
import { DEFAULT_THRESHOLDS, nanoOfUsd, readDefinition } from './definition.ts'

function refusal(value: unknown): TallystickError {
  try {
    readDefinition(value)
  } catch (error) {
    if (isTallystickError(error)) return error
    throw error
  }
  throw new Error('It was taken.')
}

const GOOD = { name: 'Team', amount: 5 }

describe('a budget as it is sent', () => {
  it('has defaults for everything but its name and amount', () => {
    expect(readDefinition(GOOD)).toEqual({
      name: 'Team',
      unit: 'nano_usd',
      amount: '5',
      window: { kind: 'month', timeZone: 'UTC' },
      mode: 'hard',
      thresholds: DEFAULT_THRESHOLDS,
    })
  })

  it('takes dollars exactly, and names an agent as events do', () => {
    expect(
      readDefinition({
        id: 'search-1',
        name: 'Search',
        amount_usd: '25.000000001',
        subject: { dimension: 'agent', value: '42' },
        window: { kind: 'rolling', ms: 3_600_000 },
        mode: 'soft',
        thresholds: [100, 50, 50],
      }),
    ).toMatchObject({
      amount: '25000000001',
      subject: { dimension: 'agent_id', value: 'agent_42' },
      window: { kind: 'rolling', ms: 3_600_000 },
      thresholds: [50, 100],
    })
  })

  it.each([
    ['no object', 7, 'not_an_object', ''],
    ['no name', { amount: 5 }, 'missing_field', 'name'],
    ['an empty name', { ...GOOD, name: '' }, 'empty_value', 'name'],
    ['no amount', { name: 'x' }, 'missing_field', 'amount'],
    ['a negative amount', { ...GOOD, amount: -1 }, 'out_of_range', 'amount'],
    ['a negative amount in digits', { ...GOOD, amount: '-1' }, 'out_of_range', 'amount'],
    ['NaN, as JSON has it', { name: 'x', amount: 'NaN' }, 'not_an_integer', 'amount'],
    ['a fraction', { ...GOOD, amount: 0.5 }, 'not_an_integer', 'amount'],
    ['infinity', { ...GOOD, amount: Number.POSITIVE_INFINITY }, 'not_an_integer', 'amount'],
    ['a number that is not exact', { ...GOOD, amount: 2 ** 53 }, 'out_of_range', 'amount'],
    ['more than there is', { ...GOOD, amount: '9'.repeat(28) }, 'out_of_range', 'amount'],
    ['negative dollars', { name: 'x', amount_usd: -5 }, 'out_of_range', 'amount_usd'],
    ['dollars with ten decimals', { name: 'x', amount_usd: '1.0000000001' }, 'invalid_type', 'amount_usd'],
    ['dollars of tokens', { name: 'x', unit: 'tokens', amount_usd: '1' }, 'unknown_value', 'amount_usd'],
    ['two amounts', { ...GOOD, amount_usd: '1' }, 'unknown_value', 'amount_usd'],
    [
      'an unknown zone',
      { ...GOOD, window: { kind: 'day', time_zone: 'Mars/Olympus' } },
      'unknown_value',
      'window.time_zone',
    ],
    ['an unknown window', { ...GOOD, window: 'year' }, 'unknown_value', 'window.kind'],
    ['a rolling window without a length', { ...GOOD, window: { kind: 'rolling' } }, 'missing_field', 'window.ms'],
    ['a rolling window of a second', { ...GOOD, window: { kind: 'rolling', ms: 1000 } }, 'out_of_range', 'window.ms'],
    [
      'a wrong subject',
      { ...GOOD, subject: { dimension: 'session_id', value: 'x' } },
      'unknown_value',
      'subject.dimension',
    ],
    [
      'a subject named after a built-in',
      { ...GOOD, subject: { dimension: '__proto__', value: 'x' } },
      'unknown_value',
      'subject.dimension',
    ],
    ['a subject without a value', { ...GOOD, subject: { dimension: 'model' } }, 'missing_field', 'subject.value'],
    ['a threshold of 0', { ...GOOD, thresholds: [0] }, 'out_of_range', 'thresholds[0]'],
    ['a threshold that is null', { ...GOOD, thresholds: [null] }, 'not_an_integer', 'thresholds[0]'],
    ['thresholds without end', { ...GOOD, thresholds: Array(21).fill(50) }, 'too_many_entries', 'thresholds'],
    ['an id that is a path', { ...GOOD, id: '../x' }, 'unknown_value', 'id'],
    ['a member that is ours', { ...GOOD, crossings: [] }, 'unknown_value', 'crossings'],
  ])('is refused with %s', (_, value, code, path) => {
    const error = refusal(value)
    expect(error.code).toBe(code)
    expect(error.issues.map((issue) => issue.path)).toContain(path)
  })

  it('is refused with every problem at once', () => {
    const error = refusal({ amount: -1, window: 'year' })
    expect(error.code).toBe('invalid_body')
    expect(error.issues.map(({ path }) => path).sort()).toEqual(['amount', 'name', 'window.kind'])
  })
})

test.each([
  ['25', 25_000_000_000n],
  ['25.00', 25_000_000_000n],
  ['0.000000001', 1n],
  ['1e3', undefined],
  ['', undefined],
  ['.5', undefined],
])('%s dollars are %s nano-USD', (text, nano) => expect(nanoOfUsd(text)).toBe(nano))
