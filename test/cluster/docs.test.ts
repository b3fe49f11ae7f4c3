import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CONFIG_KEYS } from '../../packages/server/src/config/keys.ts'
import { COPIED } from '../../packages/server/src/control/portion.ts'
import { ROUTES } from '../../packages/server/src/http/routes.ts'
import { ROOT } from '../e2e/cli.ts'

const text = readFileSync(join(ROOT, 'docs/cluster.md'), 'utf8')

describe('docs/cluster.md', () => {
  it('lists every route that is passed on to the owner, and no other', () => {
    const listed = (/these are passed on:\n\n```\n([^`]*)```/.exec(text)?.[1] ?? '').trim().split('\n')
    const passedOn = ROUTES.filter(({ control }) => control).map(({ method, path }) => `${method} ${path}`)
    expect(listed).toEqual(passedOn)
  })

  it('names what is copied, and every key of the configuration that it is about', () => {
    const prose = text.replaceAll('\n', ' ')
    for (const table of COPIED) expect(prose).toContain(table)
    for (const { key, env } of CONFIG_KEYS)
      if (key.startsWith('control.')) expect(text.includes(key) || text.includes(env), key).toBe(true)
    const { default: stale } = CONFIG_KEYS.find(({ key }) => key === 'control.stale_seconds') ?? {}
    expect(text).toContain(`\`control.stale_seconds\` (${String(stale)})`)
  })
})
