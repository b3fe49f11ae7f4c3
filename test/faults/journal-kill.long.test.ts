import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openJournal } from '@tallystick/core/journal'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { examine, JournalProcess } from './testing/journal-process.ts'

const KILLS = 20

let dir: string
const writer = new JournalProcess()
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'journal-kill-'))
})
afterEach(async () => {
  await writer.kill()
  rmSync(dir, { recursive: true })
})

test('a process killed at any moment loses nothing acknowledged, and the next one opens at once', async () => {
  let first = 1
  for (let kill = 0; kill < KILLS; kill++) {
    await writer.start(dir, first)
    await setTimeout(30 + ((kill * 37) % 150))
    await expect(openJournal({ dir })).rejects.toMatchObject({ code: 'journal_locked' })
    await writer.kill()
    const { broken, highest } = await examine(dir, writer.acked, writer.cursor)
    expect(broken).toEqual([])
    first = Math.max(highest, writer.highestAcked) + 1
  }
  expect(writer.errors).toEqual([])
  expect(writer.acked.size).toBeGreaterThan(KILLS)
}, 120_000)
