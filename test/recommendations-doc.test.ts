import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SAVING_RULES } from '@tallystick/core/insight'
import { expect, it } from 'vitest'

it('docs/recommendations.md has every rule that looks for savings, as the rule tells of itself', () => {
  const text = readFileSync(join(import.meta.dirname, '../docs/recommendations.md'), 'utf8')
  const rows = [...text.matchAll(/^\| `([a-z_]+)` \| (.*) \|$/gm)].map((match) => match.slice(1))
  expect(rows).toEqual(SAVING_RULES.map(({ name, about }) => [name, about]))
})
