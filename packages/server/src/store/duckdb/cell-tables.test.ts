import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { fold, parseQuery } from '@tallystick/core/query'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ARBITRARY_FROM_MS, ARBITRARY_TO_MS } from '../../../../core/src/event/testing/arbitrary.ts'
import { thorough } from '../../../../core/src/testing/thorough.ts'
import { repriced } from '../repriced.ts'
import { storedEvents } from '../testing/conformance.ts'
import { CELL_TABLES } from './cell-columns.ts'
import { DuckdbEngine } from './engine.ts'

const DAY = 86_400_000
const EVENTS = storedEvents(thorough(150, 400), 21)
const QUERIES = [
  { measures: ['requests', 'cost_nano_usd', 'duration_ms_p95'], interval: '1h' },
  { measures: ['requests', 'ttfb_ms_p50'], interval: '1d', time_zone: 'Asia/Kolkata' },
  { measures: ['requests', 'duration_ms_p95'], group_by: ['model', 'success'], interval: '1d' },
  { measures: ['requests', 'input_tokens'], group_by: ['api_key_id'], interval: '1h' },
  { measures: ['requests', 'input_tokens'], group_by: ['agent_id'], filters: { success: true }, interval: '1d' },
  { measures: ['requests', 'input_tokens'], group_by: ['user_id'] },
].map((body) => parseQuery({ from: ARBITRARY_FROM_MS, to: ARBITRARY_TO_MS, ...body }, { nowMs: ARBITRARY_TO_MS }))

let path = ''
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'tallystick-cells-')), 't.duckdb')
})
afterEach(() => rm(join(path, '..'), { recursive: true, force: true }))

/** A server has one; the work of two costs more than that of one. */
const THREADS = thorough(1, 2)
const clock = { now: () => ARBITRARY_TO_MS, monotonic: () => performance.now() }
const open = (): Promise<DuckdbEngine> =>
  DuckdbEngine.open({ path, memoryLimitMb: 256, threads: THREADS, checkpointMb: 64, clock })

async function expectAnswers(engine: DuckdbEngine): Promise<void> {
  for (const query of QUERIES)
    expect((await engine.query(query)).rows).toEqual(
      fold(
        query,
        EVENTS.map(({ event }) => event),
      ).rows,
    )
}

/** Gives the file the cells of an older build. */
async function change(statements: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  for (const statement of [...statements, `UPDATE settings SET value = 'of an older build' WHERE name = 'cells'`])
    await connection.run(statement)
  connection.closeSync()
  instance.closeSync()
}

/** Buckets of sketches in rows of their own, no cells of totals, and finer ones of keys and agents under other names. */
const OLDER: readonly string[] = [
  ...['duration_ms', 'ttfb_ms'].flatMap((quantity) => [
    `CREATE TABLE sketch_model_${quantity}_15m AS SELECT t, tenant_id, NULL::SMALLINT AS provider, NULL::SMALLINT AS request_model,
      NULL::INTEGER AS status_code, NULL::BOOLEAN AS success, unnest(i) AS i, unnest(n) AS n FROM sketches_total_${quantity}_15m`,
    ...['1h', '1d'].map(
      (level) =>
        `CREATE TABLE sketch_model_${quantity}_${level} AS SELECT * EXCLUDE (i, n), unnest(i) AS i, unnest(n) AS n FROM sketches_model_${quantity}_${level}`,
    ),
    ...['15m', '1h', '1d'].flatMap((level) => [
      `DROP TABLE sketches_total_${quantity}_${level}`,
      `DROP TABLE sketches_model_${quantity}_${level}`,
    ]),
  ]),
  ...['15m', '1h', '1d'].map((level) => `DROP TABLE cell_total_${level}`),
  'DROP TABLE cell_key_1d',
  'DROP TABLE cell_agent_1d',
  'ALTER TABLE cell_key_provider_1d RENAME TO cell_key_1d',
  'ALTER TABLE cell_agent_provider_1d RENAME TO cell_agent_1d',
]

test('cells of an older build are made again from the rows', async () => {
  let engine = await open()
  await engine.append(EVENTS)
  await engine.seal(ARBITRARY_TO_MS)
  await engine.close()
  await change(OLDER)
  engine = await open()
  expect(engine.meta.watermark_ms).toBe(0)
  await expectAnswers(engine)
  await engine.seal(ARBITRARY_TO_MS)
  await expectAnswers(engine)
  expect((await engine.audit()).differences).toEqual([])
  await engine.close()
})

test('where rows have expired, cells of an older build are merged into those of this one', async () => {
  let engine = await open()
  await engine.append(EVENTS)
  await engine.seal(ARBITRARY_TO_MS)
  await engine.prune({ eventsBeforeMs: ARBITRARY_FROM_MS + 4 * DAY })
  await engine.close()
  await change(OLDER)
  engine = await open()
  await expectAnswers(engine)
  expect((await engine.audit()).differences).toEqual([])
  await engine.close()
  engine = await open()
  expect((await engine.audit()).differences).toEqual([])
  await engine.close()
})

test('cells of before the first re-pricing say what was billed, also of what has expired, and move with the next one', async () => {
  const events = EVENTS.map(({ event, ordinal }) => ({ event, ordinal }))
  const query = parseQuery(
    {
      from: ARBITRARY_FROM_MS,
      to: ARBITRARY_TO_MS,
      measures: ['requests', 'cost_nano_usd', 'repriced_cost_nano_usd', 'repriced_cost_nano_usd_avg'],
      group_by: ['model'],
      interval: '1d',
    },
    { nowMs: ARBITRARY_TO_MS },
  )
  let engine = await open()
  await engine.append(EVENTS)
  await engine.seal(ARBITRARY_TO_MS)
  const cutMs = ARBITRARY_FROM_MS + 4 * DAY
  await engine.prune({ eventsBeforeMs: cutMs })
  await engine.close()
  await change([
    ...CELL_TABLES.filter(({ name }) => name.startsWith('cell_')).flatMap(({ name }) =>
      ['sum', 'count'].map((part) => `ALTER TABLE ${name} DROP COLUMN q_repriced_cost_nano_usd_${part}`),
    ),
    ...['repriced_up_nano_usd', 'repriced_down_nano_usd', 'repriced_price_id'].map(
      (column) => `ALTER TABLE events DROP COLUMN ${column}`,
    ),
  ])
  engine = await open()
  const before = fold(
    query,
    events.map(({ event }) => event),
  )
  expect((await engine.query(query)).rows).toEqual(before.rows)
  const changes = events.map(({ ordinal }) => ({ ordinal, differenceNanoUsd: ordinal, priceId: 'p' }))
  await engine.reprice([{ ordinal: 1_000, fromMs: ARBITRARY_FROM_MS, toMs: ARBITRARY_TO_MS, events: changes }])
  const after = events.map(({ event, ordinal }) =>
    event.timestampMs < cutMs ? event : repriced(event, { ordinal, differenceNanoUsd: ordinal, priceId: 'p' }),
  )
  expect((await engine.query(query)).rows).toEqual(fold(query, after).rows)
  expect((await engine.audit()).differences).toEqual([])
  await engine.close()
})
