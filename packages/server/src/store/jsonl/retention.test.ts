import { appendFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { EventKind } from '@tallystick/core/event'
import { fold } from '@tallystick/core/query'
import { describe, expect, test } from 'vitest'
import { ARBITRARY_FROM_MS } from '../../../../core/src/event/testing/arbitrary.ts'
import type { StoredEvent } from '../store.ts'
import { storedEvents, totals } from '../testing/conformance.ts'
import { ALL, DAY_MS, expectBalanced, expectHolds, workbench } from './testing/workbench.ts'

const bench = workbench()

describe('retention', () => {
  test('hides what has expired at once, before anything is dropped', async () => {
    const events = storedEvents(300, 19)
    const store = await bench.open({ eventsTtlMs: 2 * DAY_MS })
    await store.append(events)
    bench.nowMs = ARBITRARY_FROM_MS + 5 * DAY_MS
    const floor = bench.nowMs - 2 * DAY_MS
    const kept = events.filter(({ event }) => event.timestampMs >= floor)
    const answer = await store.query(totals(['model']))
    expect(answer.rows).toEqual(
      fold(
        totals(['model']),
        kept.map(({ event }) => event),
      ).rows,
    )
    expect(answer.raw_from_ms).toBe(floor)
    expect((await store.scan(ALL)).events).toHaveLength(kept.length)
  })

  test('hides kinds at an age of their own, keeps that over a restart, and takes their lines out with the others', async () => {
    const events = storedEvents(300, 23)
    const kindsTtlMs = new Map<EventKind, number>([['tool_invocation', DAY_MS]])
    const store = await bench.open({ kindsTtlMs, compactBytes: 1 })
    await store.append(events)
    bench.nowMs = ARBITRARY_FROM_MS + 6 * DAY_MS
    const floor = bench.nowMs - DAY_MS
    const kept = events.filter(({ event }) => event.kind !== 'tool_invocation' || event.timestampMs >= floor)
    expect(kept.length).toBeLessThan(295)
    expect((await store.scan(ALL)).events).toHaveLength(kept.length)
    const kindsBeforeMs = new Map<EventKind, number>([['tool_invocation', floor]])
    expect(await store.prune({ kindsBeforeMs })).toEqual({ eventsDropped: 300 - kept.length })
    expect(bench.lines()).toHaveLength(300)
    await store.close()
    const again = await bench.open({ compactBytes: 1 })
    await expectHolds(again, kept)
    expect(await again.stats()).toMatchObject({ events: kept.length, expired: 300 - kept.length, cleared: 0 })
    const eventsBeforeMs = ARBITRARY_FROM_MS + 5 * DAY_MS
    await again.prune({ eventsBeforeMs })
    const left = kept.filter(({ event }) => event.timestampMs >= eventsBeforeMs)
    expect(bench.lines()).toHaveLength(left.length)
    await expectHolds(again, left)
  })

  test('takes expired lines out of the file when they are most of it, and keeps what is no document', async () => {
    const events = storedEvents(400, 20)
    const store = await bench.open({ compactBytes: 1 })
    await store.append(events)
    appendFileSync(bench.path, 'what is this\n')
    const size = statSync(bench.path).size
    const floor = ARBITRARY_FROM_MS + 5 * DAY_MS
    const kept = events.filter(({ event }) => event.timestampMs >= floor)
    const eventsDropped = 400 - kept.length
    expect(await store.prune({ eventsBeforeMs: floor })).toEqual({ eventsDropped })
    expect(statSync(bench.path).size).toBeLessThan(size / 2)
    expect(bench.lines()).toHaveLength(kept.length + 1)
    await expectHolds(store, kept)
    expect(await store.stats()).toMatchObject({ expired: eventsDropped, cleared: 0, malformed: 1, appliedOrdinal: 400 })
    // What comes too late is expired as it comes.
    const late = { ...(events[0] as StoredEvent), ordinal: 401 }
    const old = { ...late, event: { ...late.event, timestampMs: floor - 1 } }
    await store.append([old])
    await expectHolds(store, kept)
    const again = await bench.openKilled({ compactBytes: 1 })
    await expectHolds(again, kept)
    expectBalanced(await again.stats(), 401)
  })

  test('leaves a file alone in which little has expired', async () => {
    const events = storedEvents(200, 21)
    const store = await bench.open()
    await store.append(events)
    const { ino } = statSync(bench.path)
    await store.prune({ eventsBeforeMs: ARBITRARY_FROM_MS + DAY_MS })
    expect(statSync(bench.path).ino).toBe(ino)
    expect(bench.lines()).toHaveLength(200)
    rmSync(bench.path)
    expectBalanced(await store.stats(), 200)
  })
})

describe('rotation', () => {
  const rotated = (): string[] => readdirSync(bench.dir).filter((name) => /^analytics\.\d{6}\.jsonl$/.test(name))

  test('gives full files a name of their own; all of them are the store', async () => {
    const events = storedEvents(400, 22)
    const store = await bench.open({ rotateBytes: 100_000 })
    for (let at = 0; at < 400; at += 25) await store.append(events.slice(at, at + 25))
    expect(rotated().length).toBeGreaterThan(2)
    for (const name of rotated()) expect(statSync(join(bench.dir, name)).size).toBeLessThanOrEqual(100_000)
    const all = [...rotated().sort(), 'analytics.jsonl'].flatMap((name) => bench.lines(join(bench.dir, name)))
    expect(all.map((line) => JSON.parse(line).stored.ordinal)).toEqual(events.map(({ ordinal }) => ordinal))
    await expectHolds(store, events)
    rmSync(`${bench.path}.idx`)
    await expectHolds(await bench.openKilled({ rotateBytes: 100_000 }), events)
  })

  test('survives a kill between the new name and what is remembered of it', async () => {
    const events = storedEvents(40, 23)
    await (await bench.open()).append(events)
    renameSync(bench.path, join(bench.dir, 'analytics.000001.jsonl'))
    const store = await bench.openKilled()
    await expectHolds(store, events)
    expect(await store.stats()).toMatchObject({ appliedOrdinal: 40, cleared: 0 })
    await store.append(storedEvents(50, 23))
    await expectHolds(store, storedEvents(50, 23))
    expect(bench.lines()).toHaveLength(10)
  })

  test('whole files go when their newest event has expired, or when somebody removes one', async () => {
    const events = storedEvents(400, 24)
      .sort((a, b) => a.event.timestampMs - b.event.timestampMs)
      .map((stored, index) => ({ ...stored, ordinal: index + 1 }))
    const store = await bench.open({ rotateBytes: 100_000 })
    for (let at = 0; at < 400; at += 25) await store.append(events.slice(at, at + 25))
    const before = rotated().length
    const floor = ARBITRARY_FROM_MS + 4 * DAY_MS
    await store.prune({ eventsBeforeMs: floor })
    expect(rotated().length).toBeLessThan(before)
    const kept = events.filter(({ event }) => event.timestampMs >= floor)
    await expectHolds(store, kept)
    const [oldest] = rotated().sort() as [string]
    const gone = new Set(bench.lines(join(bench.dir, oldest)).map((line) => JSON.parse(line).stored.ordinal))
    rmSync(join(bench.dir, oldest))
    await expectHolds(
      store,
      kept.filter(({ ordinal }) => !gone.has(ordinal)),
    )
    expectBalanced(await store.stats(), 400)
    await store.clear()
    expect(rotated()).toEqual([])
    expect(statSync(bench.path).size).toBe(0)
    expect(await store.stats()).toMatchObject({ events: 0, cleared: 400, expired: 0 })
  })
})
