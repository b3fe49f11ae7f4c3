import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { DiskWatch } from './disk-watch.ts'

describe('the watch over a directory', () => {
  let nowMs = 0
  const dirs: string[] = []
  const clock = { now: () => 0, monotonic: () => nowMs }
  const made = (): { dir: string; watch: DiskWatch } => {
    const dir = mkdtempSync(join(tmpdir(), 'tallystick-disk-'))
    dirs.push(dir)
    return { dir, watch: new DiskWatch(dir, clock) }
  }
  afterEach(() => {
    for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
  })

  it('says what the writer says, until a file can be written there, of which nothing is left', async () => {
    const { dir, watch } = made()
    expect(watch.look({ state: 'ok', failures: 0 })).toBe('ok')
    expect(watch.look({ state: 'disk_full', failures: 1 })).toBe('disk_full')
    await watch.settled()
    expect(watch.look({ state: 'disk_full', failures: 1 })).toBe('ok')
    expect(readdirSync(dir)).toEqual([])
  })

  it('believes the writer that fails again, and tries less often then', async () => {
    const { watch } = made()
    let failures = 0
    const tries: number[] = []
    for (const startMs = nowMs; nowMs - startMs < 120_000; nowMs += 500) {
      const state = watch.look({ state: 'failed', failures })
      await watch.settled()
      if (state !== 'ok') continue
      tries.push(nowMs - startMs)
      failures++
    }
    expect(tries).toEqual([500, 1_500, 3_500, 7_500, 15_500, 31_500, 63_500])
  })

  it('says that the directory is gone while it is, whatever the writer knows of it', () => {
    const { dir, watch } = made()
    rmSync(dir, { recursive: true })
    expect(watch.look({ state: 'ok', failures: 0 })).toBe('gone')
    dirs.push(made().dir)
    expect(watch.look({ state: 'failed', failures: 1 })).toBe('gone')
  })
})
