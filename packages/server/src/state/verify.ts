import { nodeFs } from '@tallystick/core/journal'
import { readStateFiles } from './check.ts'
import type { DurableState } from './open.ts'
import { TABLE_NAMES, type TableMaps } from './table-maps.ts'

/** What {@link verifyState} found; wire names, since it goes into an HTTP answer as it is. */
export interface StateVerification {
  readonly files: {
    readonly rows: number
    readonly log_records: number
    readonly damaged_lines: number
    readonly snapshots: number
    readonly damaged_snapshots: number
  }
  /** One sentence for each thing that does not agree. */
  readonly differences: readonly string[]
}

/** Reading on after a write converges unless writes come faster than they are read. */
const ATTEMPTS = 5

/**
 * Checks the files of the control state line by line, and what they say against the rows that the server works with. Works
 * while rows are written.
 *
 * @throws TallystickError `journal_newer_format`; the file system's error
 */
export async function verifyState(dir: string, state: DurableState): Promise<StateVerification> {
  for (let attempt = 1; ; attempt++) {
    const before = state.end()
    const files = await readStateFiles(nodeFs, dir, before.position)
    const differing = differingTables(files.tables, state)
    // What shows and is not durable yet, or became so while the files were read, is no difference.
    const still = differing.length === 0 || (await state.write([]).then(() => state.end().ordinal === before.ordinal))
    if (!still && attempt < ATTEMPTS) continue
    const differences: string[] = []
    if (still)
      for (const table of differing) differences.push(`The rows of ${table} are not those of the files in ${dir}.`)
    if (files.damagedLines > 0)
      differences.push(`${files.damagedLines} lines of the log of the control state are damaged or missing.`)
    if (files.damagedSnapshots > 0) differences.push(`Snapshots of the control state in ${dir} are damaged.`)
    return {
      files: {
        rows: files.rows,
        log_records: files.logRecords,
        damaged_lines: files.damagedLines,
        snapshots: files.snapshots,
        damaged_snapshots: files.damagedSnapshots,
      },
      differences,
    }
  }
}

function differingTables(files: TableMaps, state: DurableState): readonly string[] {
  return TABLE_NAMES.filter((table) => {
    const rows: ReadonlyMap<string, unknown> = state.rows(table)
    if (files[table].size !== rows.size) return true
    for (const [id, row] of files[table]) if (JSON.stringify(row) !== JSON.stringify(rows.get(id))) return true
    return false
  })
}
