import {
  type JournalDamage,
  type JournalFs,
  type JournalPosition,
  lineDamage,
  parseLine,
  readLines,
} from '@tallystick/core/journal'
import { changesOf } from './record.ts'
import { listSnapshots, type ReadSnapshot, readSnapshot } from './snapshot-file.ts'
import { applyChanges, emptyTables, type TableMaps } from './table-maps.ts'

/** What the snapshots of a directory give. */
export interface FoundSnapshots {
  /** The newest that is whole. */
  readonly whole: ReadSnapshot | undefined
  /** Ordinals of those newer than that, which are not whole; all if none is. */
  readonly damaged: readonly number[]
  /** Of all that are there, the newest first. */
  readonly ordinals: readonly number[]
}

/** What log and snapshots together say. */
export interface ReadState {
  readonly tables: TableMaps
  /** The last write that is in the tables. */
  readonly ordinal: number
  /** Where the log goes on after the snapshot; undefined if nothing follows it. */
  readonly behindSnapshot: JournalPosition | undefined
}

/** @throws TallystickError `journal_newer_format`; the file system's error */
export async function findSnapshots(fs: JournalFs, dir: string): Promise<FoundSnapshots> {
  const ordinals = await listSnapshots(fs, dir)
  const damaged: number[] = []
  for (const ordinal of ordinals) {
    const whole = await readSnapshot(fs, dir, ordinal)
    if (whole !== undefined) return { whole, damaged, ordinals }
    damaged.push(ordinal)
  }
  return { whole: undefined, damaged, ordinals }
}

/**
 * Takes in what the log has after a snapshot.
 *
 * @param onDamage told of each part of the log that is skipped
 * @throws TallystickError `journal_newer_format`
 */
export async function replay(
  fs: JournalFs,
  dir: string,
  snapshot: ReadSnapshot | undefined,
  to: JournalPosition | undefined,
  onDamage: (damage: JournalDamage) => void,
): Promise<ReadState> {
  const { tables, ordinal: base } = snapshot ?? { tables: emptyTables(), ordinal: 0 }
  let last = base
  let behindSnapshot: JournalPosition | undefined
  const log = readLines({ fs, dir, onCorrupt: onDamage, ...(to === undefined ? {} : { to }) })
  for await (const lines of log) {
    for (const [index, ordinal] of lines.ordinals.entries()) {
      // Checked, and not taken apart: the snapshot has it.
      if (ordinal <= base) continue
      const record = parseLine(lines, index)
      if (typeof record === 'string') {
        onDamage(lineDamage(lines, index, record))
        continue
      }
      behindSnapshot ??= record.position
      applyChanges(tables, changesOf(record.body))
      last = ordinal
    }
  }
  return { tables, ordinal: last, behindSnapshot }
}
