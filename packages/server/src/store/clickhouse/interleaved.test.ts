import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ClickhouseEngine, startClickhouse } from '../../../../../test/engines/clickhouse/start.ts'
import { shareDatabase } from './testing/several-servers.ts'

let engine: ClickhouseEngine
beforeAll(async () => {
  engine = await startClickhouse()
}, 60_000)
afterAll(() => engine?.stop())

test('servers over one database give the figures of the set of events, whoever was given which of them and whoever seals', async () => {
  await shareDatabase(engine, { seed: 7, events: 90, steps: 6, queries: 3 })
  expect.hasAssertions()
}, 60_000)
