import { expect, test } from 'vitest'
import { keyUse } from './key-use.ts'

test('days of a key are put together; what has no price adds requests and no spend', () => {
  const day = (key: string | null, time: number, cost: number | string | null, requests: number) => ({
    api_key_id: key,
    time_ms: time,
    cost_nano_usd: cost,
    requests,
  })
  const uses = keyUse([
    day('a', 1, 5, 2),
    day('a', 3, null, 1),
    day('a', 2, '9007199254740993', 1),
    day('a', 9, null, 0),
    day('b', 4, null, 7),
    day(null, 5, 1, 1),
    { ...day(null, 5, 1, 1), other: true },
  ])
  expect([...uses]).toEqual([
    ['a', { cost: 9_007_199_254_740_998n, requests: 4, lastMs: 3 }],
    ['b', { cost: null, requests: 7, lastMs: 4 }],
  ])
})
