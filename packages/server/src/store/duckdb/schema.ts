import type { FieldName } from '@tallystick/core/event'
import { COLUMNS, quoted, type Storage } from '../sql/columns.ts'

export { COLUMN_OF, COLUMNS, type Column, quoted, type Storage } from '../sql/columns.ts'

export const CODED_FIELDS: readonly FieldName[] = COLUMNS.filter(({ storage }) => storage === 'code').map(
  ({ field }) => field,
)

/** What a row has beside the event: its place in the journal's order, and strings that found no room in the dictionary. */
export const ORDINAL = 'ordinal'
export const RECEIVED_MS = 'received_ms'
export const EVENT_ID_TEXT = 'event_id_text'
export const OVERFLOW = 'overflow'
export const REST = 'rest'

export type SqlType = 'BIGINT' | 'BOOLEAN' | 'INTEGER' | 'SMALLINT' | 'UUID' | 'VARCHAR'

export const SQL_TYPE: { readonly [K in Exclude<Storage, 'rest'>]: SqlType } = {
  code: 'SMALLINT',
  integer: 'BIGINT',
  small: 'INTEGER',
  boolean: 'BOOLEAN',
  text: 'VARCHAR',
  json: 'VARCHAR',
  id: 'UUID',
}

/** The physical columns of table `events`, in order. */
export const EVENT_TABLE: readonly { readonly name: string; readonly type: SqlType }[] = [
  { name: ORDINAL, type: 'BIGINT' },
  { name: RECEIVED_MS, type: 'BIGINT' },
  ...COLUMNS.flatMap(({ name, storage }) => (storage === 'rest' ? [] : [{ name, type: SQL_TYPE[storage] }])),
  { name: EVENT_ID_TEXT, type: 'VARCHAR' },
  { name: OVERFLOW, type: 'VARCHAR' },
  { name: REST, type: 'VARCHAR' },
]

/** The statement that makes a table, its columns given as name and type. */
export function createTable(
  name: string,
  columns: readonly { readonly name: string; readonly type: string }[],
): string {
  return `CREATE TABLE IF NOT EXISTS ${quoted(name)} (${columns.map((column) => `${quoted(column.name)} ${column.type}`).join(', ')})`
}

/**
 * State that changes with the rows: one row.
 *
 * - `applied_ordinal`, `segment`, `byte_offset`: how far the journal has been applied.
 * - `received_ms`: when the newest applied event was received.
 * - `late_total`: how many rows ever came before the watermark, or before where a sealing under way was to move it.
 */
export const APPLIED_COLUMNS = ['applied_ordinal', 'segment', 'byte_offset', 'received_ms', 'late_total'] as const

/**
 * State that changes with the cells: one row, in a table of its own so that appending and sealing never write the same one.
 *
 * - `watermark_ms`, `sealed_ordinal`: cells hold exactly the rows before the one with an ordinal up to the other.
 * - `late_sealed`: `late_total` as of that ordinal; see {@link lateEvents}.
 * - `raw_from_ms`: raw rows before this instant have expired. `cells_from_ms`: so have cells.
 * - `expired_events`: how many rows have expired since the last clear; cells still count them. `cleared_events`: how many
 *   rows, expired ones included, clears have removed.
 * - `kinds_from_ms`: before this instant rows of some kind may have expired, though others of their time are still there.
 */
export const SEALED_COLUMNS = [
  'watermark_ms',
  'sealed_ordinal',
  'late_sealed',
  'raw_from_ms',
  'cells_from_ms',
  'expired_events',
  'cleared_events',
  'kinds_from_ms',
] as const

export type Applied = { readonly [K in (typeof APPLIED_COLUMNS)[number]]: number }
export type Sealed = { readonly [K in (typeof SEALED_COLUMNS)[number]]: number }
export type Meta = Applied & Sealed

/** Before this instant rows may be missing that cells still count. */
export function wholeFromMs({ raw_from_ms: rawFromMs, kinds_from_ms: kindsFromMs }: Meta): number {
  return Math.max(rawFromMs, kindsFromMs)
}

/**
 * Rows before the watermark that no cell holds yet; queries read them beside the cells until they are sealed. Never too few.
 * Too many after a crash in the middle of sealing, until the next one.
 */
export function lateEvents({ late_total: total, late_sealed: sealed }: Meta): number {
  return total - sealed
}

export const BASE_TABLES: readonly string[] = [
  createTable('events', EVENT_TABLE),
  createTable('dictionary', [
    { name: 'field', type: 'VARCHAR' },
    { name: 'code', type: 'SMALLINT' },
    { name: 'value', type: 'VARCHAR' },
  ]),
  createTable(
    'applied',
    APPLIED_COLUMNS.map((name) => ({ name, type: 'BIGINT' })),
  ),
  createTable(
    'sealed',
    SEALED_COLUMNS.map((name) => ({ name, type: 'BIGINT' })),
  ),
  createTable('settings', [
    { name: 'name', type: 'VARCHAR' },
    { name: 'value', type: 'VARCHAR' },
  ]),
  createTable('late_days', [
    { name: 'day_ms', type: 'BIGINT' },
    { name: 'events', type: 'BIGINT' },
  ]),
]
