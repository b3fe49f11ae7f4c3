import { expect, test } from 'vitest'
import { Quarantine } from './quarantine.ts'
import { FaultFs } from './testing/fault-fs.ts'
import { writeRecords } from './testing/memory-journal.ts'
import { DIR } from './testing/power-cut.ts'

test('damage that several readers come upon at the same moment is counted once', async () => {
  const fs = new FaultFs()
  await writeRecords(fs, 2)
  const quarantine = new Quarantine(fs, DIR)
  const keep = (): Promise<void> => quarantine.keep('lines', 1, undefined, { offset: 10, length: 5, lines: 1 })
  await Promise.all([keep(), keep(), keep()])
  expect(quarantine.stats.quarantinedLines).toBe(1)
})
