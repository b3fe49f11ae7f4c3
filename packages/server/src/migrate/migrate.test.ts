import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TallystickError } from '@tallystick/core'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LONG } from '../../../core/src/testing/thorough.ts'
import type { DuckdbStore } from '../store/duckdb/open.ts'
import { openStore } from '../store/open-store.ts'
import { storedEvents } from '../store/testing/conformance.ts'
import { type MigrateOptions, type Migration, type MigrationProgress, migrate } from './migrate.ts'
import { FIXED, figures, NOW_MS, open, reprice, submit } from './testing/data-dir.ts'
import { endServices, MOVABLE, PAIRS } from './testing/stores.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tallystick-migrate-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))
afterAll(endServices)

const SILENT = { debug() {}, info() {}, warn() {}, error() {} }
const JSONL = 'jsonl:'
const DUCKDB = 'duckdb:'
const urlOf = (scheme: string): string =>
  `${scheme}${join(dataDir, scheme === JSONL ? 'analytics.jsonl' : 'tallystick.duckdb')}`

const move = (from: string, to: string, more: Partial<MigrateOptions> = {}): Promise<Migration> =>
  migrate({ dataDir, from, to, targetExists: true, batchEvents: 64, clock: FIXED, logger: SILENT, ...more })

/** A data directory whose store holds so many events. */
async function filled(store: string, count: number): Promise<readonly unknown[]> {
  const tallystick = await open(dataDir, store)
  await submit(tallystick, 0, count)
  const seen = await figures(tallystick.store)
  await tallystick.close()
  return seen
}

/** In the short run from each store once and into each once: it is read as it is, whatever it goes to. */
const MOVES = LONG ? PAIRS : PAIRS.filter(([from, to]) => to === MOVABLE[(MOVABLE.indexOf(from) + 1) % MOVABLE.length])

describe.each(MOVES)('from $name', (from, to) => {
  it(`to ${to.name}: every figure is the same, and the server goes on with journal and ordinals`, async () => {
    const [fromUrl, toUrl] = [await from.url(dataDir), await to.url(dataDir)]
    const first = await open(dataDir, fromUrl)
    await submit(first, 0, 100)
    await first.ingest.clear()
    // Of these a hundred have the ids of those that were cleared.
    const accepted = await submit(first, 0, 400)
    await reprice(first)
    const seen = await figures(first.store)
    await first.close()

    const told: MigrationProgress[] = []
    const migration = await move(fromUrl, toUrl, { onProgress: (progress) => told.push(progress) })
    expect(migration).toMatchObject({ total: accepted, moved: accepted, differences: [] })
    expect(migration.daysCompared).toBeGreaterThan(2)
    expect(told.filter(({ step }) => step === 'moving').length).toBeGreaterThan(3)
    expect(told.findLast(({ step }) => step === 'moving')).toMatchObject({ done: accepted, total: accepted })

    const second = await open(dataDir, toUrl)
    try {
      await second.ingest.applied()
      expect(await figures(second.store)).toEqual(seen)
      expect(await submit(second, 300, 150)).toBe(50)
      expect(await second.ingest.invariants()).toMatchObject({
        balanced: true,
        store: { live: accepted + 50, cleared: 100 },
      })
    } finally {
      await second.close()
    }
  }, 120_000)
})

