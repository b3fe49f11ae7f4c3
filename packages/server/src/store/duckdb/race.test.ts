import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fold, type Query } from '@tallystick/core/query'
import { expect, test } from 'vitest'
import { ARBITRARY_FROM_MS, ARBITRARY_TO_MS } from '../../../../core/src/event/testing/arbitrary.ts'
import { thorough } from '../../../../core/src/testing/thorough.ts'
import type { StoredEvent } from '../store.ts'
import { storedEvents, totals } from '../testing/conformance.ts'
import { DuckdbEngine } from './engine.ts'

const DAY = 86_400_000
/** A server has one; the work of two costs more than that of one. */
const THREADS = thorough(1, 2)
const clock = { now: () => ARBITRARY_TO_MS, monotonic: () => performance.now() }
const options = { memoryLimitMb: 256, threads: THREADS, checkpointMb: 64, clock, sealRows: 150, expireRows: 60 }
const EVENTS = storedEvents(thorough(500, 1_000), 31)
const FIRST = thorough(300, 600)

/** The answer is that of the events up to some moment between question and answer. */
async function expectOneMoment(engine: DuckdbEngine, query: Query): Promise<void> {
  const before = engine.meta.applied_ordinal
  const { rows } = await engine.query(query)
  const after = engine.meta.applied_ordinal
  const moments = new Set([before, after])
  for (const { ordinal } of EVENTS) if (ordinal > before && ordinal <= after) moments.add(ordinal)
  const found = JSON.stringify(rows)
  const fits = [...moments].some((moment) => JSON.stringify(foldUpTo(query, moment)) === found)
  expect(fits, `${JSON.stringify(query.groupBy)} between ${before} and ${after}: ${found}`).toBe(true)
}

const foldUpTo = (query: Query, moment: number) =>
  fold(
    query,
    EVENTS.filter(({ ordinal }) => ordinal <= moment).map(({ event }) => event),
  ).rows

test('beside ingest, sealing, compaction, retention and a backup every question is answered of one moment', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'tallystick-race-'))
  const engine = await DuckdbEngine.open({ ...options, path: join(dir, 't.duckdb') })
  try {
    await engine.append(EVENTS.slice(0, FIRST))
    await engine.seal(ARBITRARY_FROM_MS + 5 * DAY)

    let working = 4
    const work = async (task: () => Promise<void>): Promise<void> => task().finally(() => void working--)
    const append = async (): Promise<void> => {
      for (let at = FIRST; at < EVENTS.length; at += 20)
        await engine.append(EVENTS.slice(at, at + 20), undefined, { more: at % 100 === 0 })
      await engine.append([] as StoredEvent[], { ordinal: EVENTS.length, position: { segment: 1, offset: 1 } })
    }
    const seal = async (): Promise<void> => {
      await engine.seal(ARBITRARY_FROM_MS + 6 * DAY)
      await engine.compact()
    }
    let dropped = 0
    const prune = async (): Promise<void> => {
      for (const days of [1, 3.4, 4])
        dropped += (await engine.prune({ eventsBeforeMs: ARBITRARY_FROM_MS + days * DAY })).eventsDropped
    }
    let copied = 0
    const copy = async (): Promise<void> => {
      copied = (await engine.copyTo(join(dir, 'copy.duckdb'))).appliedOrdinal
    }
    let asked = 0
    const ask = async (): Promise<void> => {
      const queries = [totals(), totals(['model']), totals(['user_id'], ['requests', 'cost_nano_usd'])]
      for (; working > 0; asked++) await expectOneMoment(engine, queries[asked % queries.length] as Query)
    }
    await Promise.all([work(append), work(seal), work(prune), work(copy), ask()])
    expect(asked).toBeGreaterThan(5)
    expect(dropped).toBeGreaterThan(thorough(150, 300))
    expect((await engine.audit()).differences).toEqual([])
    await expectOneMoment(engine, totals(['model']))

    const copyOf = await DuckdbEngine.open({ ...options, path: join(dir, 'copy.duckdb') })
    expect(copyOf.meta.applied_ordinal).toBe(copied)
    expect((await copyOf.audit()).differences).toEqual([])
    expect((await copyOf.query(totals(['model']))).rows).toEqual(foldUpTo(totals(['model']), copied))
    await copyOf.close()
  } finally {
    await engine.close()
    await rm(dir, { recursive: true, force: true })
  }
}, 120_000)
