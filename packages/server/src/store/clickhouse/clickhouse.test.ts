import { afterAll, beforeAll } from 'vitest'
import { type ClickhouseEngine, startClickhouse } from '../../../../../test/engines/clickhouse/start.ts'
import { describeStore } from '../testing/conformance.ts'
import type { ClickhouseStore } from './clickhouse-store.ts'
import { openTestStore } from './testing/open-test-store.ts'

let engine: ClickhouseEngine
beforeAll(async () => {
  engine = await startClickhouse()
})
afterAll(() => engine.stop())

describeStore('clickhouse', {
  open: (dir, clock) => openTestStore(engine, dir, clock),
  maintain: (store) => (store as ClickhouseStore).maintain(),
  differences: async (store) => (await (store as ClickhouseStore).audit()).differences,
})
