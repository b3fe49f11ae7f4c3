import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseQuery } from '@tallystick/core/query'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ARBITRARY_FROM_MS, ARBITRARY_TO_MS } from '../../../../core/src/event/testing/arbitrary.ts'
import type { ScanCursor } from '../store.ts'
import { storedEvents } from '../testing/conformance.ts'
import { DuckdbEngine } from './engine.ts'

const MB = 1_000_000
/** Texts that compress badly, so that a few rows fill the cache. */
const EVENTS = 600
const TEXT_BYTES = 80_000
/** Twice this is longer than anybody waits. */
const WHILE_MS = 20_000

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tallystick-cache-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const noise = (of: number): string =>
  createHash('shake256', { outputLength: TEXT_BYTES }).update(String(of)).digest('base64')

test('blocks that were read are kept while somebody asks for figures, and given back when nobody does', {
  timeout: 90_000,
}, async () => {
  let nowMs = 0
  const clock = { now: () => ARBITRARY_TO_MS, monotonic: () => nowMs }
  const options = { path: join(dir, 't.duckdb'), memoryLimitMb: 192, threads: 1, checkpointMb: 16, clock }
  const [sample] = storedEvents(1, 1)
  const filling = await DuckdbEngine.open(options)
  for (let from = 0; from < EVENTS; from += 50) {
    const events = Array.from({ length: 50 }, (_, index) => ({
      ...(sample as NonNullable<typeof sample>),
      ordinal: from + index + 1,
      event: {
        ...(sample as NonNullable<typeof sample>).event,
        eventId: `e${from + index}`,
        timestampMs: ARBITRARY_FROM_MS + from + index,
        errorMessage: noise(from + index),
      },
    }))
    await filling.append(events)
  }
  await filling.close()

  const engine = await DuckdbEngine.open(options)
  const query = parseQuery(
    { from: ARBITRARY_FROM_MS, to: ARBITRARY_TO_MS, measures: ['requests'] },
    { nowMs: ARBITRARY_TO_MS },
  )
  const walk = async (): Promise<number> => {
    const range = { fromMs: ARBITRARY_FROM_MS, toMs: ARBITRARY_TO_MS, filters: [] }
    for (let after: ScanCursor | undefined; ; ) {
      const page = await engine.scan({ ...range, limit: 100, ascending: true, ...(after ? { after } : {}) })
      const last = page.events.at(-1)
      if (last === undefined) break
      after = { timestampMs: last.event.timestampMs, ordinal: last.ordinal }
    }
    return engine.cachedBytes()
  }
  try {
    const asked = await engine.query(query)
    expect(await walk()).toBeGreaterThan(48 * MB)
    nowMs += WHILE_MS
    await engine.maintain()
    expect(await engine.cachedBytes()).toBeGreaterThan(48 * MB)

    nowMs += WHILE_MS
    await engine.maintain()
    expect(await engine.cachedBytes()).toBeLessThan(34 * MB)
    // The limit is what it was: as much fits in again, and the figures are the same.
    expect(await walk()).toBeGreaterThan(48 * MB)
    expect((await engine.query(query)).rows).toEqual(asked.rows)
  } finally {
    await engine.close()
  }
})
