import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { temporaryDir } from '../testing/harness.ts'
import { Bloom } from './bloom.ts'
import { DayBucket } from './day-bucket.ts'
import { HotTable, SETTLED } from './hot-table.ts'
import { IdIndex } from './id-index.ts'
import { identityKey } from './identity.ts'
import { mergeCandidates, RunFiles } from './run-files.ts'
import { DamagedRunError, SortedRun } from './sorted-run.ts'

const bucket = new DayBucket('v7', 20_000)

function keyOf(n: number): Uint32Array {
  const key = new Uint32Array(4)
  identityKey('s', { eventId: String(n) }, key)
  return key
}

function tableOf(from: number, to: number): HotTable {
  const table = new HotTable()
  for (let n = from; n < to; n++) table.insert(keyOf(n), n, n + 1, SETTLED)
  return table
}

function lookup(run: SortedRun, n: number): readonly number[] | undefined {
  const hash = new Uint32Array(2)
  return run.find(keyOf(n), hash) ? [...hash] : undefined
}

const files = async (): Promise<RunFiles> => RunFiles.open(await temporaryDir(), new Set())

describe('sorted run', () => {
  test.each([1, 255, 256, 257, 5000])('of %i ids knows each of them, its content hash, and no other', async (count) => {
    const run = await (await files()).writeTable(bucket, tableOf(0, count))
    expect(run.count).toBe(count)
    for (let n = 0; n < count; n++) expect(lookup(run, n)).toEqual([n, n + 1])
    for (let n = count; n < count + 2000; n++) expect(lookup(run, n)).toBeUndefined()
    run.unload()
    expect(run.byteLength).toBe(0)
    expect(lookup(run, 0)).toEqual([0, 1])
    run.unload()
  })

  test('finds keys whose heads are equal, over the edges of blocks too', async () => {
    const table = new HotTable()
    const key = (n: number): Uint32Array => Uint32Array.from([n < 700 ? 5 : 9, 0, 0, n])
    for (let n = 0; n < 1400; n++) table.insert(key(n), n, 0, SETTLED)
    const run = await (await files()).writeTable(bucket, table)
    const hash = new Uint32Array(2)
    for (let n = 0; n < 1400; n++) {
      expect(run.find(key(n), hash)).toBe(true)
      expect(hash[0]).toBe(n)
    }
    for (const head of [0, 5, 7, 9, 10]) expect(run.find(Uint32Array.from([head, 0, 0, 5000]), hash)).toBe(false)
    run.unload()
  })

  test('runs merge into one with all of their ids', async () => {
    const all = await files()
    const parts = [tableOf(0, 9000), tableOf(9000, 9001), tableOf(9001, 30_000)]
    const runs = await Promise.all(parts.map((table) => all.writeTable(bucket, table)))
    const merged = await all.merge(bucket, runs)
    expect(merged.count).toBe(30_000)
    for (let n = 0; n < 30_500; n++) expect(lookup(merged, n)).toEqual(n < 30_000 ? [n, n + 1] : undefined)
    for (const run of [...runs, merged]) run.unload()
  })

  test('a flipped bit anywhere is noticed, by the check or by the lookup that meets it', async () => {
    const run = await (await files()).writeTable(bucket, tableOf(0, 600))
    run.unload()
    const good = await readFile(run.path)
    const property = fc.asyncProperty(fc.nat(good.length * 8 - 1), async (bit) => {
      const bad = Buffer.from(good)
      bad[bit >> 3]! ^= 1 << (bit & 7)
      await writeFile(run.path, bad)
      const damaged = new SortedRun(run.path, run.count, run.indexCrc)
      let noticed = false
      try {
        damaged.check()
        for (let n = 0; n < 600; n++) lookup(damaged, n)
      } catch (error) {
        noticed = error instanceof DamagedRunError
      }
      damaged.unload()
      expect(noticed).toBe(true)
    })
    await fc.assert(property, { seed: 1, numRuns: 300 })
  })

  test('a file that is cut, missing or another is refused', async () => {
    const run = await (await files()).writeTable(bucket, tableOf(0, 600))
    run.unload()
    const good = await readFile(run.path)
    await writeFile(run.path, good.subarray(0, good.length - 1))
    expect(() => run.check()).toThrow(DamagedRunError)
    await writeFile(run.path, '')
    expect(() => run.check()).toThrow(DamagedRunError)
    expect(() => new SortedRun(join(run.path, 'nowhere'), 1, 1).check()).toThrow(DamagedRunError)
    await writeFile(run.path, good)
    expect(() => new SortedRun(run.path, 599, run.indexCrc).check()).toThrow(DamagedRunError)
  })

  test('at the start, files no manifest names are removed and those of others stay', async () => {
    const dir = await temporaryDir()
    const names = ['v7-1-1.ids', 'other-1-2.ids', 'v7-1-3.ids.tmp', 'manifest.json.tmp', 'notes.txt', 'v7-x.ids']
    for (const name of names) await writeFile(join(dir, name), 'x')
    const opened = await RunFiles.open(dir, new Set(['v7-1-1.ids']))
    expect((await readdir(dir)).sort()).toEqual(['notes.txt', 'v7-1-1.ids', 'v7-x.ids'])
    const run = await opened.writeTable(bucket, tableOf(0, 1))
    expect(run.path.endsWith('v7-20000-2.ids')).toBe(true)
  })

  test('a day that is over becomes one file, but for a few that come late; an open one merges files of one size when there are too many', () => {
    const generation = (count: number) => ({ table: undefined, run: new SortedRun('x', count, 0) })
    const big = generation(100_000)
    const small = Array.from({ length: 7 }, () => generation(1000))
    expect(mergeCandidates([big, ...small.slice(0, 6)], false)).toEqual([])
    expect(mergeCandidates([big, ...small], false)).toEqual(small)
    expect(mergeCandidates([big, ...small.slice(0, 6)], true)).toEqual([])
    expect(mergeCandidates([big, ...small], true)).toEqual(small)
    const half = generation(12_500)
    expect(mergeCandidates([big, half, ...small], true)).toEqual([big, half, ...small])
    expect(mergeCandidates([big], true)).toEqual([])
  })
})

