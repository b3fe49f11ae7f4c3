import { readFileSync } from 'node:fs'
import { providerVerdict } from '@tallystick/core/insight'
import { describe, expect, it } from 'vitest'
import { CONFIG_KEYS } from '../packages/server/src/config/keys.ts'

const page = readFileSync(new URL('../docs/health.md', import.meta.url), 'utf8')
const rowsOf = (table: string): readonly (readonly string[])[] =>
  (new RegExp(`<!-- ${table} -->\\n([\\s\\S]*?)<!-- end -->`).exec(page)?.[1] ?? '')
    .trim()
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )

it('docs/health.md has every threshold with its default, and no other', () => {
  const keys = CONFIG_KEYS.filter(({ key }) => key.startsWith('health.'))
  expect(rowsOf('thresholds').map(([key, value]) => [key, value])).toEqual(
    keys.map(({ key, default: value }) => [`\`${key}\``, String(value)]),
  )
})

describe('docs/health.md says what a request tells of its provider', () => {
  /** What is described in words, as events say it. */
  const DESCRIBED: { readonly [words: string]: readonly object[] } = {
    'a success': [{ success: true }],
    'a timeout, a connection that failed, a stream that was cut': [
      { errorType: 'timeout', aborted: true },
      { errorType: 'connection' },
      { errorType: 'truncated', statusCode: 200 },
    ],
    'a failure that nothing more is known of': [{}],
    '429 with `insufficient_quota`': [{ statusCode: 429, errorCode: 'insufficient_quota' }],
    'a caller that gave up': [{ aborted: true, errorType: 'client_abort' }],
    "an answer of the gateway's cache": [{ success: true, cacheHit: true }],
  }
  const listed = (text: string): readonly object[] =>
    text
      .split(', ')
      .map((part) => (/^\d{3}$/.test(part) ? { statusCode: Number(part) } : { errorType: part.replaceAll('`', '') }))

  it.each(rowsOf('verdicts'))('%s: %s', (what = '', tells = '') => {
    for (const event of DESCRIBED[what] ?? listed(what))
      expect(providerVerdict({ kind: 'llm_request_failed', success: false, ...event }), JSON.stringify(event)).toBe(
        tells === 'nothing' ? undefined : tells.replaceAll('`', ''),
      )
  })
})
