import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'vitest'
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

test('100 kills under load lose nothing acknowledged and double nothing', async () => {
  await killAndRestart(dataDir, 100, 2)
}, 900_000)

test('30 kills of a server that makes its store anew lead to the same totals', async () => {
  await killWhileSealing(dataDir, 10, 2)
}, 900_000)