describe.each(MOVABLE.map((to) => [to] as const))('into $name', (to) => {
  it('what is left after a move that was broken off, and what has come since', async () => {
    // A file of lines is opened for a tenth of the work.
    const from = urlOf(to.name === 'duckdb' || (!LONG && to.name !== 'jsonl') ? JSONL : DUCKDB)
    const url = await to.url(dataDir)
    await filled(from, 250)
    let told = 0
    const breaking = move(from, url, {
      onProgress() {
        if (++told === 2) throw new Error('broken off')
      },
    })
    await expect(breaking).rejects.toThrow('broken off')
    await expect(open(dataDir, url)).rejects.toMatchObject({ code: 'store_unavailable' })
    const seen = await filled(from, 300)
    const { moved, ...rest } = await move(from, url)
    expect(rest).toMatchObject({ total: 300, differences: [] })
    expect(moved).toBeLessThanOrEqual(300 - 128)
    const second = await open(dataDir, url)
    expect(await figures(second.store)).toEqual(seen)
    await second.close()
  })

  it('ordinals with gaps, and huge ones, keep their order and their numbers', async () => {
    const [held, url] = [await openStore(`memory:?max_events=1000`), await to.url(dataDir)]
    const ordinals = [
      ...Array.from({ length: 150 }, (_, index) => index + 3),
      9_000,
      2 ** 39,
      2 ** 39 + 1,
      to.maxOrdinal,
    ]
    const events = storedEvents(ordinals.length, 7).map((stored, index) => ({
      ...stored,
      ordinal: ordinals[index] as number,
    }))
    await held.append(events)
    let asked = 0
    const counted: Pick<typeof held, 'held'> = {
      held(range, limit) {
        asked++
        return held.held(range, limit)
      },
    }
    const { moveEvents } = await import('./move.ts')
    const store = await openStore(url, { duckdb: { maintainEveryMs: 0 } })
    try {
      // Twice, as after a crash that kept what was written and not where that was.
      for (let again = 0; again < 2; again++)
        await moveEvents({ from: counted, to: store, range: { first: 1, last: to.maxOrdinal }, batchEvents: 40 })
      const { appliedOrdinal, events: count } = await store.stats()
      expect({ appliedOrdinal, count }).toEqual({ appliedOrdinal: to.maxOrdinal, count: ordinals.length })
      expect(await store.held({ first: 1, last: to.maxOrdinal }, 1000)).toEqual(events)
      expect(asked).toBeLessThan(240)
    } finally {
      await store.close()
    }
  })
})

it('tells what retention left in totals only, and the law balances behind it', async () => {
  const first = await open(dataDir, urlOf(DUCKDB))
  await submit(first, 0, 400)
  await (first.store as DuckdbStore).maintain()
  const { eventsDropped } = await first.store.prune({ eventsBeforeMs: NOW_MS - 4 * 86_400_000 })
  expect(eventsDropped).toBeGreaterThan(50)
  await first.close()

  const migration = await move(urlOf(DUCKDB), urlOf(JSONL))
  expect(migration).toMatchObject({ total: 400 - eventsDropped, moved: 400 - eventsDropped, differences: [] })
  expect(migration.notes[0]).toContain(`${eventsDropped} events have expired`)
  expect(migration.notes[1]).toContain('keeps no totals')
  const second = await open(dataDir, urlOf(JSONL))
  await second.ingest.applied()
  expect(await second.ingest.invariants()).toMatchObject({
    balanced: true,
    store: { live: 400 - eventsDropped, expired: eventsDropped },
  })
  await second.close()
})

it('leaves documents that others wrote where they are, and says so', async () => {
  await filled(urlOf(JSONL), 50)
  const file = join(dataDir, 'analytics.jsonl')
  const [line = ''] = readFileSync(file, 'utf8').split('\n')
  const foreign = line.replace(/,"stored":.*$/, '}')
  writeFileSync(file, `${foreign}\nno document\n`, { flag: 'a' })
  const migration = await move(urlOf(JSONL), urlOf(DUCKDB))
  expect(migration).toMatchObject({ total: 50, moved: 50, differences: [] })
  expect(migration.notes).toEqual([
    expect.stringContaining('1 documents of the old store'),
    expect.stringContaining('1 lines'),
  ])
})

