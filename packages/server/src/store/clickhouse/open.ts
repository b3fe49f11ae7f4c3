import { isTallystickError } from '@tallystick/core'
import { type Clock, type Random, systemClock, systemRandom } from '@tallystick/core/event'
import type { ClickhouseAddress } from './address.ts'
import { ClickhouseStore } from './clickhouse-store.ts'
import { openConnection } from './connection.ts'
import { name } from './ddl.ts'
import { migrate } from './migrate.ts'
import { MIGRATIONS } from './migrations.ts'
import { prepared } from './prepared.ts'

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
 * @throws TallystickError `store_newer_schema` when a newer version has changed the tables; an engine that is away is waited for
 */
export async function openClickhouseStore(options: ClickhouseStoreOptions): Promise<ClickhouseStore> {
  const {
    address,
    clock = systemClock,
    journalId,
    maintainEveryMs = MAINTAIN_EVERY_MS,
    random = systemRandom,
  } = options
  const connection = prepared(await openConnection(address, address.database), () => bringUpToDate(address))
  try {
    await connection.ready()
  } catch (error) {
    // An engine that is away is waited for: events are taken meanwhile.
    if (!isTallystickError(error) || error.code !== 'store_unavailable') {
      await connection.close()
      throw error
    }
  }
  return new ClickhouseStore(connection, { clock, random, journalId, maintainEveryMs })
}

/** Before any statement names the database: it may not be there yet. */
async function bringUpToDate(address: ClickhouseAddress): Promise<void> {
  const outside = await openConnection(address, 'default')
  try {
    await migrate(outside, MIGRATIONS, { database: address.database })
  } finally {
    await outside.close()
  }
}

/** Removes what came from journals; opening the store makes it again. */
export async function resetClickhouseStore(address: ClickhouseAddress): Promise<void> {
  const outside = await openConnection(address, 'default')
  try {
    await outside.run(`DROP DATABASE IF EXISTS ${name(address.database)} SYNC`)
  } finally {
    await outside.close()
  }
}
