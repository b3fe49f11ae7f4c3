import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EXPLORE_PARAMETERS } from '../packages/dashboard/src/explore/asked.ts'
import { PARAMETERS } from '../packages/dashboard/src/lib/url-state.ts'

const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8')
const text = read('docs/dashboard.md')

/** Rows below a head of a table, cell by cell. */
const rowsBelow = (head: string): readonly string[][] => {
  const [, rest = ''] = text.split(`${head}\n`)
  const rows = /^\|[-|]+\|\n((?:\|.*\|\n)*)/.exec(rest)?.[1] ?? ''
  return rows
    .trim()
    .split('\n')
    .map((row) => row.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')))
}

it('docs/dashboard.md has every page, with its label and key', () => {
  const pages = [
    ...read('packages/dashboard/src/lib/pages.ts').matchAll(/^ {4}(path|label|key): (?:'(.*)'|OVERVIEW),$/gm),
  ]
  const all = pages.map(([, , value = '/']) => value)
  const rows = Array.from({ length: all.length / 3 }, (_, index) => {
    const [path, label, key] = all.slice(index * 3, index * 3 + 3)
    return [`\`${path}\``, label, `\`g\` \`${key}\``]
  })
  expect(rows.length).toBeGreaterThan(5)
  expect(rowsBelow('| address | page | keys |')).toEqual(rows)
})

it('docs/dashboard.md has every key', () => {
  const keys = [...read('packages/dashboard/src/lib/keys.ts').matchAll(/\{ key: '([^']*)', does: '([^']*)' \}/g)]
  expect(keys.length).toBeGreaterThan(5)
  expect(rowsBelow('| key | does |')).toEqual(keys.map(([, key, does]) => [`\`${key}\``, does]))
})

it('docs/dashboard.md has every parameter of addresses', () => {
  const rows = rowsBelow('| parameter | means |')
  const names = [...PARAMETERS, 'is.<dimension>', 'not.<dimension>']
  expect(rows.map(([name]) => name)).toEqual(names.map((name) => `\`${name}\``))
  expect(rowsBelow('| parameter of `/explore` | means |')).toEqual(
    EXPLORE_PARAMETERS.map(({ name, means }) => [`\`${name}\``, means]),
  )
})
