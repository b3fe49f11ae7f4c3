import { describe, expect, it } from 'vitest'
import type { UsageEvent } from '../event/index.ts'
import { ErrorPatterns, normalisedMessage } from './error-patterns.ts'

const failure = (errorMessage: string | undefined, timestampMs: number, errorType = 'E'): UsageEvent => ({
  eventId: 'x',
  timestampMs,
  kind: 'tool_invocation',
  success: false,
  errorType,
  ...(errorMessage === undefined ? {} : { errorMessage }),
})

describe('patterns of errors', () => {
  it.each([
    ['timeout after 5000 ms', 'timeout after # ms'],
    ['request 7f3b9c2e-1111-4222-8333-444455556666 failed', 'request # failed'],
    ['object deadbeef01 is gone', 'object # is gone'],
    ['defaced facade', 'defaced facade'],
    ['a  b\n c', 'a b c'],
    ['1,234.5 of 7:30', '# of #'],
  ])('%j is %j', (message, normalised) => {
    expect(normalisedMessage(message)).toBe(normalised)
  })

  it('keep the three earliest messages that differ, in whatever order they come', () => {
    const events = [5, 3, 9, 1, 7, 3].map((at) => failure(`code ${at}`, at))
    for (const order of [events, [...events].reverse()]) {
      const patterns = new ErrorPatterns(10)
      for (const event of order) patterns.add(event)
      expect(patterns.top(10)).toEqual([
        {
          type: 'E',
          code: undefined,
          message: 'code 1',
          samples: ['code 1', 'code 3', 'code 5'],
          count: 6,
          firstSeenMs: 1,
          lastSeenMs: 9,
        },
      ])
    }
  })

  it('are told apart by a status where no code says more', () => {
    const patterns = new ErrorPatterns(10)
    for (const statusCode of [429, 429, 503]) patterns.add({ ...failure('no', 1), statusCode })
    patterns.add({ ...failure('no', 2), statusCode: 429, errorCode: 'slow_down' })
    expect(patterns.top(10)).toMatchObject([
      { code: undefined, statusCode: 429, count: 2 },
      { code: undefined, statusCode: 503, count: 1 },
      { code: 'slow_down', statusCode: undefined, count: 1 },
    ])
  })

  it('are bounded: what comes when all places are taken is counted together', () => {
    const patterns = new ErrorPatterns(2)
    for (let index = 0; index < 9; index++) patterns.add(failure('m', index, `type ${index}`))
    expect(patterns.top(10).map(({ type, count, firstSeenMs }) => [type, count, firstSeenMs])).toEqual([
      ['other', 7, 2],
      ['type 0', 1, 0],
      ['type 1', 1, 1],
    ])
  })

  it('are those of failures that say why', () => {
    const patterns = new ErrorPatterns(5)
    patterns.add({ ...failure('m', 1), success: true })
    patterns.add({ eventId: 'x', timestampMs: 1, kind: 'tool_invocation', success: false })
    patterns.add(failure(undefined, 1))
    expect(patterns.top(10)).toMatchObject([{ type: 'E', message: undefined, samples: [], count: 1 }])
  })
})
