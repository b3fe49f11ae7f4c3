import type { Clock } from '@tallystick/core/event'
import { fold, type Query } from '@tallystick/core/query'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ClickhouseEngine, startClickhouse } from '../../../../../test/engines/clickhouse/start.ts'
import { ARBITRARY_FROM_MS, ARBITRARY_TO_MS } from '../../../../core/src/event/testing/arbitrary.ts'
import { LONG, thorough } from '../../../../core/src/testing/thorough.ts'
import type { StoredEvent } from '../store.ts'
import { storedEvents, totals } from '../testing/conformance.ts'
import type { ClickhouseStore } from './clickhouse-store.ts'
import { openClickhouseStore } from './open.ts'
import { addressOf } from './testing/open-test-store.ts'

/** Several stores on one database, as several servers have it, each with a journal of its own. */

const DAY_MS = 86_400_000
const QUESTIONS: readonly Query[] = [
  ...(LONG ? [totals(), totals(['model'])] : []),
  totals(['user_id']),
  { ...totals(['agent_id']), interval: '1d', timeZone: 'America/New_York' },
  ...(LONG ? [{ ...totals(['provider', 'success']), interval: '1h' } as const] : []),
]

let engine: ClickhouseEngine
let database = ''
let databases = 0
let nowMs = ARBITRARY_FROM_MS
const clock: Clock = { now: () => nowMs, monotonic: () => performance.now() }
let open: ClickhouseStore[] = []

beforeAll(async () => {
  engine = await startClickhouse()
})
afterAll(() => engine.stop())

const server = async (journalId: string): Promise<ClickhouseStore> => {
  const store = await openClickhouseStore({
    address: addressOf(engine, database),
    clock,
    journalId,
    maintainEveryMs: 0,
  })
  open.push(store)
  return store
}

const inNewDatabase = (name: string, run: () => Promise<void>): void => {
  test(name, async () => {
    database = `shared_${++databases}`
    await engine.run(`DROP DATABASE IF EXISTS ${database} SYNC`)
    nowMs = ARBITRARY_FROM_MS
    try {
      await run()
    } finally {
      for (const store of open) await store.close()
      open = []
    }
  }, 60_000)
}

const sql = async (statement: string): Promise<string> => (await engine.run(statement, database)).trim()
const mergesOff = (): Promise<string> => sql('SYSTEM STOP MERGES events')

async function expectAnswers(store: ClickhouseStore, events: readonly StoredEvent[]): Promise<void> {
  const plain = events.map(({ event }) => event)
  for (const query of QUESTIONS) expect((await store.query(query)).rows).toEqual(fold(query, plain).rows)
  const { events: count, sealedToMs } = await store.stats()
  expect(count).toBe(events.length)
  // Before the first sealing there is nothing to compare, and comparing it takes the engine longer than all the rest.
  if (LONG || sealedToMs !== 0) expect((await store.audit()).differences).toEqual([])
}

/** The same events as another server's journal has them. */
const elsewhere = (events: readonly StoredEvent[]): StoredEvent[] =>
  events.map((stored, index) => ({ ...stored, ordinal: index + 1, receivedMs: stored.receivedMs + 1_000 }))

inNewDatabase(
  'events that reach two servers count once, before any merge and after it, open, sealed and late',
  async () => {
    const [a, b] = [await server('a'), await server('b')]
    const events = storedEvents(200, 301)
    await mergesOff()
    await a.append(events.slice(0, 120))
    await b.append(elsewhere(events.slice(60, 160)))
    expect(await sql('SELECT count() FROM events')).toBe('220')
    await expectAnswers(a, events.slice(0, 160))
    nowMs = ARBITRARY_FROM_MS + 4 * DAY_MS
    await a.maintain()
    await expectAnswers(b, events.slice(0, 160))
    // What comes again behind the sealing is late, and adds nothing; what is new and late does.
    await b.append(elsewhere(events).map((stored) => ({ ...stored, ordinal: stored.ordinal + 100 })))
    expect(await sql('SELECT count() FROM events')).toBe('420')
    await expectAnswers(a, events)
    nowMs = ARBITRARY_TO_MS + DAY_MS
    await b.maintain()
    await expectAnswers(a, events)
    await sql('SYSTEM START MERGES events')
    await sql('OPTIMIZE TABLE events FINAL')
    expect(await sql('SELECT count() FROM events')).toBe('200')
    await expectAnswers(b, events)
  },
)

inNewDatabase('an event that says no instant, sent again to another server, counts once: the first', async () => {
  const [a, b] = [await server('a'), await server('b')]
  const minted = (received: number): StoredEvent[] =>
    storedEvents(40, 308, (event, index) => ({ ...event, timestampMs: ARBITRARY_FROM_MS + received + index })).map(
      (stored) => ({ ...stored, receivedMs: stored.event.timestampMs }),
    )
  await a.append(minted(0).slice(0, 20))
  await b.append(minted(700))
  await expectAnswers(a, [...minted(0).slice(0, 20), ...minted(700).slice(20)])
  nowMs = ARBITRARY_FROM_MS + DAY_MS
  await a.maintain()
  await expectAnswers(b, [...minted(0).slice(0, 20), ...minted(700).slice(20)])
})

