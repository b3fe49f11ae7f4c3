import { join } from 'node:path'
import { describeStore } from '../testing/conformance.ts'
import { type DuckdbStore, openDuckdbStore } from './open.ts'

describeStore('duckdb', {
  open: (dir, clock) => openDuckdbStore({ path: join(dir, 'tallystick.duckdb'), clock, maintainEveryMs: 0 }),
  maintain: (store) => (store as DuckdbStore).maintain(),
  differences: async (store) => (await (store as DuckdbStore).audit()).differences,
})
