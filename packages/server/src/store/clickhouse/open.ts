import { type Clock, type Random, systemClock, systemRandom } from '@tallystick/core/event'
import { quoted } from '../sql/columns.ts'
import type { ClickhouseAddress } from './address.ts'
import { ClickhouseStore } from './clickhouse-store.ts'
import { type Connection, openConnection } from './connection.ts'
import { TABLES } from './schema.ts'

export interface ClickhouseStoreOptions {
  readonly address: ClickhouseAddress
  readonly clock?: Clock
  readonly random?: Random
  /** The journal that events come from, where it is known before the store is told. */
  readonly journalId?: string
  readonly maintainEveryMs?: number
}

const MAINTAIN_EVERY_MS = 15_000

/**
 * Opens the store in a database of ClickHouse's, which is made with its tables where they are missing.
 *
 * @throws TallystickError `store_unavailable` when the engine cannot be reached or refuses
 */
export async function openClickhouseStore(options: ClickhouseStoreOptions): Promise<ClickhouseStore> {
  const {
    address,
    clock = systemClock,
    journalId,
    maintainEveryMs = MAINTAIN_EVERY_MS,
    random = systemRandom,
  } = options
  const connection = await openConnection(address, address.database)
  try {
    await makeTables(connection, address)
  } catch (error) {
    await connection.close()
    throw error
  }
  return new ClickhouseStore(connection, { clock, random, journalId, maintainEveryMs })
}

async function makeTables(connection: Connection, address: ClickhouseAddress): Promise<void> {
  const outside = await openConnection(address, 'default')
  try {
    const known = await outside.rows('SELECT name FROM system.databases WHERE name = {p1:String}', {
      values: [address.database],
    })
    if (known.length === 0) await outside.run(`CREATE DATABASE IF NOT EXISTS ${quoted(address.database)}`)
  } finally {
    await outside.close()
  }
  const tables = await connection.rows('SELECT name FROM system.tables WHERE database = currentDatabase()')
  const names = new Set(tables.map(([name]) => name))
  for (const statement of TABLES) {
    const name = /EXISTS "?(\w+)/.exec(statement)?.[1]
    if (!names.has(name)) await connection.run(statement)
  }
}
