import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { fold, parseQuery } from '@tallystick/core/query'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LONG, thorough } from '../../../../core/src/testing/thorough.ts'
import type { StoredEvent } from '../store.ts'
import { storedEvents } from '../testing/conformance.ts'
import { CELL_TABLES } from './cell-columns.ts'
import { DuckdbEngine } from './engine.ts'

const DAY = 86_400_000
const QUARTER = 900_000
const YEAR_MS = Date.UTC(2025, 10, 1)
/** A server has one; the work of two costs more than that of one. */
const THREADS = thorough(1, 2)

let path = ''
let now = YEAR_MS
const engines: DuckdbEngine[] = []
const clock = { now: () => now, monotonic: () => performance.now() }

beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'tallystick-year-')), 't.duckdb')
})
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close()
  await rm(join(path, '..'), { recursive: true, force: true })
})

const open = async (more: { readonly sealRows?: number } = {}): Promise<DuckdbEngine> => {
  const engine = await DuckdbEngine.open({
    path,
    memoryLimitMb: 256,
    threads: THREADS,
    checkpointMb: 64,
    clock,
    ...more,
  })
  engines.push(engine)
  return engine
}

/** Events at the instants that `at` gives, by their place. */
const eventsAt = (count: number, seed: number, at: (index: number) => number): readonly StoredEvent[] =>
  storedEvents(count, seed, (event, index) => ({ ...event, timestampMs: at(index) }))

const plain = (events: readonly StoredEvent[]) => events.map(({ event }) => event)

async function expectRows(engine: DuckdbEngine, events: readonly StoredEvent[], bodies: readonly object[]) {
  for (const body of bodies) {
    const query = parseQuery({ measures: ['events', 'cost_nano_usd', 'duration_ms_p95'], ...body }, { nowMs: now })
    expect((await engine.query(query)).rows, JSON.stringify(body)).toEqual(fold(query, plain(events)).rows)
  }
  expect((await engine.audit()).differences).toEqual([])
}

/** Cells there are, and how many there would be without deltas. */
async function cells(): Promise<{ readonly there: number; readonly needed: number }> {
  const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' })
  const connection = await instance.connect()
  const sum = { there: 0, needed: 0 }
  for (const { columns, name } of CELL_TABLES) {
    const keys = columns.filter((column) => !/^([cq]_|[in]$)/.test(column.name)).map((column) => `"${column.name}"`)
    const sql = `SELECT count(*)::INTEGER, (SELECT count(*)::INTEGER FROM (SELECT DISTINCT ${keys.join(', ')} FROM "${name}")) FROM "${name}"`
    const [row] = await (await connection.run(sql)).getRows()
    sum.there += row?.[0] as number
    sum.needed += row?.[1] as number
  }
  connection.closeSync()
  instance.closeSync()
  return sum
}

test('many late events into the old days of a year leave cells that are right, and no more than deltas of a few steps', async () => {
  now = YEAR_MS + 365 * DAY
  const FIRST = 400
  // Days are merged in the fourth.
  const ROUNDS = thorough(4, 9)
  const EACH = 40
  const events = eventsAt(FIRST + ROUNDS * EACH, 41, (index) => {
    const spread = (index * 7_919) % 9_973
    // The first ones in order, later ones wherever they like: nine in ten into the same week.
    if (index < FIRST) return YEAR_MS + Math.floor((index * 364 * DAY) / FIRST)
    return YEAR_MS + (spread % 10 > 0 ? 100 + (spread % 7) : spread % 364) * DAY + (spread % 96) * QUARTER
  })
  let engine = await open()
  await engine.append(events.slice(0, FIRST))
  await engine.seal(now)
  let most = 0
  for (let round = 0; round < ROUNDS; round++) {
    await engine.append(events.slice(FIRST + round * EACH, FIRST + (round + 1) * EACH))
    await engine.seal(now)
    await engine.compact(10, 4)
    if (round % 4 !== 3) continue
    await engine.close()
    const { there, needed } = await cells()
    most = Math.max(most, there / needed)
    engine = await open()
  }
  expect(most).toBeLessThan(1.6)
  await expectRows(engine, events, [
    { from: YEAR_MS, to: now, interval: '1mo' },
    { from: YEAR_MS, to: now, group_by: ['model'] },
    { from: YEAR_MS, to: now, group_by: ['user_id'], measures: ['events'] },
    { from: YEAR_MS + 99 * DAY, to: YEAR_MS + 108 * DAY, interval: '1d', time_zone: 'Asia/Kathmandu' },
  ])
  await engine.compact()
  await engine.close()
  const { there, needed } = await cells()
  expect(there).toBe(needed)
}, 240_000)

