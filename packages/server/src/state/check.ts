import { type JournalFs, type JournalPosition, verifyJournal } from '@tallystick/core/journal'
import { findSnapshots, replay } from './read-state.ts'
import type { TableMaps } from './table-maps.ts'

/** What the files of a control state hold. */
export interface StateFiles {
  readonly tables: TableMaps
  readonly rows: number
  /** Sound lines of the log; those that a snapshot has as well are among them. */
  readonly logRecords: number
  readonly damagedLines: number
  readonly snapshots: number
  readonly damagedSnapshots: number
  /** The last write in them. */
  readonly lastOrdinal: number
  /** False if neither a snapshot nor the beginning of the log is there to go on from. */
  readonly continues: boolean
}

/**
 * Reads log and snapshots of a directory, also beside the server that writes them.
 *
 * @throws TallystickError `journal_newer_format`; the file system's error
 */
export async function readStateFiles(fs: JournalFs, dir: string, to?: JournalPosition): Promise<StateFiles> {
  const { whole, damaged, ordinals } = await findSnapshots(fs, dir)
  const log = await verifyJournal({ fs, dir, ...(to === undefined ? {} : { to }) })
  const read = await replay(fs, dir, whole, to, () => {})
  const base = whole?.ordinal ?? 0
  return {
    tables: read.tables,
    rows: Object.values(read.tables).reduce((sum, { size }) => sum + size, 0),
    logRecords: log.records,
    damagedLines: log.damage.reduce((sum, { lines }) => sum + lines, 0),
    snapshots: ordinals.length,
    damagedSnapshots: damaged.length,
    lastOrdinal: Math.max(read.ordinal, log.lastOrdinal),
    continues:
      log.records === 0
        ? whole !== undefined || damaged.length === 0
        : log.damage.length > 0 || log.firstOrdinal <= base + 1,
  }
}
