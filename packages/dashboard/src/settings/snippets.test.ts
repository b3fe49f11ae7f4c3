import { createPriceBook } from '@tallystick/core/pricing'
import { describe, expect, test } from 'vitest'
import { overrideSnippet, snippets } from './snippets.ts'

const ORIGIN = 'http://tally.example:9000'

describe('ways to connect', () => {
  test('all name the address where the page is looked at, and a key only where one is asked for', () => {
    const open = snippets({ origin: ORIGIN, keyed: false, proxied: true })
    for (const { code } of open) {
      expect(code).toContain(ORIGIN)
      expect(code).not.toMatch(/tsk_|TALLYSTICK_KEY/)
    }
    const keyed = snippets({ origin: ORIGIN, keyed: true, proxied: false })
    expect(keyed.map(({ name }) => name)).not.toContain('openai')
    for (const { code } of keyed) expect(code).toMatch(/tsk_|TALLYSTICK_KEY/)
  })

  test('the price file for what has no price is one that can be loaded, whatever the names', () => {
    const content = overrideSnippet([
      { provider: 'house', model: 'house-model' },
      { provider: null, model: '"}<script>\\' },
    ])
    const book = createPriceBook({ overrides: [{ name: 'snippet', content }] })
    expect(book.resolve('house', 'house-model', 0)?.source).toBe('override')
    expect(book.resolve(undefined, '"}<script>\\', 0)?.source).toBe('override')
  })
})
