import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'vitest'
import { killAndRestart } from './testing/kill-and-restart.ts'
import { endServers } from './testing/server-process.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'server-kill-'))
})
afterEach(async () => {
  await endServers()
  rmSync(root, { recursive: true })
})

test('a server killed at any moment loses nothing acknowledged, doubles nothing, and its law balances all the time', async () => {
  await killAndRestart({ dataDir: join(root, 'data'), kills: 10, seed: 1 })
}, 120_000)
