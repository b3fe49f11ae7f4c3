import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ClickhouseEngine, startClickhouse } from '../../../../../test/engines/clickhouse/start.ts'
import { shareDatabase } from './testing/several-servers.ts'

let engine: ClickhouseEngine
beforeAll(async () => {
  engine = await startClickhouse()
}, 60_000)
afterAll(() => engine?.stop())

test.each([1, 2, 3, 4, 5])(
  'servers over one database give the figures of the set of events: seed %i',
  async (seed) => {
    await shareDatabase(engine, { seed, events: 300, steps: 40, queries: 8 })
    expect.hasAssertions()
  },
  900_000,
)
