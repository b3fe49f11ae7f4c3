import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { wireJson } from '@tallystick/core/event'
import { openJournal } from '@tallystick/core/journal'
import { fold, parseQuery } from '@tallystick/core/query'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ARBITRARY_FROM_MS, ARBITRARY_TO_MS } from '../../../../core/src/event/testing/arbitrary.ts'
import { LONG, thorough } from '../../../../core/src/testing/thorough.ts'
import type { StoredEvent } from '../store.ts'
import { storedEvents, totals } from '../testing/conformance.ts'
import { DuckdbEngine } from './engine.ts'
import { type DuckdbStore, type DuckdbStoreOptions, openDuckdbStore, type StoreNotice } from './open.ts'

/** A server has one; the work of two costs more than that of one. */
const THREADS = thorough(1, 2)

let dir = ''
let notices: StoreNotice[] = []
const opened: DuckdbStore[] = []
const clock = { now: () => ARBITRARY_TO_MS, monotonic: () => performance.now() }

const open = async (options: Partial<DuckdbStoreOptions> = {}): Promise<DuckdbStore> => {
  const onNotice = (notice: StoreNotice): void => void notices.push(notice)
  const store = await openDuckdbStore({ path: join(dir, 't.duckdb'), clock, maintainEveryMs: 0, onNotice, ...options })
  opened.push(store)
  return store
}

/** Of an engine without its thread, which seals in steps of so many rows. */
const engineOptions = (sealRows: number) => ({
  ...{ path: join(dir, 't.duckdb'), memoryLimitMb: 256, threads: THREADS, checkpointMb: 64, clock },
  sealRows,
})

beforeEach(async () => {
  notices = []
  dir = await mkdtemp(join(tmpdir(), 'tallystick-engine-'))
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()))
  await rm(dir, { recursive: true, force: true })
})

const plain = (events: readonly StoredEvent[]) => events.map(({ event }) => event)
const week = { from: ARBITRARY_FROM_MS, to: ARBITRARY_TO_MS }

test('a flood of names stays exact beyond what the dictionary holds, also after a restart', async () => {
  const dictionaryLimits = { valuesPerField: 20, totalLength: 4_000 }
  const events = storedEvents(300, 1, (event, index) => ({
    ...event,
    requestModel: index % 3 ? `=model ${index}` : 'gpt-4o',
  }))
  const queries = [
    { measures: ['requests', 'total_tokens'], group_by: ['model'], limit: 10_000 },
    { measures: ['requests'], group_by: ['model', 'provider'], limit: 5 },
    { measures: ['requests'], filters: { model: ['=model 1', '=model 299', 'gpt-4o', 'absent'] } },
    { measures: ['requests'], filters: { model: { not: ['=model 299', null] } }, interval: '1d' },
    { measures: ['requests', 'duration_ms_p95'], group_by: ['provider'] },
  ].map((body) => parseQuery({ ...week, ...body }, { nowMs: ARBITRARY_TO_MS }))
  let store = await open({ dictionaryLimits })
  await store.append(events)
  for (const restart of [false, true]) {
    if (restart) {
      await store.maintain()
      await store.close()
      store = await open({ dictionaryLimits })
    }
    for (const query of queries) expect((await store.query(query)).rows).toEqual(fold(query, plain(events)).rows)
    const page = await store.scan({ fromMs: week.from, toMs: week.to, filters: [], limit: 10_000 })
    expect(new Set(page.events.map(({ event }) => event.requestModel))).toEqual(
      new Set(plain(events).map((event) => event.requestModel)),
    )
    expect((await store.audit()).differences).toEqual([])
  }
})

