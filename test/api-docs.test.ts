import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { apiPages } from '../scripts/api-docs.mjs'

const folder = new URL('../docs/api/', import.meta.url)

describe('docs/api', () => {
  const pages = apiPages()

  it('has a page for every entry of the packages, and no other', () => {
    expect(readdirSync(folder).sort()).toEqual([...pages.keys()].sort())
  })

  it.each([...pages])('%s is what the docstrings say; if not: npm run build && node scripts/docs.mjs', (name, text) => {
    expect(readFileSync(new URL(name, folder), 'utf8')).toBe(text)
  })

  it('finds a docstring on every export', () => {
    const bare = [...pages].flatMap(([name, text]) =>
      [...text.matchAll(/^\| \[`(\w+)`\]\(.*\) \| {2}\|$/gm)].map((match) => `${name}: ${match[1]}`),
    )
    expect(bare).toEqual([])
  })

  it('leads every link to a heading that is there', () => {
    const headings = new Map(
      [...pages].map(([name, text]) => {
        const seen = new Map<string, number>()
        const anchors = [...text.matchAll(/^### (.+)$/gm)].map((match) => {
          const anchor = (match[1] as string).toLowerCase()
          const count = seen.get(anchor) ?? 0
          seen.set(anchor, count + 1)
          return count === 0 ? anchor : `${anchor}-${count}`
        })
        return [name, new Set(anchors)]
      }),
    )
    const broken = [...pages].flatMap(([name, text]) =>
      [...text.matchAll(/\]\(([\w-]*(?:\.md)?)#([\w-]+)\)/g)]
        .filter((match) => !headings.get(match[1] || name)?.has(match[2] as string))
        .map((match) => `${name} -> ${match[0]}`),
    )
    expect(broken).toEqual([])
  })
})
