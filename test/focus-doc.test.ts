import { readFileSync } from 'node:fs'
import { openTallystick } from 'tallystick'
import { expect, it } from 'vitest'
import { FOCUS_COLUMNS } from '../packages/server/src/format/focus/columns.ts'
import { focusProblems, readFocus } from '../packages/server/src/format/focus/testing/validate.ts'

const page = readFileSync(new URL('../docs/focus.md', import.meta.url), 'utf8')

/** Cells of a table of the page, its head included. */
const tableOf = (name: string): readonly (readonly string[])[] =>
  (new RegExp(`<!-- ${name} -->\\n([\\s\\S]*?)<!-- end -->`).exec(page)?.[1] ?? '')
    .trim()
    .split('\n')
    .filter((_, index) => index !== 1)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )

it('docs/focus.md has every column with its level, in the order of the file, and no other', () => {
  expect(
    tableOf('columns')
      .slice(1)
      .map(([name, level]) => [name, level]),
  ).toEqual(FOCUS_COLUMNS.map(({ name, level }) => [`\`${name}\``, level]))
})

it('docs/focus.md shows what its events come to', async () => {
  const items = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '') as Record<string, unknown>[]
  const now = Date.UTC(2026, 10, 20)
  const tallystick = await openTallystick({
    dataDir: '',
    store: 'memory:',
    clock: { now: () => now, monotonic: () => performance.now() },
  })
  try {
    expect(await tallystick.ingest.submit({ items, door: 'native' })).toMatchObject({ accepted: items.length })
    const answer = await tallystick.fetch(
      new Request('http://localhost/api/v1/export/focus?consistency=applied&tags=tags.team'),
      { trusted: true },
    )
    const text = await answer.text()
    expect(focusProblems(text)).toEqual([])
    const [head = [], ...rows] = tableOf('example')
    const found = readFocus(text).map((row) => head.map((name) => row.get(name) ?? ''))
    const sorted = (table: readonly (readonly string[])[]): readonly string[] =>
      table.map((cells) => JSON.stringify(cells)).sort()
    expect(sorted(found)).toEqual(sorted(rows))
  } finally {
    await tallystick.close()
  }
})
