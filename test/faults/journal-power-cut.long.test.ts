import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { examine, JournalProcess } from './testing/journal-process.ts'
import { PowerDisk, powerDisksPossible } from './testing/power-disk.ts'

const CUTS = 200
/** Cuts before a new file system is begun, so that small and large journals are cut. */
const CUTS_PER_DISK = 25

/** Power cuts of a real file system, as root: the writing process is stopped, and what was synced by then is examined. */
describe.runIf(powerDisksPossible)('on ext4', () => {
  let disk: PowerDisk | undefined
  let writer = new JournalProcess()
  afterEach(async () => {
    await writer.kill()
    disk?.remove()
    disk = undefined
  })

  /** Makes a file system and starts a writer on it. */
  const begin = async (mode: 'synced' | 'unsynced'): Promise<PowerDisk> => {
    disk = new PowerDisk(128)
    writer = new JournalProcess()
    await writer.start(join(disk.live, 'journal'), 1, mode)
    return disk
  }

  /** Cuts the power once, and lets the writer go on as if nothing had been. */
  const cut = async (power: PowerDisk): Promise<{ broken: string[]; acked: number }> => {
    writer.signal('SIGSTOP')
    // The kernel ends what it was asked for, and the last acknowledgements come in.
    await setTimeout(20)
    const acked = new Set(writer.acked)
    const { cursor } = writer
    power.copy()
    writer.signal('SIGCONT')
    const { broken } = await power.afterwards((path) => examine(join(path, 'journal'), acked, cursor))
    return { broken, acked: acked.size }
  }

  test(`${CUTS} power cuts lose nothing acknowledged and double nothing`, async () => {
    let examined = 0
    for (let number = 0; number < CUTS; number += CUTS_PER_DISK) {
      const power = await begin('synced')
      for (let on = 0; on < CUTS_PER_DISK; on++) {
        await setTimeout(((number / CUTS_PER_DISK) * 7 + on * 11) % 60)
        const { broken, acked } = await cut(power)
        expect(broken, `cut ${number + on}`).toEqual([])
        examined += acked
      }
      await writer.kill()
      expect(writer.errors).toEqual([])
      power.remove()
    }
    // Cuts of an idle process would prove nothing.
    expect(examined).toBeGreaterThan(CUTS * 10)
  }, 600_000)

  test('a journal that does not sync is caught out', async () => {
    const power = await begin('unsynced')
    await setTimeout(200)
    const { broken, acked } = await cut(power)
    expect(acked).toBeGreaterThan(0)
    expect(broken.length).toBeGreaterThan(0)
  }, 60_000)
})
