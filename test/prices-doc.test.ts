import { readFileSync } from 'node:fs'
import { decodeWireEvent } from '@tallystick/core/event'
import { createPriceBook, validateOverrides } from '@tallystick/core/pricing'
import { describe, expect, it } from 'vitest'

const page = readFileSync(new URL('../docs/prices.md', import.meta.url), 'utf8')
const NOW_MS = Date.UTC(2026, 10, 21, 12)

/** Each section with a price file: the file, and the events with their costs in the table under it. */
const sections = page.split(/^## /m).flatMap((section) => {
  const file = /```json\n([\s\S]*?)```/.exec(section)?.[1]
  const rows = [...section.matchAll(/^\| `(\{.*\})` \| (\d+) \|$/gm)].map((row) => [row[1], Number(row[2])] as const)
  return file === undefined ? [] : [{ title: section.split('\n', 1)[0] as string, file, rows }]
})

describe('docs/prices.md', () => {
  it('shows the four forms of a price file', () => {
    expect(sections.map(({ title }) => title)).toEqual(['Our own form', 'LiteLLM', 'Routiium', 'Backends'])
  })

  describe.each(sections)('$title', ({ title, file, rows }) => {
    it('is a file that can be loaded as it stands', () => {
      expect(validateOverrides([{ name: title, content: file }])).toEqual([])
      expect(rows.length).toBeGreaterThan(1)
    })

    it.each(rows)('prices %s at %d nano-USD', (item, nanoUsd) => {
      const book = createPriceBook({ catalogue: false, overrides: [{ name: title, content: file }] })
      const decoded = decodeWireEvent(JSON.parse(item as string), { nowMs: NOW_MS, mintId: () => 'e' })
      expect(decoded).toMatchObject({ ok: true })
      expect(decoded.ok && book.price(decoded.event).costNanoUsd).toBe(nanoUsd)
    })
  })

  it('names every kind of token price that a file may hold', () => {
    const known = validateOverrides([{ name: 'x', content: { prices: [{ model: 'm', usd_per_million: { x: 1 } }] } }])
    const names = /known: (.*)$/.exec(known[0]?.message ?? '')?.[1]?.split(', ') ?? []
    expect(names.length).toBeGreaterThan(10)
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  })
})
