import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '@tallystick/core/event'
import type { ClickhouseEngine } from '../../../../../../test/engines/clickhouse/start.ts'
import { type ClickhouseAddress, readAddress } from '../address.ts'
import type { ClickhouseStore } from '../clickhouse-store.ts'
import { openClickhouseStore } from '../open.ts'

/** The address of a database in the engine. */
export function addressOf(engine: ClickhouseEngine, database: string): ClickhouseAddress {
  const url = engine.storeUrl(database)
  return readAddress(url.slice(url.indexOf(':') + 1), url.startsWith('clickhouses:')) as ClickhouseAddress
}

/** A store as if its files lay in `dir`: opened again it is the same one, and without the directory it begins anew. */
export async function openTestStore(engine: ClickhouseEngine, dir: string, clock: Clock): Promise<ClickhouseStore> {
  const database = `test_${createHash('sha256').update(dir).digest('hex').slice(0, 16)}`
  const mark = join(dir, 'clickhouse')
  if (!existsSync(mark)) {
    await engine.run(`DROP DATABASE IF EXISTS ${database} SYNC`)
    mkdirSync(dir, { recursive: true })
    writeFileSync(mark, '')
  }
  return openClickhouseStore({ address: addressOf(engine, database), clock, maintainEveryMs: 0 })
}
