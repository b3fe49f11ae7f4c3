import type { DuckDBConnection } from '@duckdb/node-api'
import type { JournalEnd } from '@tallystick/core/journal'
import { CHUNK_ROWS } from './chunk-columns.ts'
import { updateApplied } from './meta.ts'
import type { RowAppender } from './row-appender.ts'
import type { Rows } from './rows.ts'
import type { Applied } from './schema.ts'

/** Rows the engine stores together. */
const ROW_GROUP = 122_880
/** Rows committed together while others are sealed: a whole row group and what sealing needs do not fit in memory together. */
const ROWS_BESIDE_SEALING = 16_384
/** Rows written into chunks in one go. */
const SLICE_ROWS = 8 * CHUNK_ROWS
/** Chunks, a megabyte each, written ahead while the engine commits what came before. */
const CHUNKS_AHEAD = 32

/** What the rows' half of the state is, and what becomes of it. */
export interface IntakeState {
  /** As of the last commit. */
  applied(): Applied
  /** A transaction begins; what it returns throws if its rows are not to be committed. */
  begun(): () => void
  /** Rows before this instant are late. */
  lateBeforeMs(): number
  /** Are rows being sealed at this moment? */
  isSealing(): boolean
  committed(applied: Applied): void
}

/** Rows that have been taken in and are yet to be committed, and the state they make. */
interface OpenBatch {
  applied: Applied
  rows: number
  /** Has its transaction begun? Not while that of the batch before it is still being committed. */
  begun: boolean
  /** Throws if the rows are not to be committed. */
  sound: () => void
}

/**
 * Takes rows in and commits them with the state they make, so many together that whole row groups go straight to the file;
 * the next ones are written into chunks while the engine is at it. One call at a time. A call that fails has undone whatever
 * was not committed, that of calls before it too.
 */
export class RowIntake {
  readonly #writer: DuckDBConnection
  readonly #rows: RowAppender
  readonly #state: IntakeState
  #open: OpenBatch | undefined
  /** A commit under way, and the state it makes. The next call learns how it ended. */
  #committing: { readonly applied: Applied; readonly done: Promise<void> } | undefined

  constructor(writer: DuckDBConnection, rows: RowAppender, state: IntakeState) {
    this.#writer = writer
    this.#rows = rows
    this.#state = state
  }

  /** As {@link DuckdbEngine.appendRows}. */
  async append(rows: Rows, next: JournalEnd | undefined, more: boolean): Promise<void> {
    let from = firstBehind(rows, this.#latest().applied_ordinal)
    if (from === rows.length && !next) return
    await this.#undoing(async () => {
      // Whole row groups to the row: the next checkpoint would write anew all that stand beside fragments of one. The
      // place in the journal stays behind, and what is read from there again is skipped.
      for (let room = this.#room(); rows.length - from > room; room = this.#room()) {
        await this.#take(rows, from, from + room)
        await this.#beginCommit()
        from += room
      }
      const open = await this.#take(rows, from, rows.length)
      if (next) open.applied = { ...open.applied, ...placeOf(next, open.applied) }
      if (!more || open.rows >= this.#most()) await this.#beginCommit()
      if (!more) await this.#committed()
    })
  }

  /** Commits what has been taken in. */
  async commit(): Promise<void> {
    await this.#undoing(async () => {
      await this.#beginCommit()
      await this.#committed()
    })
  }

  async #undoing(task: () => Promise<void>): Promise<void> {
    try {
      await task()
    } catch (error) {
      await this.#committed().catch(() => undefined)
      this.#rows.abandon()
      this.#open = undefined
      await this.#writer.run('ROLLBACK').catch(() => undefined)
      throw error
    }
  }

  /** Rows that are committed together at the most. */
  #most(): number {
    return this.#state.isSealing() ? ROWS_BESIDE_SEALING : ROW_GROUP
  }

  /** How many rows the open batch takes until it is committed. */
  #room(): number {
    return Math.max(0, this.#most() - (this.#open?.rows ?? 0))
  }

  /** The state as it will be once everything taken in has been committed. */
  #latest(): Applied {
    return this.#open?.applied ?? this.#committing?.applied ?? this.#state.applied()
  }

  /** Takes in `rows[from, to)`. */
  async #take(rows: Rows, from: number, to: number): Promise<OpenBatch> {
    this.#open ??= { applied: this.#latest(), rows: 0, begun: false, sound: () => undefined }
    const open = this.#open
    for (let at = from; at < to; at += SLICE_ROWS) {
      const end = Math.min(to, at + SLICE_ROWS)
      const written = this.#rows.write(rows, at, end, this.#state.lateBeforeMs())
      open.rows += written.rows
      open.applied = {
        ...open.applied,
        applied_ordinal: rows.ordinal(end - 1),
        received_ms: written.receivedMs ?? open.applied.received_ms,
        late_total: open.applied.late_total + written.late,
      }
      if (this.#committing === undefined || this.#rows.waiting >= CHUNKS_AHEAD) await this.#handOver(open)
    }
    return open
  }

  /** Brings what has been written into the batch's own transaction. */
  async #handOver(open: OpenBatch): Promise<void> {
    await this.#committed()
    if (!open.begun) await this.#writer.run('BEGIN')
    if (!open.begun) open.sound = this.#state.begun()
    open.begun = true
    await this.#rows.append()
  }

  /** Begins to commit the open batch; rows of the next may be taken in meanwhile. */
  async #beginCommit(): Promise<void> {
    const open = this.#open
    if (!open) return
    await this.#handOver(open)
    this.#open = undefined
    const done = this.#commitBatch(open)
    // Told to whoever comes next.
    done.catch(() => undefined)
    this.#committing = { applied: open.applied, done }
  }

  async #commitBatch({ applied, sound }: OpenBatch): Promise<void> {
    await this.#rows.flush()
    await updateApplied(this.#writer, applied)
    sound()
    await this.#writer.run('COMMIT')
    this.#rows.committed()
    this.#state.committed(applied)
  }

  /** Waits for the commit under way, if any. */
  async #committed(): Promise<void> {
    const committing = this.#committing
    if (committing === undefined) return
    try {
      await committing.done
    } finally {
      this.#committing = undefined
    }
  }
}

/** State that says: the journal is applied up to here. Records that are not events count too. */
export function placeOf({ position, ordinal }: JournalEnd, applied: Applied): Partial<Applied> {
  return {
    segment: position.segment,
    byte_offset: position.offset,
    applied_ordinal: Math.max(ordinal, applied.applied_ordinal),
  }
}

/** The first of the rows that comes behind an ordinal. */
function firstBehind(rows: Rows, ordinal: number): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (rows.ordinal(middle) > ordinal) high = middle
    else low = middle + 1
  }
  return low
}
