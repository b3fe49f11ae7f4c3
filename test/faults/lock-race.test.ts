import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTallystick } from 'tallystick'
import { expect, test } from 'vitest'
import { raceForDirectory } from './testing/lock-racers.ts'

test('of two processes that open one directory at the same moment one wins and the other names it, and a killed winner is replaced at once', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'lock-race-'))
  try {
    const rounds = 5
    const races = await raceForDirectory(dir, rounds)
    expect(races).toMatchObject({ fair: rounds, killed: 1, takenOver: 1, problems: [] })
    // Each winner wrote one event, and each that took over.
    const tallystick = await openTallystick({ dataDir: dir })
    await tallystick.ingest.applied()
    expect(await tallystick.store.stats()).toMatchObject({ events: rounds + 1, appliedOrdinal: rounds + 1 })
    expect(await tallystick.store.audit?.()).toMatchObject({ differences: [] })
    await tallystick.close()
  } finally {
    rmSync(dir, { recursive: true })
  }
}, 120_000)
