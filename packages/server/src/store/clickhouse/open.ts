import { type Clock, type Random, systemClock, systemRandom } from '@tallystick/core/event'
import type { ClickhouseAddress } from './address.ts'
import { ClickhouseStore } from './clickhouse-store.ts'
import { openConnection } from './connection.ts'
import { migrate, type SqlRunner } from './migrate.ts'
import { MIGRATIONS } from './migrations.ts'

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
  await bringUpToDate(address)
  const connection = await openConnection(address, address.database)
  return new ClickhouseStore(connection, { clock, random, journalId, maintainEveryMs })
}

/** Before any statement names the database: it may not be there yet. */
async function bringUpToDate(address: ClickhouseAddress): Promise<void> {
  const outside = await openConnection(address, 'default')
  const runner: SqlRunner = {
    command: (statement) => outside.run(statement),
    rows: (statement) => outside.objects(statement),
  }
  try {
    await migrate(runner, MIGRATIONS, { database: address.database })
  } finally {
    await outside.close()
  }
}

/** Removes what came from journals; opening the store makes it again. */
export async function resetClickhouseStore(address: ClickhouseAddress): Promise<void> {
  const outside = await openConnection(address, 'default')
  try {
    await outside.run(`DROP DATABASE IF EXISTS ${quoted(address.database)} SYNC`)
  } finally {
    await outside.close()
  }
}
