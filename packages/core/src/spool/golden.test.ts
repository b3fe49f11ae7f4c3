import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSpool } from './open.ts'
import { deliverAll } from './testing/memory-spool.ts'

/**
 * A directory as version 1 of the format left it after a kill: a life that dropped, was refused and was closed, and one in whose
 * middle the process ended. Every later version must read it.
 */
const GOLDEN = fileURLToPath(new URL('./fixtures/golden-v1', import.meta.url))

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'spool-golden-'))
  cpSync(GOLDEN, dir, { recursive: true })
})
afterEach(() => rmSync(dir, { recursive: true }))

test('the files of format 1 are read: what was not answered, and the accounts', async () => {
  const spool = await openSpool({ dir })
  expect(spool.life.sourceId).toBe('gateway')
  expect(spool.life.epoch).toBeGreaterThan(1_700_000_000_000)
  expect(await deliverAll(spool)).toEqual([3, 6, 7, 8])
  expect(spool.lives()).toMatchObject([
    {
      sourceId: 'gateway',
      recorded: 6,
      acked: 3,
      pending: 0,
      dropped: new Map([
        ['queue_full', 2],
        ['rejected', 1],
      ]),
    },
    { sourceId: 'gateway', recorded: 3, acked: 3, pending: 0, dropped: new Map() },
  ])
  await spool.close()
})
