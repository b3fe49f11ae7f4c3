import type { JournalFile } from '@tallystick/core/journal'
import { describe, expect, test } from 'vitest'
import { CHANGING, FaultFs, type FaultOpKind } from '../../../core/src/journal/testing/fault-fs.ts'
import { thorough } from '../../../core/src/testing/thorough.ts'
import { broken, live, madeBy, Oracle, same, tablesOf } from './testing/life.ts'

async function changesOf(): Promise<Map<FaultOpKind, number>> {
  const fs = new FaultFs()
  const changes = new Map<FaultOpKind, number>()
  fs.plan = ({ kind }) => {
    if (CHANGING.has(kind)) changes.set(kind, (changes.get(kind) ?? 0) + 1)
    return undefined
  }
  const state = await live(fs, new Oracle())
  await state?.close()
  return changes
}

const total = (changes: Map<FaultOpKind, number>): number =>
  [...changes.values()].reduce((sum, count) => sum + count, 0)

/** Cuts the power at the given change of a life and gives what each survivor breaks. */
async function cutAt(change: number, survivors: number): Promise<readonly string[]> {
  const fs = new FaultFs()
  const oracle = new Oracle()
  let seen = 0
  fs.plan = ({ kind }) => (CHANGING.has(kind) && ++seen === change ? 'crash' : undefined)
  await live(fs, oracle)
  const found: string[] = []
  for (let survivor = 0; survivor < survivors; survivor++)
    for (const what of await broken(fs.survivor(change * 1000 + survivor), oracle))
      found.push(`cut ${change}, survivor ${survivor}: ${what}`)
  return found
}

describe('a power cut', () => {
  test('at every change of a life loses no write that was acknowledged and leaves none in part', async () => {
    const changes = await changesOf()
    // Snapshots and dropped segments are among them, or the test would prove less than it says.
    expect(changes.get('rename')).toBeGreaterThanOrEqual(6)
    expect(changes.get('unlink')).toBeGreaterThanOrEqual(6)
    const found: string[] = []
    for (let change = 1; change <= total(changes); change += thorough(5, 1)) found.push(...(await cutAt(change, 2)))
    expect(found).toEqual([])
  }, 120_000)
})

describe('a power cut during the opening after a power cut', () => {
  test('loses nothing either', async () => {
    const found: string[] = []
    for (let first = 20; first < 190; first += thorough(34, 17)) {
      const fs = new FaultFs()
      const oracle = new Oracle()
      let seen = 0
      fs.plan = ({ kind }) => (CHANGING.has(kind) && ++seen === first ? 'crash' : undefined)
      await live(fs, oracle)
      for (let second = 1; second <= 12; second += 2) {
        const survivor = fs.survivor(first)
        let opening = 0
        survivor.plan = ({ kind }) => (CHANGING.has(kind) && ++opening === second ? 'crash' : undefined)
        await broken(survivor, oracle).catch(() => {})
        // The write that it goes on with may have become durable before the cut.
        for (const what of await broken(survivor.survivor(second), oracle)) found.push(`${first}, ${second}: ${what}`)
      }
    }
    expect(found).toEqual([])
  }, 60_000)
})

describe('a disk that does not keep what it says it has synced', () => {
  class Unsynced extends FaultFs {
    override async open(...how: Parameters<FaultFs['open']>): Promise<JournalFile> {
      return { ...(await super.open(...how)), datasync: async () => {} }
    }
  }

  test('is found out', async () => {
    const found: string[] = []
    for (let change = 40; change < 60; change++) {
      const fs = new Unsynced()
      const oracle = new Oracle()
      let seen = 0
      fs.plan = ({ kind }) => (CHANGING.has(kind) && ++seen === change ? 'crash' : undefined)
      await live(fs, oracle)
      found.push(...(await broken(fs.survivor(change), oracle).catch(() => ['it does not open'])))
    }
    expect(found.length).toBeGreaterThan(0)
  })
})

describe('a disk that fails', () => {
  test.each(['EIO', 'ENOSPC', 'EMFILE'] as const)(
    'with %s for a while, beginning with any change of a life: what was refused is taken back, and nothing else',
    async (fault) => {
      const changes = total(await changesOf())
      const found: string[] = []
      for (let failing = 10; failing <= changes; failing += thorough(8, 3)) {
        const fs = new FaultFs()
        const oracle = new Oracle()
        let seen = 0
        fs.plan = ({ kind }) => (CHANGING.has(kind) && ++seen >= failing && seen < failing + 12 ? fault : undefined)
        const state = await live(fs, oracle)
        if (state === undefined) continue
        if (!same(tablesOf(state), madeBy(oracle.acked))) found.push(`${failing}: memory is not what was acknowledged`)
        fs.plan = () => undefined
        await oracle.write(fs, state)
        if (!oracle.acked.has(oracle.issued)) found.push(`${failing}: it does not heal`)
        if (!same(tablesOf(state), madeBy(oracle.acked))) found.push(`${failing}: memory is wrong after healing`)
        for (const what of await broken(fs.afterKill(), oracle)) found.push(`${failing}: ${what}`)
        await state.close()
      }
      expect(found).toEqual([])
    },
    120_000,
  )
})
