import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { examine, JournalProcess } from './testing/journal-process.ts'

const CUTS = 200
/** Cuts before a new file system is begun, so that small and large journals are cut. */
const CUTS_PER_DISK = 25

const possible = process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/dev/loop-control')

/**
 * Power cuts of a real file system, as root: the journal lies on ext4 on a loop device whose own commits are far apart, the
 * writing process is stopped, and a copy of the backing file, which holds what was synced and not what stands in memory only,
 * is mounted elsewhere and examined.
 */
describe.runIf(possible)('on ext4', () => {
  let root: string
  let writer: JournalProcess
  const mounted = new Set<string>()

  const run = (command: string, ...args: string[]): void => {
    execFileSync(command, args, { stdio: 'pipe' })
  }
  const mount = (image: string, at: string): void => {
    mkdirSync(at, { recursive: true })
    run('mount', '-o', 'loop,commit=300', image, at)
    mounted.add(at)
  }
  const unmount = (at: string): void => {
    if (!mounted.has(at)) return
    run('umount', at)
    mounted.delete(at)
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'journal-power-'))
  })
  afterEach(async () => {
    await writer.kill()
    for (const at of mounted) unmount(at)
    rmSync(root, { recursive: true })
  })

  /** Makes a file system and starts a writer on it. */
  const begin = async (name: string, mode: 'synced' | 'unsynced'): Promise<{ image: string; live: string }> => {
    const image = join(root, name)
    const live = join(root, 'live')
    run('truncate', '-s', '128M', image)
    run('mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image)
    mount(image, live)
    writer = new JournalProcess()
    await writer.start(join(live, 'journal'), 1, mode)
    return { image, live }
  }

  /** Cuts the power once, and lets the writer go on as if nothing had been. */
  const cut = async (image: string): Promise<{ broken: string[]; acked: number }> => {
    writer.signal('SIGSTOP')
    // The kernel ends what it was asked for, and the last acknowledgements come in.
    await setTimeout(20)
    const acked = new Set(writer.acked)
    const { cursor } = writer
    const copy = join(root, 'copy')
    const after = join(root, 'after')
    run('cp', '--sparse=always', image, copy)
    writer.signal('SIGCONT')
    mount(copy, after)
    const { broken } = await examine(join(after, 'journal'), acked, cursor)
    unmount(after)
    rmSync(copy)
    return { broken, acked: acked.size }
  }

  test(`${CUTS} power cuts lose nothing acknowledged and double nothing`, async () => {
    let examined = 0
    for (let disk = 0; disk * CUTS_PER_DISK < CUTS; disk++) {
      const { image, live } = await begin(`disk-${disk}`, 'synced')
      for (let number = 0; number < CUTS_PER_DISK; number++) {
        await setTimeout((disk * 7 + number * 11) % 60)
        const { broken, acked } = await cut(image)
        expect(broken, `disk ${disk}, cut ${number}`).toEqual([])
        examined += acked
      }
      await writer.kill()
      expect(writer.errors).toEqual([])
      unmount(live)
      rmSync(image)
    }
    // Cuts of an idle process would prove nothing.
    expect(examined).toBeGreaterThan(CUTS * 10)
  }, 600_000)

  test('a journal that does not sync is caught out', async () => {
    const { image } = await begin('disk', 'unsynced')
    await setTimeout(200)
    const { broken, acked } = await cut(image)
    expect(acked).toBeGreaterThan(0)
    expect(broken.length).toBeGreaterThan(0)
  }, 60_000)
})
