import { join } from 'node:path'
import { TallystickError } from '@tallystick/core'
import { JsonBytes } from '@tallystick/core/event'
import { type JournalFs, putMetaLine, readMetaLines, replaceFile } from '@tallystick/core/journal'
import { assertTable } from './record.ts'
import { emptyTables, TABLE_NAMES, type TableMaps } from './table-maps.ts'

/** Version of the format that this code writes, and the newest that it reads. */
export const STATE_FORMAT = 1

const NAME = /^snapshot-(\d{16})\.jsonl$/
const UNFINISHED = /^snapshot-\d{16}\.jsonl\.tmp$/
const BLOCK_BYTES = 128 * 1024

/** Who writes a snapshot, and when. */
export interface SnapshotOrigin {
  /** The id of the log that it belongs to. */
  readonly journal: string
  readonly product: string
  readonly createdMs: number
}

/** A snapshot that is whole. */
export interface ReadSnapshot {
  readonly tables: TableMaps
  /** The last write that is in it. */
  readonly ordinal: number
  readonly journal: string
  readonly bytes: number
}

/** Every row as it is at one moment; rows are replaced and never changed, so no more than this has to be kept of them. */
export interface TableCopy {
  readonly rows: readonly {
    readonly table: string
    readonly ids: readonly string[]
    readonly rows: readonly object[]
  }[]
  readonly count: number
}

export function copyOf(tables: TableMaps): TableCopy {
  const rows = TABLE_NAMES.map((table) => ({
    table,
    ids: [...tables[table].keys()],
    rows: [...tables[table].values()],
  }))
  return { rows, count: rows.reduce((sum, { ids }) => sum + ids.length, 0) }
}

/** `snapshot-0000000000000042.jsonl`: what the writes up to 42 made. */
export function snapshotName(ordinal: number): string {
  return `snapshot-${String(ordinal).padStart(16, '0')}.jsonl`
}

/** The last write in the snapshot of this name; undefined for any other name. */
export function snapshotOrdinal(name: string): number | undefined {
  const match = NAME.exec(name)
  return match === null ? undefined : Number(match[1])
}

/** Is this a snapshot that was still being written when the process ended? */
export function isUnfinishedSnapshot(name: string): boolean {
  return UNFINISHED.test(name)
}

/** Ordinals of the snapshots in a directory, the newest first. */
export async function listSnapshots(fs: JournalFs, dir: string): Promise<readonly number[]> {
  const ordinals = (await fs.list(dir)).map(snapshotOrdinal)
  return ordinals.filter((ordinal) => ordinal !== undefined).sort((a, b) => b - a)
}

/**
 * Writes one, durably and as a whole. Gives its bytes.
 *
 * @throws the file system's error
 */
export function writeSnapshot(
  fs: JournalFs,
  dir: string,
  ordinal: number,
  copy: TableCopy,
  origin: SnapshotOrigin,
): Promise<number> {
  return replaceFile(fs, join(dir, snapshotName(ordinal)), blocks(ordinal, copy, origin))
}

/** A block at a time, so that whoever else wants the thread gets it in between. */
function* blocks(ordinal: number, { rows: tables, count }: TableCopy, origin: SnapshotOrigin): Generator<Uint8Array> {
  const { journal, product, createdMs } = origin
  const head = JSON.stringify({ v: STATE_FORMAT, rows: count, created: createdMs, product, journal })
  const lines = new JsonBytes(2 * BLOCK_BYTES)
  putMetaLine(lines, ordinal, head.slice(1, -1))
  for (const { table, ids, rows } of tables) {
    for (const [index, id] of ids.entries()) {
      const text = JSON.stringify({ table, id, row: rows[index] })
      putMetaLine(lines, ordinal, text.slice(1, -1))
      if (lines.length < BLOCK_BYTES) continue
      yield lines.bytes.subarray(0, lines.length)
      lines.length = 0
    }
  }
  if (lines.length > 0) yield lines.bytes.subarray(0, lines.length)
}

/**
 * Reads one; undefined if it is not whole: a line damaged, missing or too many.
 *
 * @throws TallystickError `journal_newer_format`; the file system's error
 */
export async function readSnapshot(fs: JournalFs, dir: string, ordinal: number): Promise<ReadSnapshot | undefined> {
  const tables = emptyTables()
  let head: Readonly<Record<string, unknown>> | undefined
  let rows = 0
  const { bytes, damagedLines } = await readMetaLines(fs, join(dir, snapshotName(ordinal)), (line) => {
    if (line['v'] !== undefined) {
      assertReadable(line)
      head ??= line
      return
    }
    const { table, id, row } = line as { readonly table: keyof TableMaps; readonly id: string; readonly row: object }
    assertTable(table)
    const map = tables[table] as Map<string, object>
    map.set(id, row)
    rows++
  })
  if (head === undefined || damagedLines > 0 || head['rows'] !== rows || head['n'] !== ordinal) return undefined
  return { tables, ordinal, journal: String(head['journal']), bytes }
}

/** @throws TallystickError `journal_newer_format` */
function assertReadable({ v: version, product }: Readonly<Record<string, unknown>>): void {
  if (version === STATE_FORMAT) return
  throw new TallystickError(
    'journal_newer_format',
    `The control state has format ${version}, written by version ${product}; this version reads up to ${STATE_FORMAT}.`,
  )
}
