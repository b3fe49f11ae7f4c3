import type { DuckDBAppender, DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import { FIELDS, type FieldName } from '@tallystick/core/event'
import { eventColumns } from './align-events.ts'
import { CHUNK_ROWS } from './chunk-columns.ts'
import { readRows } from './chunk-reader.ts'
import { ChunkWriter, type Written } from './chunk-writer.ts'
import { Dictionary, type DictionaryLimits } from './dictionary.ts'
import type { Rows } from './rows.ts'
import { CODED_FIELDS } from './schema.ts'

export type WrittenRows = Omit<Written, 'chunk'>

/** Puts events and the names that are new with them into their tables, inside transactions that its caller begins and ends. */
export class RowAppender {
  readonly #connection: DuckDBConnection
  readonly #limits: DictionaryLimits | undefined
  readonly #order: readonly string[]
  #dictionary: Dictionary
  #chunks: ChunkWriter
  #appender: DuckDBAppender | undefined
  #waiting: DuckDBDataChunk[] = []
  /** Names that are in the transaction: more may come while it is committed. */
  #saving = 0

  private constructor(connection: DuckDBConnection, limits: DictionaryLimits | undefined, order: readonly string[]) {
    this.#connection = connection
    this.#limits = limits
    this.#order = order
    this.#dictionary = new Dictionary(limits)
    this.#chunks = new ChunkWriter(this.#dictionary, this.#order)
  }

  static async open(connection: DuckDBConnection, limits: DictionaryLimits | undefined): Promise<RowAppender> {
    const columns = await eventColumns(connection)
    const names = columns.map(({ name }) => name)
    const rows = new RowAppender(connection, limits, names)
    const entries = await readRows(connection, 'SELECT field, code, value FROM dictionary')
    for (const [field, code, value] of entries as [FieldName, number, string][])
      rows.#dictionary.load({ field, code, value })
    seedCodes(rows.#dictionary)
    return rows
  }

  /** A reader that began before {@link forget} decodes with the dictionary it took then. */
  get dictionary(): Dictionary {
    return this.#dictionary
  }

  /** Chunks that have been written and not yet handed to the engine. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Writes `rows[from, to)` into chunks. No transaction need be open. */
  write(rows: Rows, from: number, to: number, lateBeforeMs: number): WrittenRows {
    const all: { -readonly [K in keyof WrittenRows]: WrittenRows[K] } = { rows: 0, late: 0, receivedMs: undefined }
    for (let at = from; at < to; at += CHUNK_ROWS) {
      const written = this.#chunks.write(rows, at, Math.min(to, at + CHUNK_ROWS), lateBeforeMs)
      if (written.rows === 0) continue
      this.#waiting.push(written.chunk)
      all.rows += written.rows
      all.late += written.late
      all.receivedMs = written.receivedMs
    }
    return all
  }

  /** Hands over what has been written, inside a transaction: with many rows the engine begins to store them by itself. */
  async append(): Promise<void> {
    const chunks = this.#waiting
    this.#waiting = []
    if (chunks.length === 0) return
    this.#appender ??= await this.#connection.createAppender('events')
    for (const chunk of chunks) {
      this.#appender.appendDataChunk(chunk)
      this.#chunks.giveBack(chunk)
    }
  }

  /** All that was handed over is in the transaction, and the names that are new with it. */
  async flush(): Promise<void> {
    await this.#saveDictionary()
    this.#appender?.flushSync()
  }

  /** The transaction has been committed. */
  committed(): void {
    this.#dictionary.saved(this.#saving)
  }

  /** The transaction has failed: an appender that holds its rows would bring them up again. */
  abandon(): void {
    this.#waiting = []
    try {
      this.#appender?.clear()
      this.#appender?.closeSync()
    } catch {
      // It reports once more what has been reported; nothing of it is kept.
    }
    this.#appender = undefined
  }

  /** All rows and names have been removed. */
  forget(): void {
    this.#dictionary = seedCodes(new Dictionary(this.#limits))
    this.#chunks = new ChunkWriter(this.#dictionary, this.#order)
  }

  async #saveDictionary(): Promise<void> {
    const { unsaved } = this.#dictionary
    this.#saving = unsaved.length
    if (unsaved.length === 0) return
    const appender = await this.#connection.createAppender('dictionary')
    for (const { field, code, value } of unsaved) {
      appender.appendVarchar(field)
      appender.appendInteger(code)
      appender.appendVarchar(value)
      appender.endRow()
    }
    appender.closeSync()
  }
}

/** Conditions of counters name these values, so they have codes before any row does. */
function seedCodes(dictionary: Dictionary): Dictionary {
  for (const field of CODED_FIELDS) {
    const spec = FIELDS[field]
    if (spec.type === 'enum') for (const value of spec.values) dictionary.code(field, value)
  }
  return dictionary
}