test('an answer says what it was made of, and what has expired', async () => {
  const store = await open()
  await store.append(storedEvents(200, 2))
  const byEndpoint = parseQuery({ ...week, measures: ['requests'], group_by: ['endpoint'] }, { nowMs: ARBITRARY_TO_MS })
  const whole = { ...totals(), fromMs: week.from, toMs: week.to - 86_400_000 }
  expect(await store.query(whole)).toMatchObject({ answered_from: 'raw', complete_to_ms: ARBITRARY_TO_MS })
  await store.maintain()
  expect(await store.query(whole)).toMatchObject({ answered_from: 'cells' })
  expect(await store.query({ ...whole, fromMs: week.from + 1 })).toMatchObject({ answered_from: 'cells+raw' })
  expect(await store.query(byEndpoint)).not.toHaveProperty('raw_from_ms')
  const cutMs = week.from + 2 * 86_400_000
  await store.prune({ eventsBeforeMs: cutMs + 5 })
  expect(await store.query(byEndpoint)).toMatchObject({ answered_from: 'raw', raw_from_ms: cutMs })
  expect(await store.query(whole)).not.toHaveProperty('raw_from_ms')
})

test('rows are never dropped before they are in cells of every length', async () => {
  const store = await open({ clock: { ...clock, now: () => ARBITRARY_FROM_MS + 2.5 * 86_400_000 } })
  const events = storedEvents(300, 3)
  await store.append(events)
  await store.maintain()
  await store.prune({ eventsBeforeMs: ARBITRARY_TO_MS })
  const kept = events.filter(({ event }) => event.timestampMs >= ARBITRARY_FROM_MS + 2 * 86_400_000)
  expect((await store.stats()).events).toBe(kept.length)
  for (const query of [totals(), totals(['model']), totals(['user_id'], ['requests', 'cost_nano_usd'])]) {
    expect((await store.query(query)).rows).toEqual(fold(query, plain(events)).rows)
  }
})

test('cells expire too when asked, and rows with them', async () => {
  const store = await open()
  const events = storedEvents(200, 4)
  await store.append(events)
  await store.maintain()
  const cutMs = ARBITRARY_FROM_MS + 86_400_000
  await store.prune({ cellsBeforeMs: cutMs + 3_600_000 })
  const kept = plain(events).filter(({ timestampMs }) => timestampMs >= cutMs)
  expect((await store.query(totals(['model']))).rows).toEqual(fold(totals(['model']), kept).rows)
  expect((await store.stats()).events).toBe(kept.length)
})

test('which journal it belongs to is kept in the file, from the first record on', async () => {
  const journalDir = join(dir, 'journal')
  const journal = await openJournal({ dir: journalDir })
  let store = await open()
  expect((await store.stats()).journalId).toBeUndefined()
  await journal.append([{ type: 'meta', body: '"r":1' }]).durable
  await store.follower?.follow(journalDir, journal.end(), journal.id)
  await store.follower?.applied(1)
  expect((await store.stats()).journalId).toBe(journal.id)
  await store.close()
  await journal.close()
  store = await open()
  expect(await store.stats()).toMatchObject({ appliedOrdinal: 1, journalId: journal.id })
})

test('a damaged file is moved aside, told of, and replaced by an empty store', async () => {
  await writeFile(join(dir, 't.duckdb'), Buffer.alloc(20_000, 'not a database '))
  const store = await open()
  expect(await store.stats()).toMatchObject({ events: 0, appliedOrdinal: 0 })
  expect(notices).toMatchObject([{ kind: 'corrupt', movedTo: join(dir, `t.duckdb.corrupt-${ARBITRARY_TO_MS}`) }])
  expect(await readdir(dir)).toContain(`t.duckdb.corrupt-${ARBITRARY_TO_MS}`)
})

