import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type UsageEvent, wireJson } from '@tallystick/core/event'
import { openJournal } from '@tallystick/core/journal'
import { fold, parseQuery } from '@tallystick/core/query'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ARBITRARY_FROM_MS, ARBITRARY_TO_MS, arbitraryEvent } from '../packages/core/src/event/testing/arbitrary.ts'
import type { DuckdbStore, openDuckdbStore } from '../packages/server/src/store/duckdb/open.ts'

/** The thread of the store is compiled code; this is the one suite of the store that needs a build. */
const BUILT = new URL('../packages/server/dist/store/duckdb/open.js', import.meta.url)

let dir = ''
const opened: DuckdbStore[] = []

beforeEach(async () => {
  if (!existsSync(fileURLToPath(BUILT))) throw new Error('run `npm run build` first: the store thread is compiled code')
  dir = await mkdtemp(join(tmpdir(), 'tallystick-worker-'))
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()))
  await rm(dir, { recursive: true, force: true })
})

const open = async (): Promise<DuckdbStore> => {
  const built = (await import(/* @vite-ignore */ BUILT.href)) as { readonly openDuckdbStore: typeof openDuckdbStore }
  const store = await built.openDuckdbStore({ path: join(dir, 't.duckdb'), maintainEveryMs: 0 })
  opened.push(store)
  return store
}

const stored = (events: readonly UsageEvent[]) =>
  events.map((event, index) => ({ ordinal: index + 1, receivedMs: 1, event }))
const range = {
  from: ARBITRARY_FROM_MS,
  to: ARBITRARY_TO_MS,
  measures: ['events', 'cost_nano_usd', 'duration_ms_p95'],
  group_by: ['model'],
}
const query = parseQuery(range, { nowMs: ARBITRARY_TO_MS })

test('the store in its thread answers, reports errors by code, cancels and closes like the one in the calling thread', async () => {
  const events = fc.sample(arbitraryEvent(), { seed: 1, numRuns: 500 })
  const store = await open()
  expect(store.constructor.name).toBe('RemoteDuckdbStore')
  await store.append(stored(events))
  const expected = fold(query, events).rows
  expect((await store.query(query)).rows).toEqual(expected)
  const page = await store.scan({ fromMs: 0, toMs: ARBITRARY_TO_MS, filters: [], limit: 1_000 })
  expect(new Set(page.events.map(({ ordinal }) => ordinal)).size).toBe(500)
  expect(await store.stats()).toMatchObject({ events: 500, appliedOrdinal: 500 })
  expect((await store.audit()).differences).toEqual([])

  const controller = new AbortController()
  const cancelled = store.query(query, { signal: controller.signal })
  controller.abort()
  await expect(cancelled).rejects.toMatchObject({ code: 'query_cancelled' })
  expect((await store.query(query)).rows).toEqual(expected)
  await expect(store.follower?.follow(dir, { position: { segment: 1, offset: 0 }, ordinal: 1 })).rejects.toMatchObject({
    code: 'store_corrupt',
  })

  await store.close()
  await store.close()
  await expect(store.query(query)).rejects.toMatchObject({ code: 'store_unavailable' })
  expect((await (await open()).query(query)).rows).toEqual(expected)
})

test('the thread follows the journal; closed in the middle, the next one ends up with exactly the same', async () => {
  const events = fc.sample(arbitraryEvent(), { seed: 2, numRuns: 6_000 })
  const journalDir = join(dir, 'journal')
  const journal = await openJournal({ dir: journalDir })
  for (let at = 0; at < events.length; at += 500) {
    const some = events.slice(at, at + 500)
    await journal.append(some.map((event) => ({ type: 'event' as const, body: `"r":1,"e":${wireJson(event)}` })))
      .durable
  }
  const end = journal.end()
  for (const afterMs of [5, 40, 120]) {
    const store = await open()
    await store.follower?.follow(journalDir, end)
    await new Promise((resolve) => setTimeout(resolve, afterMs))
    // Whatever is under way is answered or refused; none of it may bring the process down.
    const asked = [store.query(query), store.stats(), store.follower?.applied(end.ordinal)]
    const answered = Promise.allSettled(asked)
    await store.close()
    await answered
    expect(store.follower?.progress()).toHaveProperty('error')
  }
  const store = await open()
  await store.follower?.follow(journalDir, end)
  await store.follower?.applied(end.ordinal)
  expect(store.follower?.progress()).toEqual({ appliedOrdinal: end.ordinal, targetOrdinal: end.ordinal })
  expect((await store.stats()).events).toBe(events.length)
  expect((await store.query(query)).rows).toEqual(fold(query, events).rows)
  expect((await store.audit()).differences).toEqual([])
  await journal.close()
}, 120_000)
