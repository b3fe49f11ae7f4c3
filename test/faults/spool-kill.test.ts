import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'vitest'
import { thorough } from '../../packages/core/src/testing/thorough.ts'
import { killServerAndClient } from './testing/kill-server-and-client.ts'
import { endServers } from './testing/server-process.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'spool-kill-'))
})
afterEach(async () => {
  await endServers()
  rmSync(dir, { recursive: true })
})

test(
  'server and recorders killed at any moment: the server holds what was recorded less what is reported as dropped',
  async () => {
    const places = ['a', 'b'].map((name) => ({ dir: join(dir, name) }))
    await killServerAndClient(join(dir, 'data'), places, thorough(2, 12), 1)
  },
  thorough(120_000, 600_000),
)

test(
  'the same of recorders whose spools lie below one directory',
  async () => {
    const parent = join(dir, 'spools')
    await killServerAndClient(join(dir, 'data'), [{ parent }, { parent }], thorough(1, 12), 3)
  },
  thorough(120_000, 600_000),
)
