import { behindLine, lineDamage, parseLine, type ReadLinesOptions, readLines } from './lines.ts'
import type { JournalPosition } from './position.ts'
import type { JournalRecord } from './record.ts'

/** From where on a journal is read, and in what portions. */
export interface ReadJournalOptions extends ReadLinesOptions {
  /** Most records in a batch, default 4096. */
  readonly batchRecords?: number
}

/** Records in their order, and where to go on. */
export interface JournalBatch {
  /** At least one. */
  readonly records: readonly JournalRecord[]
  /** Where to read on; a cursor to save once the records are applied. */
  readonly next: JournalPosition
}

const DEFAULT_BATCH_RECORDS = 4096

/**
 * Reads the records of a journal in order, each checked against its checksum. Works beside the writer, in any thread or
 * process, whether a segment is plain or compressed. Damage is skipped and told, never thrown; a directory without segments
 * gives nothing. Without `to`, records that are written but not durable yet may be among the last ones.
 *
 * @throws TallystickError `journal_newer_format`
 * @example
 * for await (const { records, next } of readJournal({ dir: 'data/journal', from: cursor })) {
 *   await apply(records)
 *   await journal.saveCursor('report', next, records.at(-1).ordinal)
 * }
 */
export async function* readJournal(options: ReadJournalOptions): AsyncGenerator<JournalBatch> {
  const { batchRecords = DEFAULT_BATCH_RECORDS, onCorrupt } = options
  // Lines of one block share its segment, so a batch never spans two.
  for await (const lines of readLines(options)) {
    let records: JournalRecord[] = []
    for (let index = 0; index < lines.starts.length; index++) {
      const read = parseLine(lines, index)
      if (typeof read === 'string') onCorrupt?.(lineDamage(lines, index, read))
      else records.push(read)
      if (records.length < batchRecords) continue
      yield { records, next: behindLine(lines, index) }
      records = []
    }
    if (records.length > 0) yield { records, next: behindLine(lines, lines.starts.length - 1) }
  }
}