test('a closing that cuts a merging short leaves cells that are right, and the next start merges them', async () => {
  now = YEAR_MS + 60 * DAY
  const EVENTS = thorough(200, 400)
  const events = eventsAt(EVENTS, 46, (index) => YEAR_MS + ((index * 7_919) % EVENTS) * Math.floor((50 * DAY) / EVENTS))
  let engine = await open()
  for (let at = 0; at < EVENTS; at += 100) {
    await engine.append(events.slice(at, at + 100))
    await engine.seal(now)
  }
  const bodies = [{ from: YEAR_MS, to: now, group_by: ['model'], interval: '1w' }]
  for (const afterMs of LONG ? [0, 5, 30] : [0, 30]) {
    const merging = engine.compact()
    await new Promise((resolve) => setTimeout(resolve, afterMs))
    await engine.close()
    await merging
    engine = await open()
    await expectRows(engine, events, bodies)
  }
  await engine.compact()
  await engine.close()
  const { there, needed } = await cells()
  expect(there).toBe(needed)
  engine = await open()
  await expectRows(engine, events, bodies)
}, 60_000)

test('where cells have expired in the middle of sixteen days, what is left is exact, also after cells are made anew', async () => {
  const LONG = 16 * DAY
  const fromMs = Math.ceil(YEAR_MS / LONG) * LONG - 4 * DAY
  now = fromMs + 60 * DAY
  const events = eventsAt(300, 45, (index) => fromMs + index * 18 * QUARTER)
  const cutMs = fromMs + 27 * DAY
  const kept = events.filter(({ event }) => event.timestampMs >= cutMs)
  const bodies = [
    { from: cutMs, to: now, group_by: ['model'] },
    { from: cutMs + 3 * DAY, to: now, group_by: ['user_id'], measures: ['events'] },
    { from: cutMs, to: now, measures: ['requests', 'duration_ms_p95'] },
  ]
  let engine = await open()
  await engine.append(events)
  await engine.seal(now)
  await expectRows(engine, events, [{ from: fromMs, to: now, group_by: ['agent_id'] }])
  await engine.prune({ eventsBeforeMs: cutMs + 10 * DAY, cellsBeforeMs: cutMs })
  await expectRows(engine, kept, bodies)
  await engine.close()

  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  await connection.run(`UPDATE settings SET value = 'another make' WHERE name = 'cells'`)
  for (const { name } of CELL_TABLES) if (name.endsWith('_16d')) await connection.run(`DROP TABLE ${name}`)
  connection.closeSync()
  instance.closeSync()
  engine = await open()
  await expectRows(engine, kept, bodies)
}, 120_000)

test('while days past come in in order, the watermark follows them and nothing is late', async () => {
  now = YEAR_MS + 30 * DAY
  // So many at once are an import.
  const ROWS = thorough(10_000, 12_000)
  const pattern = storedEvents(thorough(50, 1_000), 42)
  const events = Array.from({ length: 2 * ROWS }, (_, index): StoredEvent => {
    const { event, receivedMs } = pattern[index % pattern.length] as StoredEvent
    const timestampMs = YEAR_MS + Math.floor((index * 10 * DAY) / (2 * ROWS))
    return { ordinal: index + 1, receivedMs, event: { ...event, eventId: `${index}`, timestampMs } }
  })
  const engine = await open()
  await engine.append(events.slice(0, ROWS))
  await engine.maintain()
  expect(engine.meta.watermark_ms).toBe(YEAR_MS + 5 * DAY - QUARTER)
  await engine.append(events.slice(ROWS))
  await engine.maintain()
  expect(engine.meta).toMatchObject({ late_total: 0, watermark_ms: YEAR_MS + 10 * DAY - QUARTER })
  // Nothing has come since the last look: the import is over.
  await engine.maintain()
  expect(engine.meta.watermark_ms).toBe(YEAR_MS + 10 * DAY)
  expect((await engine.stats()).lateEvents).toBe(0)
}, 60_000)

test('the watermark stands no further than there are rows, so that past days that come after a pause are not late', async () => {
  now = YEAR_MS + 30 * DAY
  const engine = await open()
  await engine.maintain()
  expect(engine.meta.watermark_ms).toBe(0)
  const days = (from: number, ordinal: number): readonly StoredEvent[] =>
    eventsAt(200, 45, (index) => YEAR_MS + from * DAY + Math.floor((index * DAY) / 200)).map((stored, index) => ({
      ...stored,
      ordinal: ordinal + index,
      event: { ...stored.event, eventId: `${from}-${index}` },
    }))
  const [first, second] = [days(0, 1), days(3, 201)]
  await engine.append(first)
  await engine.maintain()
  expect(engine.meta.watermark_ms).toBe(YEAR_MS + DAY)
  await engine.append(second)
  await engine.maintain()
  expect(engine.meta).toMatchObject({ late_total: 0, watermark_ms: YEAR_MS + 4 * DAY })
  const bodies = [{ from: YEAR_MS, to: now, group_by: ['model'], interval: '1d' }]
  await expectRows(engine, [...first, ...second], bodies)
  // What has expired goes, though nothing has come since its day.
  expect(await engine.prune({ eventsBeforeMs: now - 2 * DAY })).toEqual({ eventsDropped: 400 })
  await expectRows(engine, [...first, ...second], bodies)
}, 60_000)

