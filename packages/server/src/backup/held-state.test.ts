import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeFs } from '@tallystick/core/journal'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readStateFiles } from '../state/check.ts'
import { openState } from '../state/open.ts'
import { madeBy, SMALL, same, writeOf } from '../state/testing/life.ts'
import { holdState } from './held-state.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'held-state-'))
})
afterEach(() => rm(dir, { recursive: true }))

test('what is held is of one moment while it is written, snapshots are made and the log is dropped', async () => {
  const from = join(dir, 'state')
  const state = await openState({ dir: from, ...SMALL })
  let issued = 0
  let acked = 0
  let going = true
  const writer = async (): Promise<void> => {
    while (going) {
      await Promise.all([++issued, ++issued].map((n) => state.write(writeOf(n))))
      acked = issued
    }
  }
  const hasFirst = async (): Promise<boolean> => (await readdir(from)).includes('0000000001.jsonl')
  const writing = writer()
  let held = 0
  try {
    for (let attempt = 0; attempt < 200 && (held < 8 || (await hasFirst())); attempt++) {
      const ackedBefore = acked
      const to = join(dir, `held-${attempt}`)
      const end = await holdState(state, from, to)
      if (end === undefined) continue
      held++
      expect(end.ordinal).toBeGreaterThanOrEqual(ackedBefore)
      const files = await readStateFiles(nodeFs, to, end.position)
      expect(files).toMatchObject({ continues: true, damagedLines: 0, damagedSnapshots: 0, lastOrdinal: end.ordinal })
      const made = Array.from({ length: end.ordinal }, (_, index) => index + 1)
      expect(same(files.tables, madeBy(made)), `${end.ordinal}`).toBe(true)
    }
  } finally {
    going = false
    await writing
    await state.close()
  }
  expect(held).toBeGreaterThanOrEqual(8)
  // Or nothing was dropped meanwhile.
  expect(await hasFirst()).toBe(false)
})
