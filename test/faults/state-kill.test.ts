import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { thorough } from '../../packages/core/src/testing/thorough.ts'
import { openState } from '../../packages/server/src/state/open.ts'
import { JournalProcess } from './testing/journal-process.ts'

const KILLS = thorough(6, 60)

let dir: string
const writer = new JournalProcess({
  script: './state-writer.mjs',
  module: '../../../packages/server/dist/state/open.js',
})
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'state-kill-'))
})
afterEach(async () => {
  await writer.kill()
  rmSync(dir, { recursive: true })
})

/** What is there and should not be, or is not and should. */
async function broken(): Promise<{ readonly found: string[]; readonly highest: number }> {
  const found: string[] = []
  const state = await openState({ dir, onNotice: ({ kind }) => found.push(kind) })
  const made = [...state.rows('tenants').keys()].map((id) => Number(id.slice(1)))
  const there = new Set(made)
  for (const n of writer.acked) if (!there.has(n)) found.push(`write ${n} was acknowledged and is lost`)
  for (const n of made) {
    if (state.rows('budgets').get(`w${n}`)?.amount !== String(n * n)) found.push(`write ${n} is there in part`)
    if (state.rows('leases').has(`l${n}`) === there.has(n + 100)) found.push(`the lease of write ${n} is wrong`)
  }
  if (state.rows('budgets').size !== made.length) found.push('a row too many')
  const highest = Math.max(0, ...made)
  if (made.length > 0 && state.rows('agents').get('shared')?.createdMs !== made.at(-1))
    found.push('the shared row is not that of the last write')
  await state.close()
  return { found, highest }
}

test('a process killed at any moment loses no write that it acknowledged, and leaves none in part', async () => {
  let first = 1
  for (let kill = 0; kill < KILLS; kill++) {
    await writer.start(dir, first)
    await setTimeout(40 + ((kill * 37) % 200))
    await expect(openState({ dir })).rejects.toMatchObject({ code: 'journal_locked' })
    await writer.kill()
    const { found, highest } = await broken()
    expect(found).toEqual([])
    first = Math.max(highest, writer.highestAcked) + 1
  }
  expect(writer.errors).toEqual([])
  expect(writer.acked.size).toBeGreaterThan(KILLS)
  // Snapshots were made and the log before them dropped, or this would have proved little.
  expect(readdirSync(dir)).not.toContain('0000000001.jsonl')
}, 120_000)
