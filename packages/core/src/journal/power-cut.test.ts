import { describe, expect, test } from 'vitest'
import { thorough } from '../testing/thorough.ts'
import type { JournalFile, JournalFs } from './fs.ts'
import { openJournal } from './open.ts'
import { CHANGING, FaultFs, type FaultOpKind } from './testing/fault-fs.ts'
import { brokenPromises, DIR, type Life, live, Oracle, steppingClock } from './testing/power-cut.ts'

/** A life of some hundred changes is cut at each of these. */
const EVERY = thorough(7, 1)

type Variant = (fs: FaultFs) => JournalFs

/** How many changing operations of each kind an undisturbed life makes. */
async function changesOf(life: Life): Promise<Map<string, number>> {
  const fs = new FaultFs()
  const changes = new Map<string, number>()
  fs.plan = ({ kind }) => {
    if (CHANGING.has(kind)) changes.set(kind, (changes.get(kind) ?? 0) + 1)
    return undefined
  }
  await live(fs, new Oracle(), life)
  return changes
}

const total = (changes: Map<string, number>): number => [...changes.values()].reduce((sum, count) => sum + count, 0)

/** Cuts the power at the given change of a life, and returns what each survivor breaks. */
async function cutAt(
  change: number,
  survivors: number,
  life: Life,
  variant: Variant = (fs) => fs,
): Promise<readonly string[]> {
  const fs = new FaultFs()
  const oracle = new Oracle()
  let changes = 0
  fs.plan = ({ kind }) => (CHANGING.has(kind) && ++changes === change ? 'crash' : undefined)
  await live(variant(fs), oracle, life)
  const broken: string[] = []
  for (let survivor = 0; survivor < survivors; survivor++) {
    const found = await brokenPromises(fs.survivor(change * 1000 + survivor), oracle)
    for (const promise of found) broken.push(`cut ${change}, survivor ${survivor}: ${promise}`)
  }
  return broken
}

/** A file system that treats files in its own way. */
function withFiles(fs: FaultFs, wrap: (file: JournalFile) => Partial<JournalFile>): JournalFs {
  const wrapped: JournalFs = {
    open: async (path, flags) => {
      const file = await fs.open(path, flags)
      return { ...file, ...wrap(file) }
    },
    mkdir: (path) => fs.mkdir(path),
    list: (path) => fs.list(path),
    size: (path) => fs.size(path),
    rename: (from, to) => fs.rename(from, to),
    unlink: (path) => fs.unlink(path),
    syncDir: (path) => fs.syncDir(path),
    lock: (dir) => fs.lock(dir),
  }
  return wrapped
}

describe('a power cut', () => {
  test('at every change of a life loses nothing acknowledged and doubles nothing, whatever survives', async () => {
    const changes = await changesOf({})
    expect(total(changes)).toBeGreaterThanOrEqual(300)
    // Sealing, pruning and saving cursors are among them, or the test would prove less than it says.
    expect(changes.get('rename')).toBeGreaterThanOrEqual(8)
    expect(changes.get('unlink')).toBeGreaterThanOrEqual(12)
    const broken: string[] = []
    for (let change = 1; change <= total(changes); change += EVERY) broken.push(...(await cutAt(change, 3, {})))
    expect(broken).toEqual([])
  }, 120_000)

  test('during the recovery from a power cut loses nothing either', async () => {
    const broken: string[] = []
    for (let first = 20; first < 200; first += thorough(27, 9)) {
      const fs = new FaultFs()
      const oracle = new Oracle()
      let changes = 0
      fs.plan = ({ kind }) => (CHANGING.has(kind) && ++changes === first ? 'crash' : undefined)
      await live(fs, oracle)
      for (let second = 1; second <= 9; second += 2) {
        const survivor = fs.survivor(first)
        let recovering = 0
        survivor.plan = ({ kind }) => (CHANGING.has(kind) && ++recovering === second ? 'crash' : undefined)
        await brokenPromises(survivor, oracle).catch(() => {})
        for (const promise of await brokenPromises(survivor.survivor(second), oracle))
          broken.push(`${first}, ${second}: ${promise}`)
      }
    }
    expect(broken).toEqual([])
  }, 60_000)

  test.each<[string, Variant]>([
    ['acknowledges before the sync', (fs) => withFiles(fs, () => ({ datasync: async () => {} }))],
    ['does not sync directories', (fs) => ({ ...withFiles(fs, () => ({})), syncDir: async () => {} })],
  ])('is caught out when a variant %s', async (_name, variant) => {
    let broken = 0
    for (let change = 30; change < 60 && broken === 0; change++)
      broken += (await cutAt(change, 4, { steps: 9 }, variant)).length
    expect(broken).toBeGreaterThan(0)
  })
})

