import { expect, test } from 'vitest'
import { mostUrgentFirst, news, type ProviderRow, type ProviderState, spells, summary } from './provider-text.ts'

const NOW = 1_795_262_400_000
const MINUTE = 60_000
const row = (
  provider: string,
  state: ProviderState,
  changes: readonly [number, ProviderState][] = [],
): ProviderRow => ({
  provider,
  state,
  since_ms: NOW,
  last_ms: NOW,
  requests: 1,
  failures: 0,
  overloads: 0,
  duration_ms_p95: null,
  changes: changes.map(([minutesAgo, to], index) => ({
    at_ms: NOW - minutesAgo * MINUTE,
    from: changes[index - 1]?.[1] ?? 'unknown',
    to,
    requests: 1,
    failures: 0,
    overloads: 0,
  })),
})

test('what is wrong comes first, and is said in a sentence', () => {
  const rows = [row('a', 'available'), row('z', 'unknown'), row('y', 'down'), row('b', 'degraded'), row('x', 'down')]
  expect(mostUrgentFirst(rows).map(({ provider }) => provider)).toEqual(['x', 'y', 'b', 'a', 'z'])
  expect(summary(rows)).toBe('y and x are down; b is degraded.')
  expect(summary(['a', 'b', 'c', 'd', 'e'].map((name) => row(name, 'down')))).toBe('a, b, c and 2 more are down.')
  expect(summary([row('a', 'available')])).toBe('a is available.')
  expect(summary([row('a', 'available'), row('b', 'available')])).toBe('All 2 that are asked are available.')
  expect(summary([row('a', 'unknown')])).toBe('No requests to providers of late.')
})

test('the last hour is spells without gaps, however old the changes are', () => {
  const shown = (changes: readonly [number, ProviderState][], state: ProviderState): unknown =>
    spells(row('a', state, changes), NOW, 60 * MINUTE).map((spell) => [spell.state, spell.from, spell.width])
  expect(shown([], 'unknown')).toEqual([['unknown', 0, 1]])
  expect(shown([[90, 'available']], 'available')).toEqual([['available', 0, 1]])
  expect(
    shown(
      [
        [90, 'available'],
        [30, 'down'],
        [15, 'available'],
      ],
      'available',
    ),
  ).toEqual([
    ['available', 0, 0.5],
    ['down', 0.5, 0.25],
    ['available', 0.75, 0.25],
  ])
})

test('only changes are news, and a provider that is new is none', () => {
  expect(news([row('a', 'available')], [row('a', 'down'), row('b', 'down')])).toBe('a is down.')
  expect(news([row('a', 'down')], [row('a', 'down')])).toBe('')
})
