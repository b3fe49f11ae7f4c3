import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { endServices, MOVABLE } from '../packages/server/src/migrate/testing/stores.ts'
import { openStore } from '../packages/server/src/store/open-store.ts'

const dir = mkdtempSync(join(tmpdir(), 'tallystick-stores-doc-'))
afterAll(async () => {
  await endServices()
  rmSync(dir, { recursive: true })
})

const page = readFileSync(new URL('../docs/stores.md', import.meta.url), 'utf8')
const rows = [...page.matchAll(/^\| (`[a-z]+:`[^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$/gm)].map(
  ([, schemes = '', , keeps = '', answers = '']) => ({ schemes, keeps, answers }),
)

it.each([...MOVABLE, { name: 'memory', url: () => 'memory:' }].map((store) => [store] as const))(
  'docs/stores.md says of $name what it can do',
  async (named) => {
    const store = await openStore(await named.url(dir), { duckdb: { maintainEveryMs: 0 } })
    const { cells, durable } = store.capabilities
    await store.close()
    const row = rows.find(({ schemes }) => schemes.includes(`\`${named.name}:\``))
    expect(row).toBeDefined()
    expect({ durable, totals: cells, answered: cells }).toEqual({
      durable: !row?.keeps.includes('until the process ends'),
      totals: row?.keeps.includes('totals'),
      answered: row?.answers.includes('totals'),
    })
    const kept = /their totals stay in\s([^.]*)\./.exec(page)?.[1] ?? ''
    expect(kept.includes(`\`${named.name}:\``)).toBe(cells)
  },
)
