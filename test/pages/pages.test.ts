import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { problemWith } from '../../packages/server/src/cli/testing/problem-with.ts'
import { ROOT } from '../e2e/cli.ts'
import { commandsOf, snippetsOf, tallystickArguments } from './testing/snippets.ts'

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const pages = readdirSync(join(ROOT, 'docs'), { recursive: true })
  .map((name) => join('docs', String(name)))
  .filter((name) => name.endsWith('.md'))
const all = [...pages, 'README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'examples/README.md']

/** Where the relative links of a page lead, with the heading they name. */
function linksOf(page: string): readonly { readonly path: string; readonly anchor: string | undefined }[] {
  return [...read(page).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(
    ([, path = '', anchor]) => ({
      path: path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path)),
      anchor,
    }),
  )
}

/** The anchors that a page has on the usual forges: headings without marks, in lower case, with hyphens. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [
    ...read(page)
      .replace(/^( *)```[\s\S]*?^\1```$/gm, '')
      .matchAll(/^#{1,6} (.*)$/gm),
  ]
  const anchors = new Set<string>()
  for (const [, heading = ''] of headings) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    const slug = text
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replace(/ /g, '-')
    let free = slug
    for (let number = 1; anchors.has(free); number++) free = `${slug}-${number}`
    anchors.add(free)
  }
  return anchors
}

describe('the pages', () => {
  it('are all linked from the index, or from the index of the interface', () => {
    const linked = new Set(
      ['docs/README.md', 'docs/api/README.md'].flatMap((page) => linksOf(page).map(({ path }) => path)),
    )
    expect(pages.filter((page) => page !== 'docs/README.md' && !linked.has(page))).toEqual([])
  })

  it('have links that lead to a file, and to a heading where they name one', () => {
    const broken = all.flatMap((page) =>
      linksOf(page)
        .filter(({ path, anchor }) => {
          if (!existsSync(join(ROOT, path))) return true
          return anchor !== undefined && path.endsWith('.md') && !anchorsOf(path).has(anchor)
        })
        .map(({ path, anchor }) => `${page} -> ${path}${anchor === undefined ? '' : `#${anchor}`}`),
    )
    expect(broken).toEqual([])
  })

  it('have command lines that the program understands', async () => {
    const lines = new Map<string, { page: string; args: readonly string[] }>()
    for (const page of all)
      for (const words of commandsOf(read(page))) {
        const args = tallystickArguments(words)
        // What stands for something else, such as `[options]` and `total|by-agent`, is no command line yet.
        if (args === undefined || args.some((arg) => /^\[|\||…|^\.\.\.$/.test(arg))) continue
        lines.set(JSON.stringify(args), { page, args })
      }
    expect(lines.size).toBeGreaterThan(150)
    const wrong: string[] = []
    for (const { page, args } of lines.values()) {
      const problem = await problemWith(args)
      if (problem !== undefined) wrong.push(`${page}: tallystick ${args.join(' ')}: ${problem}`)
    }
    expect(wrong).toEqual([])
  })

  it.each([['query --form 7d'], ['import csv'], ['quary'], ['keys'], ['export a.csv b.csv']])(
    'would not pass `tallystick %s`',
    async (line) => expect(await problemWith(line.split(' '))).toBeDefined(),
  )

  it('have JSON that is JSON, a value or one a line', () => {
    const broken = all.flatMap((page) =>
      snippetsOf(read(page))
        .filter(
          ({ language, text }) =>
            language === 'json' && !isJson(text) && !text.split('\n').filter(Boolean).every(isJson),
        )
        .map(({ text }) => `${page}: ${text.slice(0, 60)}`),
    )
    expect(broken).toEqual([])
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