inNewDatabase(
  'two servers that seal at the same time make the cells of one, which either clears and expires for both',
  async () => {
    const [a, b] = [await server('a'), await server('b')]
    const events = storedEvents(200, 302)
    await a.append(events.slice(0, 100))
    await b.append(elsewhere(events.slice(100)))
    // What is sealed on top of what another has sealed is shown above.
    for (const at of LONG ? [2, 4.5, 9] : [9]) {
      nowMs = ARBITRARY_FROM_MS + at * DAY_MS
      await Promise.all([a.maintain(), b.maintain(), a.maintain()])
      expect((await a.stats()).sealedToMs).toBe((await b.stats()).sealedToMs)
      await expectAnswers(b, events)
    }
    const cutMs = ARBITRARY_FROM_MS + 3 * DAY_MS
    const old = events.filter(({ event }) => event.timestampMs < cutMs).length
    expect(await b.prune({ eventsBeforeMs: cutMs })).toEqual({ eventsDropped: old })
    expect(await a.stats()).toMatchObject({ events: 200 - old, expired: old })
    expect((await a.query(totals(['model']))).rows).toEqual(
      fold(
        totals(['model']),
        events.map(({ event }) => event),
      ).rows,
    )
    await b.clear()
    await a.append(events.slice(0, 100))
    await expectAnswers(a, [])
    expect(await a.stats()).toMatchObject({ events: 0, cleared: 200, appliedOrdinal: 100 })
  },
)

inNewDatabase(
  'events of one instant have an order over servers, also over pages, and each server knows its own',
  async () => {
    const [a, b] = [await server('a'), await server('b')]
    const [{ event }] = storedEvents(1, 303) as [StoredEvent]
    const of = (prefix: string): StoredEvent[] =>
      Array.from({ length: 10 }, (_, index) => ({
        ordinal: index + 1,
        receivedMs: 1,
        event: { ...event, eventId: `${prefix}${index}` },
      }))
    await a.append(of('a'))
    await b.append(of('b'))
    const seen: string[] = []
    const range = { fromMs: 0, toMs: ARBITRARY_TO_MS, filters: [], limit: 3 }
    for (
      let page = await a.scan(range);
      ;
      page = await b.scan({ ...range, after: page.next as NonNullable<typeof page.next> })
    ) {
      seen.push(...page.events.map(({ event: { eventId } }) => eventId))
      if (page.next === undefined) break
    }
    expect(new Set(seen).size).toBe(20)
    expect(await a.held({ first: 3, last: 5 }, 10)).toEqual(of('a').slice(2, 5))
    expect(await b.held({ first: 3, last: 5 }, 10)).toEqual(of('b').slice(2, 5))
    expect(await b.stats()).toMatchObject({ appliedOrdinal: 10, journalId: 'b', events: 20 })
  },
)

inNewDatabase('a batch whose answer is lost is sent again and stands once, under its token', async () => {
  if (!engine.owned) return
  const a = await server('a')
  const events = storedEvents(150, 304)
  await a.append(events.slice(0, 50))
  await mergesOff()
  await engine.fail({ match: 'INSERT INTO events', how: 'lose_answer' })
  await expect(a.append(events.slice(50, 100))).rejects.toMatchObject({ code: 'store_unavailable' })
  // More has come meanwhile; the first half is sent as it was.
  await a.append(events.slice(50))
  expect(await sql('SELECT count() FROM events')).toBe('150')
  await engine.fail({ match: 'INSERT INTO applied', how: 'refuse' })
  await expect(a.append(storedEvents(151, 304).slice(150))).rejects.toMatchObject({ code: 'store_unavailable' })
  await expectAnswers(await server('a'), storedEvents(151, 304))
})

inNewDatabase('another division into batches after a crash changes no figure', async () => {
  const events = storedEvents(120, 305)
  const before = await server('a')
  await before.append(events.slice(0, 80))
  // As if the server had died before it could note how far it was.
  await sql('ALTER TABLE applied DELETE WHERE true SETTINGS mutations_sync = 1')
  await mergesOff()
  const after = await server('a')
  expect((await after.stats()).appliedOrdinal).toBe(0)
  for (let at = 0; at < events.length; at += 33) await after.append(events.slice(at, at + 33))
  await expectAnswers(after, events)
})

inNewDatabase('the engine killed in the middle of everything comes back with what it acknowledged', async () => {
  if (!engine.owned) return
  const a = await server('a')
  const events = storedEvents(300, 306)
  let acknowledged = 0
  const feed = (async () => {
    for (let at = 0; at < events.length; at += 20) {
      await a.append(events.slice(at, at + 20))
      acknowledged = at + 20
      nowMs += DAY_MS / 2
      await a.maintain()
    }
  })()
  feed.catch(() => undefined)
  while (acknowledged < thorough(40, 60)) await new Promise((resolve) => setImmediate(resolve))
  await engine.kill()
  await expect(feed).rejects.toMatchObject({ code: 'store_unavailable' })
  await expect(a.query(totals())).rejects.toMatchObject({ code: 'store_unavailable' })
  await engine.restart()
  const { appliedOrdinal } = await a.stats()
  expect(appliedOrdinal).toBeGreaterThanOrEqual(acknowledged)
  await a.append(events)
  nowMs = ARBITRARY_TO_MS + DAY_MS
  await a.maintain()
  await expectAnswers(a, events)
})