test('a file that another process has open is refused, not moved aside', async () => {
  const path = join(dir, 't.duckdb')
  const holder = `import { DuckDBInstance } from '@duckdb/node-api'
    const instance = await DuckDBInstance.create(${JSON.stringify(path)})
    process.stdout.write('open')
    setInterval(() => instance, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', holder], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(child.stdout, 'data')
    await expect(open()).rejects.toMatchObject({
      code: 'journal_locked',
      message: expect.stringContaining(String(child.pid)),
    })
    expect(notices).toEqual([])
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  expect((await (await open()).stats()).events).toBe(0)
})

test('a closed store refuses, and closing twice is no error', async () => {
  const store = await open()
  await store.close()
  await store.close()
  await expect(store.query(totals())).rejects.toMatchObject({ code: 'store_unavailable' })
  await expect(store.append(storedEvents(1, 1))).rejects.toMatchObject({ code: 'store_unavailable' })
})

test('events are the same whether read from the journal or handed in, over clears, restarts and a lost file', async () => {
  const journalDir = join(dir, 'journal')
  const journal = await openJournal({ dir: journalDir, segmentBytes: 60_000 })
  const events = storedEvents(400, 5)
  const body = ({ receivedMs, event }: StoredEvent): string =>
    `"r":${receivedMs},"h":"0000000000000000","e":${wireJson(event)}`
  const write = async (some: readonly StoredEvent[]): Promise<void> =>
    void (await journal.append(some.map((stored) => ({ type: 'event' as const, body: body(stored) }))).durable)
  const check = async (store: DuckdbStore, expected: readonly StoredEvent[]): Promise<void> => {
    const { ordinal } = journal.end()
    await store.follower?.applied(ordinal)
    expect(store.follower?.progress()).toEqual({ appliedOrdinal: ordinal, targetOrdinal: ordinal })
    expect((await store.query(totals(['model']))).rows).toEqual(fold(totals(['model']), plain(expected)).rows)
    const page = await store.scan({ fromMs: 0, toMs: ARBITRARY_TO_MS, filters: [], limit: 10_000, ascending: true })
    const sorted = [...expected].sort((a, b) => a.event.timestampMs - b.event.timestampMs || a.ordinal - b.ordinal)
    expect(page.events.map(({ receivedMs, event }) => ({ receivedMs, event }))).toEqual(
      sorted.map(({ receivedMs, event }) => ({ receivedMs, event })),
    )
  }

  await write(events.slice(0, 150))
  let store = await open()
  await store.follower?.follow(journalDir, journal.end())
  await check(store, events.slice(0, 150))
  await write(events.slice(150, 200))
  store.follower?.advance(journal.end())
  await check(store, events.slice(0, 200))
  await store.close()

  await write(events.slice(200, 300))
  await journal.append([{ type: 'clear', body: '"r":1' }]).durable
  await write(events.slice(300))
  store = await open()
  await store.follower?.follow(journalDir, journal.end())
  await check(store, events.slice(300))
  await store.maintain()
  await check(store, events.slice(300))
  await store.close()

  await rm(join(dir, 't.duckdb'))
  store = await open()
  await store.follower?.follow(journalDir, journal.end())
  await check(store, events.slice(300))
  expect(notices).toEqual([])
  await journal.close()
})

test('a journal that ends before what the store has applied is refused, not followed', async () => {
  const store = await open()
  await store.append(storedEvents(20, 6))
  const following = store.follower?.follow(join(dir, 'journal'), { position: { segment: 1, offset: 0 }, ordinal: 3 })
  await expect(following).rejects.toMatchObject({ code: 'store_corrupt' })
})

test('a query that is cancelled while it runs ends at once and leaves the store usable', async () => {
  const store = await open()
  await store.append(storedEvents(2_000, 7))
  const query = parseQuery(
    { ...week, measures: ['events'], group_by: ['user_id', 'session_id', 'model'] },
    { nowMs: ARBITRARY_TO_MS },
  )
  const controller = new AbortController()
  const asked = store.query(query, { signal: controller.signal })
  controller.abort()
  await expect(asked).rejects.toMatchObject({ code: 'query_cancelled' })
  expect((await store.query(totals())).rows).toEqual(fold(totals(), plain(storedEvents(2_000, 7))).rows)
})

test('rows are appended while others are sealed, late ones too, and nothing is counted twice or missed', async () => {
  const options = engineOptions(thorough(120, 180))
  const EVENTS = thorough(600, 1_200)
  const [FIRST, LATE] = [thorough(200, 400), thorough(500, 1_000)]
  const events = storedEvents(EVENTS, 8)
  let engine = await DuckdbEngine.open(options)
  await engine.append(events.slice(0, FIRST))
  let sealing = true
  let during = 0
  const sealed = (LONG ? [3, 5.02, 8] : [5.02, 8]).reduce(
    (before, day) => before.then(() => engine.seal(ARBITRARY_FROM_MS + day * 86_400_000)),
    Promise.resolve(),
  )
  const done = sealed.finally(() => {
    sealing = false
  })
  let at = FIRST
  for (; sealing && at < LATE; at += 10) {
    await engine.append(events.slice(at, at + 10), undefined, { more: at % 30 === 0 })
    if (sealing) during++
  }
  await done
  expect(during).toBeGreaterThan(5)
  await engine.append(events.slice(at, LATE))
  const check = async (expected: readonly StoredEvent[]): Promise<void> => {
    expect((await engine.audit()).differences).toEqual([])
    for (const query of [totals(), totals(['model']), totals(['user_id'], ['requests', 'cost_nano_usd'])])
      expect((await engine.query(query)).rows).toEqual(fold(query, plain(expected)).rows)
  }
  await check(events.slice(0, LATE))
  await engine.close()
  engine = await DuckdbEngine.open(options)
  await check(events.slice(0, LATE))
  const lateSealed = engine.seal(0)
  await engine.append(events.slice(LATE))
  await lateSealed
  await engine.compact()
  await check(events)
  await engine.close()
}, 120_000)

test('closing does not wait for a long sealing, which goes on after the next start', async () => {
  const options = engineOptions(30)
  const events = storedEvents(thorough(120, 300), 9)
  let engine = await DuckdbEngine.open(options)
  await engine.append(events)
  const sealing = engine.seal(ARBITRARY_TO_MS)
  while (engine.meta.watermark_ms === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  await engine.close()
  await sealing
  engine = await DuckdbEngine.open(options)
  expect(engine.meta.watermark_ms).toBeLessThan(ARBITRARY_TO_MS)
  expect((await engine.audit()).differences).toEqual([])
  await engine.seal(ARBITRARY_TO_MS)
  expect((await engine.query(totals(['model']))).rows).toEqual(fold(totals(['model']), plain(events)).rows)
  await engine.close()
})

test('a store that is closed again and again while it seals gets to the end', async () => {
  const options = engineOptions(thorough(250, 1_500))
  const events = storedEvents(thorough(700, 6_000), 11)
  let engine = await DuckdbEngine.open(options)
  await engine.append(events)
  let lives = 0
  let watermark = 0
  for (; watermark < ARBITRARY_TO_MS; lives++) {
    const before = watermark
    const sealing = engine.seal(ARBITRARY_TO_MS)
    // As soon as anything has been sealed the process is gone.
    while (engine.meta.watermark_ms === before) await new Promise((resolve) => setTimeout(resolve, 1))
    await engine.close()
    await sealing
    engine = await DuckdbEngine.open(options)
    watermark = engine.meta.watermark_ms
    expect(watermark).toBeGreaterThan(before)
  }
  expect(lives).toBeGreaterThan(1)
  expect((await engine.query(totals(['model']))).rows).toEqual(fold(totals(['model']), plain(events)).rows)
  await engine.close()
}, 60_000)

test('a store whose log is longer than its memory opens again after a kill, with all of it', async () => {
  const options = { memoryLimitMb: 67, threads: 1, checkpointMb: 100_000, clock }
  const [path, copy] = [join(dir, 't.duckdb'), join(dir, 'copy.duckdb')]
  const engine = await DuckdbEngine.open({ ...options, path })
  const pattern = storedEvents(thorough(1_000, 6_000), 12)
  const EVENTS = 48_000
  for (let at = 0; at < EVENTS; at += 6_000)
    await engine.append(
      Array.from({ length: 6_000 }, (_, index) => {
        const { event, ...rest } = pattern[index % pattern.length] as StoredEvent
        const ordinal = at + index + 1
        return { ...rest, ordinal, event: { ...event, eventId: `${ordinal}-${event.eventId}` } }
      }),
    )
  // What a kill leaves.
  for (const suffix of ['', '.wal']) await cp(path + suffix, copy + suffix)
  await engine.close()
  const again = await DuckdbEngine.open({ ...options, path: copy })
  expect((await again.stats()).events).toBe(EVENTS)
  await again.close()
}, 60_000)

test('days of any zone stay exact for keys and agents whose rows have expired, also where late ones come after', async () => {
  let now = ARBITRARY_TO_MS
  const store = await open({ clock: { ...clock, now: () => now } })
  const events = storedEvents(500, 10)
  const cutMs = ARBITRARY_FROM_MS + 4 * 86_400_000
  const body = { from: ARBITRARY_FROM_MS + 1_800_000, to: ARBITRARY_TO_MS - 1_800_000, interval: '1d' }
  const queries = ['api_key_id', 'agent_id'].flatMap((dimension) =>
    ['Asia/Kolkata', 'UTC'].map((zone) =>
      parseQuery(
        { ...body, time_zone: zone, measures: ['requests', 'cost_nano_usd', 'duration_ms_max'], group_by: [dimension] },
        { nowMs: now },
      ),
    ),
  )
  const check = async (expected: readonly StoredEvent[]): Promise<void> => {
    for (const query of queries) {
      const answer = await store.query(query)
      expect(answer.rows).toEqual(fold(query, plain(expected)).rows)
      expect(answer).not.toHaveProperty('raw_from_ms')
    }
  }
  await store.append(events.slice(0, 350))
  await store.maintain()
  await check(events.slice(0, 350))
  await store.prune({ eventsBeforeMs: cutMs })
  await check(events.slice(0, 350))
  await store.append(events.slice(350))
  await check(events)
  now += 900_000
  await store.maintain()
  await check(events)
  await store.prune({ eventsBeforeMs: cutMs })
  expect((await store.stats()).events).toBe(events.filter(({ event }) => event.timestampMs >= cutMs).length)
  await check(events)
})

test('new prices whose names find no room in the dictionary are kept in the row, and replaced there', async () => {
  const store = await open({ dictionaryLimits: { valuesPerField: 2, totalLength: 1_000_000 } })
  const events = storedEvents(40, 19)
  await store.append(events)
  const reprice = (ordinal: number, priceOf: (of: number) => string): Promise<void> =>
    store.reprice([
      {
        ordinal,
        fromMs: ARBITRARY_FROM_MS,
        toMs: ARBITRARY_TO_MS,
        events: events.map(({ ordinal: of }) => ({ ordinal: of, differenceNanoUsd: of, priceId: priceOf(of) })),
      },
    ])
  const ids = async (): Promise<readonly unknown[]> =>
    (await store.held({ first: 1, last: 40 }, 40)).map(({ event }) => event.repricedPriceId)
  for (const [ordinal, priceOf] of [
    [41, (of: number) => `first "${of % 5}"`],
    [42, (of: number) => (of % 2 === 0 ? 'first "0"' : `second/${of}`)],
  ] as const) {
    await reprice(ordinal, priceOf)
    expect(await ids()).toEqual(events.map(({ ordinal: of }) => priceOf(of)))
  }
  // What stood in the rows beside them still does.
  const [, ...rest] = (await store.held({ first: 1, last: 40 }, 40)).map(({ event }) => event.requestModel)
  expect(rest).toEqual(events.slice(1).map(({ event }) => event.requestModel))
  await store.close()
})
