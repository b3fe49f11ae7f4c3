import { describe, expect, test } from 'vitest'
import { decodeView } from '../lib/url-state.ts'
import { askedOf, rankOf } from './asked.ts'

const asked = (search: string): ReturnType<typeof askedOf> => askedOf(decodeView(search))

describe('what is asked', () => {
  test('is by default the usual measures by model', () => {
    expect(asked('')).toEqual({
      measures: ['cost_nano_usd', 'requests', 'total_tokens', 'error_ratio', 'duration_ms_p95'],
      by: ['model'],
      compare: false,
      chart: 'stack',
      charted: 'cost_nano_usd',
      steps: false,
      limit: 100,
      sort: { column: 'cost_nano_usd', down: true },
    })
  })

  test('is what the address says', () => {
    const search =
      '?measures=requests,duration_ms_p99&by=agent_id&by2=tags.team&compare=1&chart=lines&charted=duration_ms_p99&rows=steps&limit=20&sort=change_requests'
    expect(asked(search)).toEqual({
      measures: ['requests', 'duration_ms_p99'],
      by: ['agent_id', 'tags.team'],
      compare: true,
      chart: 'lines',
      charted: 'duration_ms_p99',
      steps: true,
      limit: 20,
      sort: { column: 'change_requests', down: false },
    })
    expect(asked('?whole=1&by2=agent_id').by).toEqual([])
  })

  test.each([
    ['a measure that is none', '?measures=constructor,__proto__'],
    ['a second dimension that is the first', '?by2=model'],
    ['a second dimension that is none', '?by2=toString'],
    ['a limit that is not offered', '?limit=5000000'],
    ['a chart that is none', '?chart=pie'],
    ['a chart of a measure that is not asked for', '?charted=events'],
    ['a sort by a column that is not there', '?sort=-change_requests'],
    ['a sort by the second dimension where there is one', '?sort=by2'],
  ])('falls back to the default for %s', (_, search) => {
    expect(asked(search)).toEqual(asked(''))
  })

  test('is never a stack of what does not add up', () => {
    expect(asked('?measures=duration_ms_p95').chart).toBe('lines')
    expect(asked('?measures=requests,error_ratio&charted=error_ratio&chart=stack').chart).toBe('lines')
  })

  test('is ranked by the server where it can be', () => {
    expect(rankOf(asked('?sort=requests'))).toBe('requests')
    expect(rankOf(asked('?sort=by'))).toBe('-cost_nano_usd')
    expect(rankOf(asked('?compare=1&sort=-change_requests'))).toBe('-cost_nano_usd')
  })
})