describe('memory', () => {
  test('over the budget what is asked for all the time stays, and what is not goes', async () => {
    const all = await files()
    const index = new IdIndex()
    const days = [20_000, 20_001].map((day) => index.bucket({ family: 'v7', day }))
    for (const [at, one] of days.entries())
      one.generations.push({
        table: undefined,
        run: await all.writeTable(one, tableOf(at * 5_000, at * 5_000 + 5_000)),
      })
    const loaded = (): readonly boolean[] => days.map(({ generations: [one] }) => (one?.run?.byteLength ?? 0) > 0)
    for (const [at, day] of [20_000, 20_001].entries()) expect(index.find(keyOf(at * 5_000), day)).toBe(true)
    index.trim(1)
    index.trim(1)
    expect(loaded()).toEqual([true, true])
    for (let lookup = 0; lookup < 50_000; lookup++) index.find(keyOf(5_001), 20_001)
    index.trim(1)
    expect(loaded()).toEqual([false, true])
    expect(index.find(keyOf(1), 20_000)).toBe(true)
    for (const { generations } of days) for (const { run } of generations) run?.unload()
  })
})

describe('bloom filter', () => {
  test('never denies a key it was given, and lets fewer than three in a hundred others pass', () => {
    const bloom = Bloom.forKeys(20_000)
    for (let n = 0; n < 20_000; n++) bloom.add(keyOf(n), 0)
    let wrong = 0
    for (let n = 0; n < 20_000; n++) expect(bloom.mayHave(keyOf(n), 0)).toBe(true)
    for (let n = 20_000; n < 40_000; n++) if (bloom.mayHave(keyOf(n), 0)) wrong++
    expect(wrong / 20_000).toBeLessThan(0.03)
  })
})
