import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LONG, thorough } from '../../packages/core/src/testing/thorough.ts'
import { endServers, ServerProcess } from './testing/server-process.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'reprice-kill-'))
})
afterEach(async () => {
  await endServers()
  rmSync(dir, { recursive: true })
})

const EVENTS = thorough(8_000, 16_000)
const BATCH = 2_000
const TOKENS = 1_000
const FROM = Date.UTC(2026, 9, 1)
const RANGE = { from: FROM, to: FROM + 31 * 86_400_000 }

/** USD per million tokens; a request is so many nano-USD times a thousand. */
function prices(perMillion: number): string {
  const path = join(dir, `prices-${perMillion}.json`)
  writeFileSync(
    path,
    JSON.stringify({ prices: [{ model: 'house', usd_per_million: { input: perMillion, output: 0 } }] }),
  )
  return path
}
const nanoAt = (perMillion: number): number => perMillion * TOKENS * 1_000

const serve = (perMillion: number): Promise<ServerProcess> =>
  ServerProcess.start(join(dir, 'data'), ['--prices', prices(perMillion)])

async function ask(server: ServerProcess, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json' }
  const init = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) }
  return (await (await fetch(`${server.url}${path}`, init)).json()) as Record<string, unknown>
}

async function figures(server: ServerProcess): Promise<{ billed: number; repriced: number }> {
  const measures = ['requests', 'cost_nano_usd', 'repriced_cost_nano_usd']
  const { rows } = await ask(server, '/api/v1/query?consistency=applied', { ...RANGE, measures })
  const [row] = rows as [Record<string, number>]
  expect(row['requests']).toBe(EVENTS)
  return { billed: row['cost_nano_usd'] as number, repriced: row['repriced_cost_nano_usd'] as number }
}

/** Resolves once a run has priced the first of the events anew, or has come to its end. */
async function underWay(server: ServerProcess, id: unknown): Promise<void> {
  for (;;) {
    const { state, progress } = await ask(server, `/api/v1/repricings/${id}`)
    if (state !== 'running' || (progress as { events: number }).events > 0) return
    await sleep(5)
  }
}

async function repriceWhole(server: ServerProcess): Promise<Record<string, unknown>> {
  const { id } = await ask(server, '/api/v1/repricings', RANGE)
  for (;;) {
    const run = await ask(server, `/api/v1/repricings/${id}`)
    if (run['state'] !== 'running') return run
    await sleep(20)
  }
}

test(
  'killed in the middle of a re-pricing, a server tells so, each event has one of its two figures, and the next run adds the rest',
  async () => {
    let server = await serve(1)
    for (let at = 0; at < EVENTS; at += BATCH) {
      const items = Array.from({ length: BATCH }, (_, index) => ({
        event_id: `e${at + index}`,
        timestamp_ms: FROM + (at + index) * 100_000,
        model: 'house',
        input_tokens: TOKENS,
        output_tokens: 1,
      }))
      expect(await ask(server, '/api/v1/events', items)).toMatchObject({ accepted: BATCH })
    }
    await server.stop()
    let before = 1
    /** New prices, and when the kill comes: so many ms after the run has begun, or once it is under way. */
    const timed = [
      [3, 150],
      [2, 500],
    ] as const
    for (const [now, waitMs] of [...(LONG ? timed : []), [4, undefined] as const]) {
      server = await serve(now)
      const begun = await ask(server, '/api/v1/repricings', RANGE)
      expect(begun).toMatchObject({ state: 'running' })
      await (waitMs === undefined ? underWay(server, begun['id']) : sleep(waitMs))
      await server.kill()

      server = await serve(now)
      const { repricings } = (await ask(server, '/api/v1/repricings')) as { repricings: { state: string }[] }
      expect(['interrupted', 'done']).toContain(repricings[0]?.state)
      const { billed, repriced } = await figures(server)
      expect(billed).toBe(EVENTS * nanoAt(1))
      const done = (repriced - EVENTS * nanoAt(before)) / (nanoAt(now) - nanoAt(before))
      expect(Number.isInteger(done)).toBe(true)
      expect(done).toBeGreaterThanOrEqual(0)
      expect(done).toBeLessThanOrEqual(EVENTS)
      if (repricings[0]?.state === 'done') expect(done).toBe(EVENTS)

      expect(await repriceWhole(server)).toMatchObject({ state: 'done', changed: EVENTS - done })
      expect(await figures(server)).toEqual({ billed: EVENTS * nanoAt(1), repriced: EVENTS * nanoAt(now) })
      expect(await ask(server, '/api/v1/invariants')).toMatchObject({ balanced: true })
      before = now
      await server.stop()
    }
    // A store made anew from the journal comes to the same at prices that have changed once more.
    for (const suffix of ['', '.wal']) rmSync(join(dir, 'data', `tallystick.duckdb${suffix}`), { force: true })
    server = await serve(9)
    expect(await figures(server)).toEqual({ billed: EVENTS * nanoAt(1), repriced: EVENTS * nanoAt(before) })
  },
  thorough(120_000, 600_000),
)
