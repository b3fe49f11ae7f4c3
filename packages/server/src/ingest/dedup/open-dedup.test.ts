import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { UsageEvent } from '@tallystick/core/event'
import { wireJson } from '@tallystick/core/event'
import { type Journal, type JournalWitness, openJournal } from '@tallystick/core/journal'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY_MS, NOON, temporaryDir, testRandom, uuidAt } from '../testing/harness.ts'
import { contentHash } from './identity.ts'
import { type DedupOptions, type OpenDedup, openDedup } from './open-dedup.ts'

const HASH = contentHash(Buffer.from('same'))
const OTHER = contentHash(Buffer.from('other'))
const TINY = 64 * 1024

const event = (eventId: string, timestampMs = NOON): UsageEvent => ({ eventId, timestampMs, kind: 'router_started' })
const claimOf = (id: string, hash = HASH, receivedMs = NOON) => ({
  event: event(id),
  contentHash: hash,
  receivedMs,
  minted: false,
})

interface Rig extends OpenDedup {
  readonly dir: string
  readonly journal: Journal
  readonly errors: unknown[]
  /** Journals and settles events as the pipeline does; gives how many were fresh. */
  take(ids: readonly string[], receivedMs?: number): Promise<number>
  status(id: string, hash?: string): string
  close(): Promise<void>
}

async function open(
  dir: string,
  options: Partial<DedupOptions> = {},
  known: JournalWitness = { ordinal: 0 },
): Promise<Rig> {
  const errors: unknown[] = []
  const journalDir = join(dir, 'journal')
  const journal = await openJournal({
    dir: journalDir,
    commitDelayMs: 0,
    segmentBytes: 256 * 1024,
    witness: async () => known,
  })
  const onError = (error: unknown): void => void errors.push(error)
  const opened = await openDedup({
    disk: { dir: join(dir, 'dedup'), journal, journalDir, appliedOrdinal: known.ordinal },
    random: testRandom(),
    onError,
    ...options,
  })
  const { dedup, keeper } = opened
  return {
    ...opened,
    dir,
    journal,
    errors,
    async take(ids, receivedMs = NOON) {
      const reservation = dedup.reserve(ids.length)
      const fresh = ids.filter((id) => dedup.claim(reservation, claimOf(id, HASH, receivedMs)) === 'fresh')
      const bodies = fresh.map((id) => ({
        type: 'event' as const,
        body: `"r":${receivedMs},"h":"${HASH}","e":${wireJson(event(id))}`,
      }))
      await journal.append(bodies).durable
      reservation.settle()
      keeper.tend()
      return fresh.length
    },
    status(id, hash = HASH) {
      const reservation = dedup.reserve(1)
      try {
        const result = dedup.claim(reservation, claimOf(id, hash))
        return typeof result === 'string' ? result : 'held'
      } finally {
        reservation.release()
      }
    },
    async close() {
      await keeper.close()
      await journal.close()
    },
  }
}

const ids = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, n) => (n % 2 ? uuidAt(NOON - (n % 5) * DAY_MS, from + n) : `id-${from + n}`))

