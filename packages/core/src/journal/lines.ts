import type { DamageReason, JournalDamage } from './damage.ts'
import { type JournalFs, nodeFs } from './fs.ts'
import type { JournalPosition } from './position.ts'
import { type JournalRecord, RECORD_TYPES, type RecordType } from './record.ts'
import { walk } from './walk.ts'

/** Which lines of a journal are read. */
export interface ReadLinesOptions {
  readonly dir: string
  readonly fs?: JournalFs
  /** Where to begin: the start of a record, such as `next` of an earlier block. Default: the oldest record there is. */
  readonly from?: JournalPosition
  /** Ordinal of the last record before `from`, where it is known: damage just there can then tell which ordinals it cost. */
  readonly after?: number
  /** Where to end, such as the durable end that the writer told. Default: the end of what can be read now. */
  readonly to?: JournalPosition
  /** Told of each part that is skipped: damaged bytes when they are met, a line that is no record when its turn comes. */
  readonly onCorrupt?: (damage: JournalDamage) => void
}

/** Lines of one segment that stand in one buffer, each checked against its checksum and none of them parsed. */
export interface JournalLines {
  readonly segment: number
  /** Belongs to whoever takes it: it is not written again. */
  readonly buffer: Buffer
  /** Which byte of the segment the buffer begins with. */
  readonly offset: number
  /** Line `i` is `[starts[i], ends[i])` of the buffer, its line feed excluded. At least one. */
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  readonly ordinals: readonly number[]
}

const START: JournalPosition = { segment: 0, offset: 0 }

/**
 * Reads the lines of a journal in order, as `readJournal` does its records, for a consumer that takes apart the bytes by
 * itself. Only {@link parseLine} says whether a line is a record at all.
 *
 * @throws TallystickError `journal_newer_format`
 */
export async function* readLines(options: ReadLinesOptions): AsyncGenerator<JournalLines> {
  const { dir, fs = nodeFs, from = START, after, to, onCorrupt } = options
  const onDamage = (damage: JournalDamage): void => onCorrupt?.(damage)
  let blocks: Block[] = []
  const sink = (segment: number) => (buffer: Buffer, start: number, end: number, offset: number, ordinal: number) => {
    let block = blocks.at(-1)
    if (block === undefined || block.buffer !== buffer) {
      block = { segment, buffer, offset: offset - start, starts: [], ends: [], ordinals: [] }
      blocks.push(block)
    }
    block.starts.push(start)
    block.ends.push(end)
    block.ordinals.push(ordinal)
  }
  for await (const _reached of walk({ fs, dir, from, after, to, onDamage }, sink)) {
    if (blocks.length === 0) continue
    const read = blocks
    blocks = []
    yield* read
  }
}

interface Block extends JournalLines {
  readonly starts: number[]
  readonly ends: number[]
  readonly ordinals: number[]
}

/** The record that stands on a line, or why it is none. */
export function parseLine(lines: JournalLines, index: number): JournalRecord | DamageReason {
  const start = lines.starts[index] as number
  let body: Record<string, unknown>
  try {
    body = JSON.parse(lines.buffer.toString('utf8', start, lines.ends[index])) as Record<string, unknown>
  } catch {
    return 'not_json'
  }
  const { t: type } = body
  if (!RECORD_TYPES.has(type as string)) return 'unknown_type'
  const ordinal = lines.ordinals[index] as number
  return { type: type as RecordType, ordinal, body, position: lineStart(lines, index) }
}

/** What to tell of a line that is no record. */
export function lineDamage(lines: JournalLines, index: number, reason: DamageReason): JournalDamage {
  const bytes = (lines.ends[index] as number) - (lines.starts[index] as number) + 1
  return { reason, position: lineStart(lines, index), bytes, lines: 1 }
}

/** Where line `index` begins. */
export function lineStart(lines: JournalLines, index: number): JournalPosition {
  return { segment: lines.segment, offset: lines.offset + (lines.starts[index] as number) }
}

/** Where the line behind line `index` begins. */
export function behindLine(lines: JournalLines, index: number): JournalPosition {
  return { segment: lines.segment, offset: lines.offset + (lines.ends[index] as number) + 1 }
}
