import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MEASURES, parseQuery, type ResultRow } from '@tallystick/core/query'
import { afterAll, expect, it } from 'vitest'
import type { UsageStore } from '../store/store.ts'
import { migrate } from './migrate.ts'
import { FIXED, figures, NOW_MS, open, submit } from './testing/data-dir.ts'
import { endServices, MOVABLE } from './testing/stores.ts'

const EVENTS = 1_000_000
const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

const dataDir = mkdtempSync(join(tmpdir(), 'tallystick-round-trip-'))
afterAll(async () => {
  await endServices()
  rmSync(dataDir, { recursive: true })
})

/** Every measure there is, by day; and what the page shows. */
async function everyFigure(store: UsageStore): Promise<readonly (readonly ResultRow[])[]> {
  const names = MEASURES.map(({ name }) => name)
  const answers: (readonly ResultRow[])[] = []
  for (let at = 0; at < names.length; at += 60) {
    const question = {
      from: NOW_MS - 30 * 86_400_000,
      to: NOW_MS,
      measures: names.slice(at, at + 60),
      interval: '1d',
      time_zone: 'UTC',
    }
    const { rows } = await store.query(parseQuery(question, { nowMs: NOW_MS }))
    answers.push(rows.filter((row) => Object.values(row).some((value) => value !== null && value !== 0)))
  }
  return [...answers, ...(await figures(store))]
}

it('a million events go from duckdb through every other store back to duckdb, and no figure changes', async () => {
  const start = `duckdb:${join(dataDir, 'tallystick.duckdb')}`
  const others = await Promise.all(MOVABLE.filter(({ name }) => name !== 'duckdb').map(({ url }) => url(dataDir)))
  const first = await open(dataDir, start)
  expect(await submit(first, 0, EVENTS)).toBe(EVENTS)
  const seen = await everyFigure(first.store)
  await first.close()

  let from = start
  for (const to of [...others, `duckdb:${join(dataDir, 'second.duckdb')}`]) {
    const begunMs = performance.now()
    const cpu = process.cpuUsage()
    const options = { dataDir, from, to, targetExists: true, clock: FIXED, logger: SILENT }
    expect(await migrate(options), to).toMatchObject({ total: EVENTS, moved: EVENTS, differences: [] })
    const seconds = (performance.now() - begunMs) / 1000
    const { user, system } = process.cpuUsage(cpu)
    const rate = Math.round(EVENTS / seconds)
    process.stdout.write(
      `${from.split(':')[0]} -> ${to.split(':')[0]}: ${EVENTS} events in ${seconds.toFixed(1)} s, ${rate} a second, ` +
        `${((user + system) / EVENTS).toFixed(1)} us of this process each\n`,
    )
    const opened = await open(dataDir, to)
    try {
      await opened.ingest.applied()
      expect(await everyFigure(opened.store), to).toEqual(seen)
      expect(await opened.ingest.invariants()).toMatchObject({ balanced: true, store: { live: EVENTS } })
    } finally {
      await opened.close()
    }
    from = to
  }
}, 3_600_000)
