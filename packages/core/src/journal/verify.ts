import type { JournalDamage } from './damage.ts'
import { type JournalFs, nodeFs } from './fs.ts'
import { comparePositions, type JournalPosition } from './position.ts'
import { walk } from './walk.ts'

/** Which journal is verified. */
export interface VerifyJournalOptions {
  readonly dir: string
  readonly fs?: JournalFs
  readonly from?: JournalPosition
  /** Ordinal of the last record before `from`, where it is known. */
  readonly after?: number
  readonly to?: JournalPosition
}

/** What {@link verifyJournal} found. */
export interface JournalVerification {
  /** Sound records. */
  readonly records: number
  /** Uncompressed bytes of sound records. */
  readonly bytes: number
  readonly segments: number
  /** Of the first and last sound record; 0 if there is none. */
  readonly firstOrdinal: number
  readonly lastOrdinal: number
  readonly damage: readonly JournalDamage[]
}

/** More findings than this are not listed: whoever reads them needs a backup, not a longer list. */
const MAX_LISTED = 1000

/**
 * Checks every line's checksum and the order of the ordinals without parsing the records: several times as fast as reading.
 *
 * @throws TallystickError `journal_newer_format`
 */
export async function verifyJournal(options: VerifyJournalOptions): Promise<JournalVerification> {
  const { dir, fs = nodeFs, from = { segment: 0, offset: 0 }, after, to } = options
  const damage: JournalDamage[] = []
  const segments = new Set<number>()
  let records = 0
  let bytes = 0
  let firstOrdinal = 0
  let lastOrdinal = 0
  const onDamage = (found: JournalDamage): void => {
    if (damage.length < MAX_LISTED) damage.push(found)
  }
  const sink = () => (_buffer: Buffer, start: number, end: number, _offset: number, ordinal: number) => {
    if (records++ === 0) firstOrdinal = ordinal
    bytes += end - start + 1
    lastOrdinal = ordinal
  }
  let reached = from
  for await (const position of walk({ fs, dir, from, after, to, onDamage }, sink)) {
    if (comparePositions(position, reached) > 0) segments.add(position.segment)
    reached = position
  }
  return { records, bytes, segments: segments.size, firstOrdinal, lastOrdinal, damage }
}