describe('an operation that fails', () => {
  test.each(['EIO', 'ENOSPC', 'EMFILE', 'short'] as const)(
    'with %s, at any place of a life, costs no acknowledged record',
    async (fault) => {
      const life = { steps: 14 }
      const made = await changesOf(life)
      const changes = fault === 'short' ? (made.get('write') ?? 0) : total(made)
      const counts = (kind: FaultOpKind): boolean => (fault === 'short' ? kind === 'write' : CHANGING.has(kind))
      const broken: string[] = []
      for (let failing = 1; failing <= changes; failing += EVERY) {
        const fs = new FaultFs()
        const oracle = new Oracle()
        let seen = 0
        fs.plan = ({ kind }) => (counts(kind) && ++seen === failing ? fault : undefined)
        const healed = (): void => {
          fs.plan = () => undefined
        }
        const opened = await live(fs, oracle, { ...life, healed })
        if (opened && !oracle.acked.has(oracle.issued)) broken.push(`${failing}: the journal did not heal`)
        for (const after of [fs.survivor(failing), fs.afterKill()]) {
          for (const promise of await brokenPromises(after, oracle)) broken.push(`${failing}: ${promise}`)
        }
      }
      expect(broken).toEqual([])
    },
    60_000,
  )

  test('for a while, and everything with it, ends in a journal that goes on', async () => {
    const life = { steps: 14 }
    const broken: string[] = []
    for (const fault of ['EIO', 'ENOSPC'] as const) {
      for (let failing = 10; failing < 110; failing += thorough(7, 3)) {
        const fs = new FaultFs()
        const oracle = new Oracle()
        let seen = 0
        fs.plan = ({ kind }) => (CHANGING.has(kind) && ++seen >= failing && seen < failing + 25 ? fault : undefined)
        const healed = (): void => {
          fs.plan = () => undefined
        }
        await live(fs, oracle, { ...life, healed })
        if (!oracle.acked.has(oracle.issued)) broken.push(`${fault} ${failing}: the journal did not heal`)
        for (const promise of await brokenPromises(fs.survivor(failing), oracle))
          broken.push(`${fault} ${failing}: ${promise}`)
      }
    }
    expect(broken).toEqual([])
  }, 60_000)

  test('is caught out when a variant trusts a file again whose sync has failed', async () => {
    const trusting: Variant = (fs) =>
      withFiles(fs, (file) => ({ datasync: () => file.datasync().catch(() => file.datasync()) }))
    let broken = 0
    for (let failing = 1; failing <= 20; failing++) {
      const fs = new FaultFs()
      const oracle = new Oracle()
      let syncs = 0
      fs.plan = ({ kind }) => (kind === 'datasync' && ++syncs === failing ? 'EIO' : undefined)
      await live(trusting(fs), oracle, { steps: 9 })
      broken += (await brokenPromises(fs.survivor(failing), oracle)).length
    }
    expect(broken).toBeGreaterThan(0)
  })

  test('for lack of space is told as disk_full, and the next append after space returns is taken', async () => {
    const fs = new FaultFs()
    const journal = await openJournal({ dir: DIR, fs, clock: steppingClock(), commitDelayMs: 0 })
    const record = { type: 'event', body: '"e":{"id":1}' } as const
    await journal.append([record]).durable
    fs.plan = ({ kind }) => (kind === 'write' ? 'ENOSPC' : undefined)
    const refused = journal.append([record, record])
    const behind = journal.append([record])
    await expect(refused.durable).rejects.toMatchObject({ code: 'disk_full' })
    await expect(behind.durable).rejects.toMatchObject({ code: 'disk_full' })
    expect(journal.stats()).toMatchObject({ state: 'disk_full', records: 1, pending: 0 })
    fs.plan = () => undefined
    const taken = journal.append([record])
    expect(taken.firstOrdinal).toBe(2)
    await expect(taken.durable).resolves.toMatchObject({ ordinal: 2 })
    expect(journal.stats().state).toBe('ok')
    await journal.close()
  })

  test('for lack of space at the opening leaves a journal that is read and heals', async () => {
    const fs = new FaultFs()
    const oracle = new Oracle()
    await live(fs, oracle, { steps: 4 })
    const torn = Buffer.from('{"t":"meta","n":0,"v')
    fs.put(`${DIR}/0000000009.jsonl`, torn)
    fs.plan = ({ kind }) => (kind === 'write' ? 'ENOSPC' : undefined)
    const journal = await openJournal({ dir: DIR, fs, clock: steppingClock(), commitDelayMs: 0 })
    expect(journal.stats()).toMatchObject({ state: 'disk_full', records: oracle.acked.size })
    await expect(journal.append([{ type: 'event', body: '"e":{"id":0}' }]).durable).rejects.toMatchObject({
      code: 'disk_full',
    })
    fs.plan = () => undefined
    await oracle.append(journal, 1)
    expect(journal.stats()).toMatchObject({ state: 'ok', records: oracle.acked.size })
    await journal.close()
    expect(await brokenPromises(fs, oracle)).toEqual([])
  })
})