describe('dedup', () => {
  test('stays exact when ids spill to disk under a tiny budget', async () => {
    const rig = await open(await temporaryDir(), { memoryBytes: TINY })
    const all = ids(8000)
    for (let at = 0; at < all.length; at += 500) {
      expect(await rig.take(all.slice(at, at + 500))).toBe(500)
      await rig.keeper.checkpoint()
    }
    expect(rig.dedup.index.byteLength).toBeLessThan(TINY * 2)
    expect(rig.dedup.index.size).toBe(8000)
    for (const id of all) expect(rig.status(id)).toBe('duplicate')
    for (const id of all.slice(0, 500)) expect(rig.status(id, OTHER)).toBe('conflict')
    for (const id of ids(3000, 100_000)) expect(rig.status(id)).toBe('fresh')
    expect(rig.errors).toEqual([])
    await rig.close()
  })

  test('equals a plain set over any mix of claims, checkpoints and restarts', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.array(fc.nat(300), { minLength: 1, maxLength: 40 }) },
      { weight: 1, arbitrary: fc.constant('checkpoint' as const) },
      { weight: 1, arbitrary: fc.constant('restart' as const) },
    )
    const names = ids(301)
    const property = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const dir = await temporaryDir()
      let rig = await open(dir, { memoryBytes: TINY })
      const model = new Set<string>()
      for (const next of steps) {
        if (next === 'checkpoint') await rig.keeper.checkpoint()
        else if (next === 'restart') {
          await rig.close()
          rig = await open(dir, { memoryBytes: TINY })
        } else {
          const wanted = [...new Set(next)].map((n) => names[n] as string)
          const fresh = wanted.filter((id) => !model.has(id))
          expect(await rig.take(wanted)).toBe(fresh.length)
          for (const id of fresh) model.add(id)
        }
      }
      for (const id of names) expect(rig.status(id)).toBe(model.has(id) ? 'duplicate' : 'fresh')
      expect(rig.errors).toEqual([])
      await rig.close()
    })
    await fc.assert(property, { seed: 1, numRuns: 25 })
  }, 60_000)

  test('ids that name no day are written once, not again at each checkpoint of the month their files stand for', async () => {
    const rig = await open(await temporaryDir())
    const dir = join(rig.dir, 'dedup')
    const files = async (): Promise<string[]> => (await readdir(dir)).filter((name) => name.endsWith('.ids'))
    const plain = (count: number, from: number): string[] => Array.from({ length: count }, (_, n) => `call-${from + n}`)
    // Kept for ever, so a file stands for 31 days, and these come in the middle of them.
    const day = Math.floor(NOON / DAY_MS)
    const receivedMs = NOON + (15 - (day % 31)) * DAY_MS
    await rig.take(plain(3_000, 0), receivedMs)
    await rig.keeper.checkpoint()
    const [first] = await files()
    for (let round = 1; round <= 4; round++) {
      await rig.take(plain(150, round * 10_000), receivedMs)
      await rig.keeper.checkpoint()
    }
    expect(await files()).toContain(first)
    // Two days after the last of them no more are expected, and the files become one.
    await rig.take([uuidAt(receivedMs + 20 * DAY_MS, 1)], receivedMs + 20 * DAY_MS)
    await rig.keeper.checkpoint()
    expect((await files()).filter((name) => name.startsWith('other-'))).toHaveLength(1)
    expect(await files()).not.toContain(first)
    await rig.close()
  })

  test('a start reads only what lies behind the sidecar', async () => {
    const dir = await temporaryDir()
    let rig = await open(dir)
    await rig.take(ids(1000))
    await rig.keeper.checkpoint()
    await rig.take(ids(10, 5000))
    // As a crash leaves it: the sidecar of before, the journal of now.
    const crashed = await temporaryDir()
    await cp(dir, crashed, { recursive: true })
    await rig.close()
    rig = await open(crashed)
    expect(rig.replayed).toBe(10)
    for (const id of [...ids(1000), ...ids(10, 5000)]) expect(rig.status(id)).toBe('duplicate')
    await rig.close()
    rig = await open(crashed)
    expect(rig.replayed).toBe(0)
    await rig.close()
  })

  test('the sidecar is written when a segment is sealed', async () => {
    const dir = await temporaryDir()
    const rig = await open(dir)
    for (let at = 0; at < 4000; at += 500) await rig.take(ids(500, at))
    await rig.close()
    expect((await readdir(join(dir, 'dedup'))).some((name) => name.endsWith('.ids'))).toBe(true)
    const { journal } = JSON.parse(
      (await readFile(join(dir, 'dedup', 'manifest.json'), 'utf8')).split('\n')[0] as string,
    )
    expect(journal.ordinal).toBe(4000)
    expect(rig.journal.cursors().get('dedup')?.ordinal).toBe(4000)
  })

  describe('a sidecar that cannot be used costs a full read and no id', () => {
    const prepare = async (): Promise<string> => {
      const dir = await temporaryDir()
      const rig = await open(dir)
      await rig.take(ids(1000))
      await rig.close()
      return dir
    }
    const damage = {
      'no directory': (dir: string) => rm(dir, { recursive: true }),
      'no manifest': (dir: string) => rm(join(dir, 'manifest.json')),
      'an empty manifest': (dir: string) => writeFile(join(dir, 'manifest.json'), ''),
      'a manifest that is no JSON': (dir: string) => writeFile(join(dir, 'manifest.json'), '{\n00000000\n'),
      'a changed manifest': async (dir: string) => {
        const path = join(dir, 'manifest.json')
        await writeFile(path, (await readFile(path, 'utf8')).replace('"version":1', '"version":2'))
      },
      'missing files': async (dir: string) => {
        for (const name of await readdir(dir)) if (name.endsWith('.ids')) await rm(join(dir, name))
      },
      'cut files': async (dir: string) => {
        for (const name of await readdir(dir))
          if (name.endsWith('.ids'))
            await writeFile(join(dir, name), (await readFile(join(dir, name))).subarray(0, 100))
      },
    }
    test.each(Object.entries(damage))('%s', async (_, harm) => {
      const dir = await prepare()
      await harm(join(dir, 'dedup'))
      const rig = await open(dir)
      expect(rig.replayed).toBe(1000)
      for (const id of ids(1000)) expect(rig.status(id)).toBe('duplicate')
      expect(rig.status('new')).toBe('fresh')
      await rig.close()
      const again = await open(dir)
      expect([again.replayed, again.errors]).toEqual([0, []])
      await again.close()
    })

    test('a sidecar that reaches further than the journal would make events out of nothing, so it is not believed', async () => {
      const dir = await prepare()
      await rm(join(dir, 'journal'), { recursive: true })
      const rig = await open(dir)
      expect(rig.errors).toHaveLength(1)
      for (const id of ids(1000)) expect(rig.status(id)).toBe('fresh')
      await rig.close()
    })

    test('nor is one of another journal of the same length', async () => {
      const dir = await prepare()
      const other = await temporaryDir()
      const stranger = await open(other)
      await stranger.take(ids(1500, 70_000))
      await stranger.close()
      await rm(join(dir, 'journal'), { recursive: true })
      await cp(join(other, 'journal'), join(dir, 'journal'), { recursive: true })
      const rig = await open(dir)
      expect(rig.errors).toHaveLength(1)
      expect(rig.status('id-0')).toBe('fresh')
      expect(rig.status('id-70000')).toBe('duplicate')
      await rig.close()
    })
  })

  test('a journal begun anew above a store that kept its events: ids of before and since are both known', async () => {
    const dir = await temporaryDir()
    let rig = await open(dir)
    for (let at = 0; at < 3000; at += 500) await rig.take(ids(500, at))
    await rig.close()
    await rm(join(dir, 'journal'), { recursive: true })
    const known = { ordinal: 3000, journal: rig.journal.id }
    rig = await open(dir, {}, known)
    await rig.take(ids(10, 50_000))
    const crashed = await temporaryDir()
    await cp(dir, crashed, { recursive: true })
    await rig.close()
    rig = await open(crashed, {}, known)
    expect(rig.replayed).toBe(10)
    for (const id of [...ids(500), ...ids(10, 50_000)]) expect(rig.status(id)).toBe('duplicate')
    await rig.close()
  })

  test('whole days go once all their events have expired, and their files with them', async () => {
    const dir = await temporaryDir()
    const retainMs = 10 * DAY_MS
    const rig = await open(dir, { retainMs })
    await rig.take(['old', uuidAt(NOON, 1)], NOON)
    await rig.take(['new'], NOON + 5 * DAY_MS)
    await rig.keeper.checkpoint()
    await rig.keeper.prune(NOON + 11 * DAY_MS)
    expect(rig.status('old')).toBe('duplicate')
    await rig.keeper.prune(NOON + 11 * DAY_MS + 1)
    expect([rig.status('old'), rig.status(uuidAt(NOON, 1)), rig.status('new')]).toEqual(['fresh', 'fresh', 'duplicate'])
    expect((await readdir(join(dir, 'dedup'))).filter((name) => name.endsWith('.ids'))).toHaveLength(1)
    await rig.close()
  })

  test('a file that goes bad while it is in use is made good from the journal', async () => {
    const dir = await temporaryDir()
    const rig = await open(dir, { memoryBytes: 1 })
    await rig.take(ids(1000))
    await rig.keeper.checkpoint()
    for (const name of await readdir(join(dir, 'dedup'))) {
      if (!name.endsWith('.ids')) continue
      const path = join(dir, 'dedup', name)
      const bytes = await readFile(path)
      bytes[100]! ^= 1
      await writeFile(path, bytes)
    }
    let healed = 0
    for (const id of ids(1000)) {
      for (;;) {
        try {
          rig.keeper.assertReady()
          expect(rig.status(id)).toBe('duplicate')
          break
        } catch (error) {
          if (error instanceof Error && error.name === 'DamagedRunError') rig.keeper.heal(error as never)
          else expect(error).toMatchObject({ code: 'journal_unavailable' })
          healed++
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      }
    }
    expect(healed).toBeGreaterThan(0)
    expect(rig.errors.length).toBeGreaterThan(0)
    await rig.close()
  })

  test('without a disk the oldest ids are forgotten first, and counted', async () => {
    const { dedup, keeper } = await openDedup({ memoryBytes: 256 * 1024, random: testRandom() })
    const take = (id: string, receivedMs: number): string | object => {
      const reservation = dedup.reserve(1)
      const result = dedup.claim(reservation, claimOf(id, HASH, receivedMs))
      reservation.settle()
      keeper.tend()
      return result
    }
    for (let n = 0; n < 20_000; n++) take(`id-${n}`, NOON + Math.floor(n / 1000) * 40 * DAY_MS)
    expect(dedup.index.byteLength).toBeLessThanOrEqual(256 * 1024)
    expect(dedup.index.size + keeper.forgotten).toBe(20_000)
    expect(take('id-19999', NOON)).toBe('duplicate')
    expect(take('id-0', NOON)).toBe('fresh')
  })

  test('a reservation keeps its ids through a checkpoint, and gives them back', async () => {
    const rig = await open(await temporaryDir())
    const first = rig.dedup.reserve(2)
    expect(rig.dedup.claim(first, claimOf('a'))).toBe('fresh')
    expect(rig.dedup.claim(first, claimOf('a'))).toBe('duplicate')
    expect(rig.dedup.claim(first, claimOf('a', OTHER))).toBe('conflict')
    const second = rig.dedup.reserve(1)
    expect(rig.dedup.claim(second, claimOf('a'))).toBe(first)
    second.release()
    for (const bucket of rig.dedup.index.buckets()) bucket.freeze()
    const saved = rig.keeper.checkpoint()
    first.release()
    await saved
    expect(rig.status('a')).toBe('fresh')
    await rig.take(['a'])
    expect(rig.status('a')).toBe('duplicate')
    await rig.close()
  })
})
