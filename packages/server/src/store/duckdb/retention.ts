import type { DuckDBConnection } from '@duckdb/node-api'
import { type GroupBy, groupByOf } from '@tallystick/core/query'
import { DAY_MS } from '../sql/cellsets.ts'
import type { PruneRequest } from '../store.ts'
import { CELL_TABLES } from './cell-columns.ts'
import { readRows } from './chunk-reader.ts'
import type { Dictionary } from './dictionary.ts'
import { filtersSql, Parameters } from './expressions.ts'
import { updateSealed } from './meta.ts'
import { type Meta, quoted, type Sealed } from './schema.ts'
import { floorToQuarter, keepExpired } from './seal.ts'

const KIND = groupByOf('kind') as GroupBy

/** What has expired for good, as conditions. */
export interface Expiry {
  readonly eventsMs: number
  readonly cellsMs: number
  /** The latest instant before which rows of some kind go. */
  readonly kindsMs: number
  /** The rows that go. */
  readonly where: string
  readonly rows: number
}

/**
 * What a request comes to: rows down to a quarter-hour, cells down to a UTC day, no further than the last sealed day, so
 * that totals stay what they were; cells never without their rows. Undefined when there is nothing to do.
 */
export async function expiryOf(
  connection: DuckDBConnection,
  meta: Meta,
  dictionary: Dictionary,
  { cellsBeforeMs = 0, eventsBeforeMs = 0, kindsBeforeMs = new Map() }: PruneRequest,
): Promise<Expiry | undefined> {
  const sealedDayMs = floorDay(meta.watermark_ms)
  const cellsMs = Math.min(floorDay(cellsBeforeMs), sealedDayMs)
  const eventsMs = Math.max(cellsMs, Math.min(floorToQuarter(eventsBeforeMs), sealedDayMs))
  // A row that has come in since the last sealing is in no cell yet and waits for the next time.
  const due = [`timestamp_ms < ${eventsMs}`]
  let kindsMs = 0
  for (const [kind, beforeMs] of kindsBeforeMs) {
    const kindMs = Math.min(floorToQuarter(beforeMs), sealedDayMs)
    if (kindMs <= eventsMs) continue
    // A kind is one of a few names, all of which have a code: nothing is bound.
    const isKind = filtersSql([{ by: KIND, values: [kind], negate: false }], dictionary, new Parameters())
    due.push(`(timestamp_ms < ${kindMs} AND ${isKind})`)
    kindsMs = Math.max(kindsMs, kindMs)
  }
  const where = `(${due.join(' OR ')}) AND ordinal <= ${meta.sealed_ordinal}`
  const rows = await countRows(connection, where)
  const idle = rows === 0 && cellsMs <= meta.cells_from_ms && eventsMs <= meta.raw_from_ms
  return idle ? undefined : { eventsMs, cellsMs, kindsMs, where, rows }
}

/** Drops what has expired and keeps what cells need of it, inside the caller's transaction; returns the state it makes. */
export async function expire(
  connection: DuckDBConnection,
  meta: Meta,
  dictionary: Dictionary,
  { cellsMs, eventsMs, kindsMs, rows, where }: Expiry,
): Promise<Partial<Sealed>> {
  await keepExpired(connection, dictionary, where)
  await connection.run(`DELETE FROM events WHERE ${where}`)
  if (cellsMs > 0)
    for (const { name } of CELL_TABLES) await connection.run(`DELETE FROM ${quoted(name)} WHERE t < ${cellsMs}`)
  const sealed = {
    raw_from_ms: Math.max(meta.raw_from_ms, eventsMs),
    cells_from_ms: Math.max(meta.cells_from_ms, cellsMs),
    expired_events: meta.expired_events + rows,
    kinds_from_ms: Math.max(meta.kinds_from_ms, kindsMs),
  }
  await updateSealed(connection, sealed)
  return sealed
}

/**
 * Removes rows, cells and names inside the caller's transaction; returns the state it makes.
 *
 * @param ordinal up to which everything is gone
 */
export async function clearTables(connection: DuckDBConnection, meta: Meta, ordinal: number): Promise<Sealed> {
  const rows = await countRows(connection, 'true')
  for (const table of ['events', 'dictionary', 'late_days', ...CELL_TABLES.map(({ name }) => name)])
    await connection.run(`DELETE FROM ${quoted(table)}`)
  const sealed = {
    watermark_ms: 0,
    sealed_ordinal: ordinal,
    late_sealed: meta.late_total,
    raw_from_ms: 0,
    cells_from_ms: 0,
    expired_events: 0,
    cleared_events: meta.cleared_events + meta.expired_events + rows,
    kinds_from_ms: 0,
  }
  await updateSealed(connection, sealed)
  return sealed
}

async function countRows(connection: DuckDBConnection, where: string): Promise<number> {
  const [row] = await readRows(connection, `SELECT count(*) FROM events WHERE ${where}`)
  return row?.[0] as number
}

const floorDay = (instantMs: number): number => Math.floor(instantMs / DAY_MS) * DAY_MS