it('says which day and figure differ, and until it is put right no server takes the store for whole', async () => {
  const seen = await filled(urlOf(DUCKDB), 200)
  const file = join(dataDir, 'analytics.jsonl')
  await move(urlOf(DUCKDB), urlOf(JSONL))
  const lines = readFileSync(file, 'utf8').split('\n')
  writeFileSync(file, lines.toSpliced(20, 1).join('\n'))

  const { differences } = await move(urlOf(DUCKDB), urlOf(JSONL))
  expect(differences[0]).toMatch(/^2026-11-1\d: events is \d+ in the new store and \d+ in the old one\.$/)
  await expect(open(dataDir, urlOf(JSONL))).rejects.toMatchObject({
    code: 'store_unavailable',
    message: expect.stringContaining('tallystick migrate'),
  })
  await (await open(dataDir, urlOf(DUCKDB))).close()

  expect(await move(urlOf(DUCKDB), urlOf(JSONL), { reset: true })).toMatchObject({ moved: 200, differences: [] })
  const second = await open(dataDir, urlOf(JSONL))
  expect(await figures(second.store)).toEqual(seen)
  await second.close()
})

it('changes nothing in a dry run', async () => {
  await filled(urlOf(DUCKDB), 30)
  const dry = { dryRun: true, targetExists: false }
  expect(await move(urlOf(DUCKDB), urlOf(JSONL), dry)).toMatchObject({ total: 30, moved: 0 })
  expect(existsSync(join(dataDir, 'analytics.jsonl'))).toBe(false)
  expect(existsSync(join(dataDir, 'migration.json'))).toBe(false)
})

describe('refuses', () => {
  const refusal = (from: string, to: string, more: Partial<MigrateOptions> = {}): Promise<string> =>
    move(from, to, more).then(
      () => 'moved',
      (error: TallystickError) => `${error.code}: ${error.message}`,
    )

  it('a new store with events of another journal, also with --reset', async () => {
    await filled(urlOf(DUCKDB), 10)
    const other = `jsonl:${join(dataDir, 'other.jsonl')}`
    const elsewhere = await openStore(other)
    await elsewhere.belongTo?.('0'.repeat(32))
    await elsewhere.append(storedEvents(3, 1))
    await elsewhere.close()
    for (const reset of [false, true])
      expect(await refusal(urlOf(DUCKDB), other, { reset })).toMatch(/^usage: .*3 events of another journal/)
    const kept = await openStore(other)
    expect((await kept.stats()).events).toBe(3)
    await kept.close()
  })

  it('a new store with documents of others', async () => {
    await filled(urlOf(JSONL), 10)
    const [line = ''] = readFileSync(join(dataDir, 'analytics.jsonl'), 'utf8').split('\n')
    const other = join(dataDir, 'routiium.jsonl')
    writeFileSync(other, `${line.replace(/,"stored":.*$/, '}')}\n`)
    expect(await refusal(urlOf(JSONL), `jsonl:${other}`)).toMatch(/^usage: .*1 documents that others/)
  })

  it('a new store that has come further than the old one', async () => {
    await filled(urlOf(DUCKDB), 10)
    await move(urlOf(DUCKDB), urlOf(JSONL))
    await filled(urlOf(JSONL), 30)
    expect(await refusal(urlOf(DUCKDB), urlOf(JSONL))).toMatch(/^usage: .*record 30, not 10.*the other way round/)
  })

  it('a store that keeps nothing, on either side, and an old one without events', async () => {
    await filled(urlOf(DUCKDB), 10)
    expect(await refusal(urlOf(DUCKDB), 'memory:')).toMatch(/^usage: .*keeps nothing/)
    expect(await refusal('memory:', urlOf(DUCKDB))).toMatch(/^usage: .*keeps nothing/)
    expect(await refusal(urlOf(JSONL), urlOf(DUCKDB))).toMatch(/^usage: There is nothing of this journal/)
  })

  it('a data directory that is held', async () => {
    const held = await open(dataDir, urlOf(DUCKDB))
    expect(await refusal(urlOf(DUCKDB), urlOf(JSONL))).toMatch(new RegExp(`^journal_locked: .*process ${process.pid}`))
    await held.close()
  })
})
