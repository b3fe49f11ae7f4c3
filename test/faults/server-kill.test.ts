import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'vitest'
import { thorough } from '../../packages/core/src/testing/thorough.ts'
import { killAndRestart } from './testing/kill-and-restart.ts'
import { killWhileSealing } from './testing/kill-while-sealing.ts'
import { endServers } from './testing/server-process.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'server-kill-'))
})
afterEach(async () => {
  await endServers()
  rmSync(dataDir, { recursive: true })
})

test(
  'killed at any moment a server loses nothing acknowledged and doubles nothing, and its law balances throughout',
  async () => {
    // The second of the three is killed while it starts.
    await killAndRestart(dataDir, thorough(3, 5), thorough(27, 1))
  },
  thorough(120_000, 600_000),
)

test('killed while it makes its store anew and seals it, a server ends up with the same totals', async () => {
  await killWhileSealing(dataDir, 1, 1)
}, 120_000)