test('what expires does not move the watermark beyond it, nor while a rebuild is under way; a day that gets no more is sealed as a whole', async () => {
  now = YEAR_MS + 40 * DAY
  let monotonic = 0
  let behind = 0
  const engine = await DuckdbEngine.open({
    path,
    memoryLimitMb: 256,
    threads: THREADS,
    checkpointMb: 64,
    clock: { now: () => now, monotonic: () => monotonic },
  })
  engines.push(engine)
  engine.behind = () => behind
  const events = eventsAt(200, 47, (index) => YEAR_MS + Math.floor((index * 4.9 * DAY) / 200))
  await engine.prune({ eventsBeforeMs: now - DAY })
  expect(engine.meta.watermark_ms).toBe(0)
  behind = 1_000_000
  await engine.append(events.slice(0, 100))
  await engine.prune({ eventsBeforeMs: now - DAY })
  expect(engine.meta.watermark_ms).toBe(0)
  behind = 0
  await engine.append(events.slice(100))
  expect(engine.meta.late_total).toBe(0)
  await engine.prune({ eventsBeforeMs: YEAR_MS + 1.5 * DAY })
  expect(engine.meta.watermark_ms).toBe(YEAR_MS + 2 * DAY)
  await engine.maintain()
  const newest = Math.max(...events.map(({ event }) => event.timestampMs))
  expect(engine.meta.watermark_ms).toBe(Math.floor(newest / QUARTER) * QUARTER + QUARTER)
  monotonic += 3_600_000
  await engine.maintain()
  expect(engine.meta.watermark_ms).toBe(YEAR_MS + 5 * DAY)
  await expectRows(engine, events, [{ from: YEAR_MS, to: now, group_by: ['user_id'], measures: ['events'] }])
}, 60_000)

test('what a crash or a small first step leaves to seal is sealed in steps, not at once', async () => {
  now = YEAR_MS + 10 * DAY
  const EVENTS = thorough(110, 200)
  const events = eventsAt(EVENTS, 43, (index) => YEAR_MS + index * 4 * QUARTER)
  let engine = await open()
  await engine.append(events)
  await engine.seal(YEAR_MS + DAY)
  await engine.close()
  engine = await open({ sealRows: 40 })
  const marks = new Set<number>()
  const sealing = engine.seal(now)
  let done = false
  void sealing.then(() => {
    done = true
  })
  while (!done) {
    marks.add(engine.meta.watermark_ms)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await sealing
  // More than where it stood before and where it stands at the end.
  expect(marks.size).toBeGreaterThan(thorough(2, 4))
  await expectRows(engine, events, [{ from: YEAR_MS, to: now, group_by: ['model'], interval: '1d' }])
}, 60_000)

test.each([
  // Days of other lengths that change by a whole hour are in the parity of all stores.
  ['Australia/Lord_Howe', Date.UTC(2026, 3, 4)],
  ...(LONG
    ? ([
        ['Europe/Berlin', Date.UTC(2026, 9, 25)],
        ['Europe/Berlin', Date.UTC(2026, 2, 29)],
        ['America/New_York', Date.UTC(2026, 2, 8)],
      ] as const)
    : []),
] as const)(
  'days of %s in which clocks change are exact across sealed, late and open hours',
  async (zone, dayMs) => {
    const fromMs = dayMs - 2 * DAY
    now = dayMs + 2 * DAY
    const events = eventsAt(300, 44, (index) => fromMs + ((index * 7_919) % 300) * Math.floor((4 * DAY) / 300))
    const engine = await open()
    const bodies = ['1h', '6h', '1d', '1w'].map((interval) => ({
      from: fromMs,
      to: now,
      interval,
      time_zone: zone,
      group_by: ['provider'],
    }))
    await engine.append(events.slice(0, 200))
    // In the middle of the day, behind the change and before its end.
    await engine.seal(dayMs + 13.25 * 3_600_000)
    await expectRows(engine, events.slice(0, 200), bodies)
    await engine.append(events.slice(200))
    await expectRows(engine, events, bodies)
    await engine.seal(now)
    await expectRows(engine, events, bodies)
  },
  60_000,
)
