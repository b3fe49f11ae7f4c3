import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createAudit } from './audit-log.ts'
import { openState } from './open.ts'

/**
 * A directory as version 1 of the format left it after a kill: twelve writes in three segments, a snapshot of the first six and
 * one of none. Every later version must read it.
 */
const GOLDEN = fileURLToPath(new URL('./fixtures/golden-v1', import.meta.url))

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'state-golden-'))
  cpSync(GOLDEN, dir, { recursive: true })
})
afterEach(() => rmSync(dir, { recursive: true }))

test.each(['snapshots and log', 'the log alone'])('the files of format 1 are read: %s', async (what) => {
  if (what === 'the log alone')
    for (const ordinal of ['00', '06']) rmSync(join(dir, `snapshot-00000000000000${ordinal}.jsonl`))
  const notices: unknown[] = []
  const state = await openState({ dir, onNotice: (notice) => notices.push(notice) })
  const rowOf = (table: Parameters<typeof state.rows>[0], id: string): unknown => state.rows(table).get(id)
  expect(rowOf('tenants', 'acme')).toEqual({ id: 'acme', name: 'Acme', createdMs: 1_795_262_400_003 })
  expect(rowOf('agents', 'agent_42')).toMatchObject({ name: 'Support 🤖 "bot"', ownerId: 'u-1' })
  expect(rowOf('keys', 'k7f3')).toMatchObject({ scopes: ['ingest', 'read'], revokedMs: 1_795_262_411_049 })
  expect(rowOf('keys', 'k7f4')).not.toHaveProperty('revokedMs')
  expect(rowOf('sessions', 's1')).toMatchObject({ keyId: 'k7f4' })
  expect(rowOf('budgets', 'b1')).toMatchObject({ amount: '25000000000', thresholds: [50, 80, 100] })
  expect(state.rows('leases').size).toBe(0)
  expect(rowOf('rules', 'a1')).toMatchObject({ targets: [{ kind: 'webhook', secret: 's' }] })
  expect(rowOf('firings', 'f1')).toMatchObject({ key: ['a1', 'b1', 50, 1] })
  expect(rowOf('deliveries', 'd1')).toMatchObject({ attempts: 1, lastError: 'timeout' })
  const audit = createAudit(state, { now: () => 0, monotonic: () => 0 })
  expect(audit.list({ limit: 9 }).map(({ action }) => action)).toEqual([
    'key.revoke',
    'rule.create',
    'budget.create',
    'key.create',
    'key.create',
  ])
  expect(state.end().ordinal).toBe(12)
  expect(notices).toEqual([])
  await state.close()
})
