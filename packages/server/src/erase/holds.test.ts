import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, EventKind } from '@tallystick/core/event'
import { afterEach, describe, expect, test } from 'vitest'
import { type OpenOptions, openTallystick, type Tallystick } from '../open.ts'
import { openMemoryState } from '../state/memory.ts'
import { startUpkeep } from '../upkeep.ts'
import { createHolds } from './holds.ts'

const DAY_MS = 86_400_000
const NOON = Date.UTC(2026, 10, 20, 12)
const cleanups: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function open(options: Partial<OpenOptions>): Promise<Tallystick> {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-hold-'))
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }))
  const clock: Clock = { now: () => NOON, monotonic: () => performance.now() }
  const tallystick = await openTallystick({ dataDir: dir, clock, ...options })
  cleanups.push(() => tallystick.close())
  return tallystick
}

const call = (tallystick: Tallystick, method: string, path: string, body?: object): Promise<Response> =>
  tallystick.fetch(
    new Request(`http://localhost${path}`, {
      method,
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    }),
    { trusted: true },
  )

/** One event a day of the last ten. */
const items = Array.from({ length: 10 }, (_, day) => ({
  event_id: `e${day}`,
  timestamp_ms: NOON - day * DAY_MS,
  model: 'gpt-4o',
  user_id: day < 5 ? 'ada' : 'bob',
}))

const daysOf = async ({ store }: Tallystick): Promise<number[]> => {
  const { events } = await store.scan({ fromMs: 0, toMs: NOON + 1, filters: [], limit: 100 })
  return events.map(({ event }) => (NOON - event.timestampMs) / DAY_MS)
}

const upkeepOf = (tallystick: Tallystick, options: { retainEventsMs: number }) => {
  const holds = createHolds(tallystick.state)
  const upkeep = startUpkeep({
    ...tallystick,
    clock: { now: () => NOON, monotonic: () => 0 },
    logger: { info: () => undefined, warn: () => undefined, error: (_, text) => expect.fail(text) },
    ...options,
    allowed: (request) => holds.allowed(request),
  })
  cleanups.push(() => upkeep.stop())
  return upkeep
}

describe.each(['memory:', 'jsonl:', 'duckdb:'])('a legal hold on %s', (store) => {
  test('keeps its range from retention, erasing and clearing, and lets what is older go', async () => {
    // As configured: a store that hides what has expired at once must know of holds too.
    const tallystick = await open({ store, retainEventsMs: 3 * DAY_MS })
    const { ingest, state, store: held } = tallystick
    const range = { from_ms: NOON - 7 * DAY_MS, to_ms: NOON - 5 * DAY_MS }
    const made = await call(tallystick, 'POST', '/api/v1/holds', { name: 'case-1', reason: 'Discovery', ...range })
    expect(made.status).toBe(201)
    expect((await call(tallystick, 'POST', '/api/v1/holds', { name: 'case-1', reason: 'Again' })).status).toBe(400)
    await ingest.submit({ items, door: 'native' })
    await ingest.drain()
    if ('maintain' in held) await (held as { maintain(): Promise<void> }).maintain()
    await upkeepOf(tallystick, { retainEventsMs: 3 * DAY_MS }).run()
    const kept = await daysOf(tallystick)
    expect(kept).toContain(5)
    expect(kept).toContain(7)
    expect(kept).not.toContain(8)

    for (const refused of [
      await call(tallystick, 'POST', '/api/v1/erasures', { user_id: 'bob' }),
      await call(tallystick, 'POST', '/analytics/clear'),
    ])
      expect(refused.status).toBe(409)
    await expect(ingest.clear()).rejects.toMatchObject({
      code: 'legal_hold',
      message: expect.stringContaining('case-1'),
    })
    expect(await daysOf(tallystick)).toEqual(kept)
    // Whoever has nothing in the range can be erased.
    expect((await call(tallystick, 'POST', '/api/v1/erasures', { user_id: 'ada' })).status).toBe(200)
    expect(await daysOf(tallystick)).toEqual(kept)

    expect((await call(tallystick, 'DELETE', '/api/v1/holds/case-1')).status).toBe(200)
    expect((await call(tallystick, 'DELETE', '/api/v1/holds/case-1')).status).toBe(404)
    await upkeepOf(tallystick, { retainEventsMs: 3 * DAY_MS }).run()
    expect(await daysOf(tallystick)).not.toContain(5)
    expect((await call(tallystick, 'POST', '/api/v1/erasures', { user_id: 'bob' })).status).toBe(200)
    await ingest.clear()
    expect(await daysOf(tallystick)).toEqual([])
    const actions = [...state.rows('audit').values()].map(({ action, target }) => [action, target])
    expect(actions).toContainEqual(['hold.add', 'case-1'])
    expect(actions).toContainEqual(['hold.remove', 'case-1'])
    expect(actions.filter(([action]) => action === 'events.clear')).toEqual([])
  })
})

test('open ends reach as far as time does, and only what is older than the earliest may go', async () => {
  const state = openMemoryState()
  const holds = createHolds(state)
  const kinds = new Map<EventKind, number>([['tool_invocation', 900]])
  const request = { eventsBeforeMs: 700, cellsBeforeMs: 300, kindsBeforeMs: kinds }
  expect(holds.allowed(request)).toEqual(request)
  holds.assertFree()
  const hold = (id: string, range: { fromMs?: number; toMs?: number }) =>
    state.write([{ table: 'holds', id, row: { id, name: id, reason: 'r', createdMs: 1, ...range } }])
  await hold('a', { fromMs: 500 })
  expect(holds.allowed(request)).toEqual({
    eventsBeforeMs: 500,
    cellsBeforeMs: 300,
    kindsBeforeMs: new Map([['tool_invocation', 500]]),
  })
  expect(() => holds.assertFree(0, 500)).not.toThrow()
  expect(() => holds.assertFree(0, 501)).toThrow(/"a"/)
  await hold('b', { toMs: 100 })
  expect(holds.allowed(request)).toEqual({
    eventsBeforeMs: 0,
    cellsBeforeMs: 0,
    kindsBeforeMs: new Map([['tool_invocation', 0]]),
  })
  expect(() => holds.assertFree(100, 500)).not.toThrow()
  expect(() => holds.assertFree(99, 500)).toThrow(/"b"/)
})
