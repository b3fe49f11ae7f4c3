import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { raceForDirectory } from './testing/lock-racers.ts'

test('a hundred races for one directory are won by exactly one each', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'lock-race-'))
  try {
    const races = await raceForDirectory(dir, 100)
    process.stdout.write(`${JSON.stringify(races)}\n`)
    expect(races).toMatchObject({ fair: 100, killed: 20, takenOver: 20, problems: [] })
  } finally {
    rmSync(dir, { recursive: true })
  }
}, 900_000)
