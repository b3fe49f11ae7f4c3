import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api'
import { FIELDS, type FieldName } from '@tallystick/core/event'
import { CHUNK_ROWS } from './chunk-columns.ts'
import { readRows } from './chunk-reader.ts'
import { ChunkWriter, type Written } from './chunk-writer.ts'
import { Dictionary, type DictionaryLimits } from './dictionary.ts'
import type { Rows } from './rows.ts'
import { CODED_FIELDS } from './schema.ts'

/** Puts events and the names that are new with them into their tables, inside transactions that its caller begins and ends. */
export class RowAppender {
  readonly #connection: DuckDBConnection
  readonly #limits: DictionaryLimits | undefined
  #dictionary: Dictionary
  #chunks: ChunkWriter
  #appender: DuckDBAppender | undefined

  private constructor(connection: DuckDBConnection, limits: DictionaryLimits | undefined) {
    this.#connection = connection
    this.#limits = limits
    this.#dictionary = new Dictionary(limits)
    this.#chunks = new ChunkWriter(this.#dictionary)
  }

  static async open(connection: DuckDBConnection, limits: DictionaryLimits | undefined): Promise<RowAppender> {
    const rows = new RowAppender(connection, limits)
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

  /**
   * Takes `rows[from, to)` in; they are in the transaction once {@link flush} has been called. `late` counts those of events
   * before `lateBeforeMs`.
   */
  async append(rows: Rows, from: number, to: number, lateBeforeMs: number): Promise<Omit<Written, 'chunk'>> {
    this.#appender ??= await this.#connection.createAppender('events')
    const all: { rows: number; late: number; receivedMs: number | undefined } = {
      rows: 0,
      late: 0,
      receivedMs: undefined,
    }
    for (let at = from; at < to; at += CHUNK_ROWS) {
      const written = this.#chunks.write(rows, at, Math.min(to, at + CHUNK_ROWS), lateBeforeMs)
      if (written.rows === 0) continue
      this.#appender.appendDataChunk(written.chunk)
      all.rows += written.rows
      all.late += written.late
      all.receivedMs = written.receivedMs
    }
    return all
  }

  async flush(): Promise<void> {
    await this.#saveDictionary()
    this.#appender?.flushSync()
  }

  /** The transaction has been committed. */
  committed(): void {
    this.#dictionary.saved()
  }

  /** The transaction has failed: an appender that holds its rows would bring them up again. */
  abandon(): void {
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
    this.#chunks = new ChunkWriter(this.#dictionary)
  }

  async #saveDictionary(): Promise<void> {
    const { unsaved } = this.#dictionary
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
