import { appendFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { UsageEvent } from '@tallystick/core/event'
import { fold } from '@tallystick/core/query'
import { describe, expect, test } from 'vitest'
import type { ScanCursor, StoredEvent } from '../store.ts'
import { storedEvents, totals } from '../testing/conformance.ts'
import { openJsonlStore } from './open.ts'
import { resetJsonlStore } from './reset.ts'
import {
  ALL,
  eventsOf,
  expectBalanced,
  expectHolds,
  lineOf,
  SEED_LINES,
  seedText,
  workbench,
} from './testing/workbench.ts'

const bench = workbench()

describe('an existing file', () => {
  test('of the first description is read as it is, and grows by our lines', async () => {
    writeFileSync(bench.path, seedText)
    const store = await bench.open()
    const found = await eventsOf(store)
    expect(found.map(({ eventId }) => eventId)).toEqual(SEED_LINES.map(({ id }) => id))
    expect(found[0]).toMatchObject({ inputTokens: 42, outputTokens: 128, requestModel: 'gpt-4o', success: true })
    expect(found[0]?.costNanoUsd).toBeUndefined()
    expect(await store.stats()).toMatchObject({ events: 3, foreign: 3, malformed: 0, appliedOrdinal: 0, cleared: 0 })
    const events = storedEvents(10, 4)
    await store.append(events)
    expect(readFileSync(bench.path, 'utf8').startsWith(seedText)).toBe(true)
    expect(await store.stats()).toMatchObject({ events: 13, foreign: 3, appliedOrdinal: 10, cleared: 0, expired: 0 })
    const own = await store.query(totals(), { journaled: true })
    expect(own.rows).toEqual(
      fold(
        totals(),
        events.map(({ event }) => event),
      ).rows,
    )
  })

  test('gives its events one by one, in either direction, over pages and restarts', async () => {
    writeFileSync(bench.path, seedText + seedText)
    await (await bench.open()).append(storedEvents(20, 5))
    const store = await bench.openKilled()
    for (const ascending of [true, false]) {
      const whole = (await store.scan({ ...ALL, ascending })).events
      expect(whole).toHaveLength(26)
      expect(new Set(whole.map(({ ordinal }) => ordinal)).size).toBe(26)
      const paged: StoredEvent[] = []
      let after: ScanCursor | undefined
      do {
        const page = await store.scan({ ...ALL, ascending, limit: 1, ...(after ? { after } : {}) })
        paged.push(...page.events)
        after = page.next
      } while (after)
      expect(paged).toEqual(whole)
    }
  })

  test('is read leniently: what has the wrong type is unknown, what is no document is counted and left alone', async () => {
    const [good] = SEED_LINES
    const odd = { ...good, request: { ...good?.request, input_tokens: 'many', size_bytes: -3 }, performance: 7 }
    const text = [
      JSON.stringify(good),
      'not json',
      '[]',
      '',
      JSON.stringify(odd),
      '{"id":"x"}',
      '{"id":"y","timestamp":1.5}',
      'null',
    ]
    writeFileSync(bench.path, `${text.join('\r\n')}\r\n`)
    const store = await bench.open()
    expect(await store.stats()).toMatchObject({ events: 2, malformed: 5 })
    const [row] = (await store.query(totals([], ['requests', 'input_tokens', 'duration_ms_sum', 'duration_ms_p50'])))
      .rows
    expect(row).toEqual({ requests: 2, input_tokens: 42, duration_ms_sum: 1247, duration_ms_p50: expect.any(Number) })
    await store.append(storedEvents(1, 6))
    expect(readFileSync(bench.path, 'utf8').startsWith(text.join('\r\n'))).toBe(true)
    expect(await (await bench.openKilled()).stats()).toMatchObject({ events: 3, malformed: 5 })
  })

  test('may begin with a byte order mark', async () => {
    writeFileSync(bench.path, `\ufeff${seedText}`)
    const store = await bench.open()
    expect(await store.stats()).toMatchObject({ events: 3, foreign: 3, malformed: 0 })
    expect((await eventsOf(store)).map(({ eventId }) => eventId)).toEqual(SEED_LINES.map(({ id }) => id))
    const [row] = (await store.query(totals())).rows
    expect(row).toMatchObject({ requests: 3 })
  })

  test('that another program goes on writing is followed', async () => {
    const events = storedEvents(4, 7)
    const store = await bench.open()
    await store.append(events.slice(0, 2))
    appendFileSync(bench.path, seedText)
    expect(await store.stats()).toMatchObject({ events: 5, foreign: 3 })
    appendFileSync(bench.path, seedText.slice(0, -20))
    expect(await store.stats()).toMatchObject({ events: 7, foreign: 5 })
    await store.append(events.slice(2))
    expect(await store.stats()).toMatchObject({ events: 9, foreign: 5, malformed: 0, cleared: 0 })
    for (const line of bench.lines()) JSON.parse(line)
  })

  test('with lines of another installation does not make the store believe it has applied what is still to come', async () => {
    const store = await bench.open()
    await store.append(storedEvents(3, 8))
    appendFileSync(
      bench.path,
      lineOf(storedEvents(1, 9)[0]?.event as UsageEvent).replace(
        /\}\n$/,
        ',"stored":{"ordinal":900,"received_ms":1,"timestamp_ms":0}}\n',
      ),
    )
    const [foreign] = storedEvents(1, 10) as [StoredEvent]
    const elsewhere = join(bench.dir, 'other.jsonl')
    const other = await openJsonlStore({ path: elsewhere })
    await other.append([{ ...foreign, ordinal: 900 }])
    await other.close()
    appendFileSync(bench.path, readFileSync(elsewhere))
    expect(await store.stats()).toMatchObject({ events: 5, foreign: 2, appliedOrdinal: 3 })
    const later = storedEvents(5, 8).slice(3)
    await store.append(later)
    expect(await (await bench.openKilled()).stats()).toMatchObject({ events: 7, foreign: 2, appliedOrdinal: 5 })
  })
})

