import type { DamageReason, JournalDamage } from './damage.ts'
import { type JournalFs, nodeFs } from './fs.ts'
import type { JournalPosition } from './position.ts'
import { type JournalRecord, RECORD_TYPES, type RecordType } from './record.ts'
import { walk } from './walk.ts'

export interface ReadJournalOptions {
  readonly dir: string
  readonly fs?: JournalFs
  /** Where to begin: the start of a record, such as `next` of an earlier batch. Default: the oldest record there is. */
  readonly from?: JournalPosition
  /** Ordinal of the last record before `from`, where it is known: damage just there can then tell which ordinals it cost. */
  readonly after?: number
  /** Where to end, such as the durable end that the writer told. Default: the end of what can be read now. */
  readonly to?: JournalPosition
  /** Most records in a batch, default 4096. */
  readonly batchRecords?: number
  /** Told of each part that is skipped, in order. */
  readonly onCorrupt?: (damage: JournalDamage) => void
}

export interface JournalBatch {
  /** At least one. */
  readonly records: readonly JournalRecord[]
  /** Where to read on; a cursor to save once the records are applied. */
  readonly next: JournalPosition
}

const DEFAULT_BATCH_RECORDS = 4096
const START: JournalPosition = { segment: 0, offset: 0 }

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
  const { dir, fs = nodeFs, from = START, after, to, batchRecords = DEFAULT_BATCH_RECORDS, onCorrupt } = options
  const onDamage = (damage: JournalDamage): void => onCorrupt?.(damage)
  let records: JournalRecord[] = []
  let ends: number[] = []
  const sink = (segment: number) => (buffer: Buffer, start: number, end: number, offset: number, ordinal: number) => {
    const read = parse(buffer, start, end)
    const bytes = end - start + 1
    if (typeof read === 'string') return onDamage({ reason: read, position: { segment, offset }, bytes, lines: 1 })
    records.push({ type: read['t'] as RecordType, ordinal, body: read, position: { segment, offset } })
    ends.push(offset + bytes)
  }
  for await (const reached of walk({ fs, dir, from, after, to, onDamage }, sink)) {
    let taken = 0
    // Records of one block share its segment, so a batch never spans two.
    while (taken < records.length) {
      const batch = taken === 0 && records.length <= batchRecords ? records : records.slice(taken, taken + batchRecords)
      taken += batch.length
      yield { records: batch, next: { segment: reached.segment, offset: ends[taken - 1] as number } }
    }
    if (taken > 0) {
      records = []
      ends = []
    }
  }
}

function parse(buffer: Buffer, start: number, end: number): Record<string, unknown> | DamageReason {
  try {
    const line = JSON.parse(buffer.toString('utf8', start, end)) as Record<string, unknown>
    return RECORD_TYPES.has(line['t'] as string) ? line : 'unknown_type'
  } catch {
    return 'not_json'
  }
}