describe('removing the file', () => {
  test.each(['removed', 'emptied'])('%s while running clears the store, at once and for good', async (how) => {
    const events = storedEvents(30, 11)
    let store = await bench.open()
    await store.append(events.slice(0, 20))
    if (how === 'removed') rmSync(bench.path)
    else truncateSync(bench.path)
    await expectHolds(store, [])
    expect(await store.stats()).toMatchObject({ appliedOrdinal: 20, cleared: 20, oldestMs: null })
    await store.append(events)
    await expectHolds(store, events.slice(20))
    store = await bench.openKilled()
    await store.append(events)
    await expectHolds(store, events.slice(20))
    expectBalanced(await store.stats(), 30)
  })

  test.each(['after a stop', 'after a kill'])('%s clears the store, and nothing old comes back', async (ending) => {
    const events = storedEvents(30, 12)
    const first = await bench.open()
    await first.append(events.slice(0, 20))
    if (ending === 'after a stop') await first.close()
    rmSync(bench.path)
    const store = await bench.openKilled()
    await store.append(events)
    await expectHolds(store, events.slice(20))
    expect(await store.stats()).toMatchObject({ appliedOrdinal: 30, cleared: 20 })
  })

  test('together with what lies beside it begins a new store; without that only costs a rescan', async () => {
    const events = storedEvents(30, 13)
    await (await bench.open()).append(events)
    rmSync(`${bench.path}.idx`)
    let store = await bench.openKilled()
    await store.append(events)
    await expectHolds(store, events)
    expect(await store.stats()).toMatchObject({ appliedOrdinal: 30, cleared: 0 })
    rmSync(bench.path)
    rmSync(`${bench.path}.idx`)
    store = await bench.openKilled()
    await expectHolds(store, [])
    await store.append(events)
    await expectHolds(store, events)
    expectBalanced(await store.stats(), 30)
  })

  test('in the middle of a query leaves that query with all it began with', async () => {
    const events = storedEvents(1_200, 14)
    const store = await bench.open()
    await store.append(events)
    const answer = store.query(totals(['model']))
    // Once the file is open, its name no longer matters.
    await new Promise((resolve) => setImmediate(resolve))
    const [{ rows }] = await Promise.all([answer, store.stats().then(() => rmSync(bench.path))])
    expect(rows).toEqual(
      fold(
        totals(['model']),
        events.map(({ event }) => event),
      ).rows,
    )
    expect((await store.query(totals())).rows[0]).toMatchObject({ requests: 0 })
  })

  test('what another file takes its place is read as it is', async () => {
    const events = storedEvents(40, 15)
    const store = await bench.open()
    await store.append(events)
    const kept = bench.lines().filter((_, index) => index % 3 === 0)
    writeFileSync(`${bench.path}.new`, `${kept.join('\n')}\n`)
    renameSync(`${bench.path}.new`, bench.path)
    await expectHolds(
      store,
      events.filter((_, index) => index % 3 === 0),
    )
    expect(await store.stats()).toMatchObject({ cleared: 26, appliedOrdinal: 40 })
    renameSync(bench.path, `${bench.path}.1`)
    writeFileSync(bench.path, seedText)
    expect(await store.stats()).toMatchObject({ events: 3, foreign: 3, cleared: 40, appliedOrdinal: 40 })
    renameSync(`${bench.path}.1`, bench.path)
    await expectHolds(
      store,
      events.filter((_, index) => index % 3 === 0),
    )
    expectBalanced(await store.stats(), 40)
  })
})

test('a rebuild keeps what others wrote and takes out what the journal holds', async () => {
  writeFileSync(bench.path, seedText)
  const events = storedEvents(20, 25)
  await (await bench.open()).append(events)
  await bench.kill()
  await resetJsonlStore(bench.path)
  expect(readFileSync(bench.path, 'utf8')).toBe(seedText)
  const store = await bench.open()
  expect(await store.stats()).toMatchObject({ events: 3, foreign: 3, appliedOrdinal: 0 })
  await store.append(events)
  expect(await store.stats()).toMatchObject({ events: 23, foreign: 3, appliedOrdinal: 20, cleared: 0 })
})
