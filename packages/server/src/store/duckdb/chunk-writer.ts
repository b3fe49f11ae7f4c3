import type { DuckDBDataChunk as Chunk } from '@duckdb/node-api'
import { CHUNK_ROWS, ChunkColumns, type ColumnBuffer } from './chunk-columns.ts'
import type { Dictionary } from './dictionary.ts'
import { EventWriter } from './event-writer.ts'
import { LineDecoder } from './line-decoder.ts'
import { DuckDBDataChunk } from './node-api.ts'
import type { Rows, RowWriters } from './rows.ts'

/** Chunks kept for the next rows, as many as are handed over at a time where they come slowly. */
const MOST_SPARE = 8

/** What went into a chunk. */
export interface Written {
  readonly chunk: Chunk
  readonly rows: number
  /** Rows of events that happened before the instant asked for. */
  readonly late: number
  /** When the last of them was received; undefined without rows. */
  readonly receivedMs: number | undefined
}

/**
 * Turns events into chunks of the `events` table, column by column and without a value object for any cell: the engine's
 * own setters cost a bigint and a bit operation on bigints a cell, several times all of this.
 */
export class ChunkWriter {
  readonly #columns: ChunkColumns
  readonly #timestamps: ColumnBuffer
  readonly #writers: RowWriters
  /** Chunks to be written again: a new one is a megabyte of new memory. */
  readonly #spare: Chunk[] = []

  /** @param order names of the table's columns as they stand in the file; that of this build when absent */
  constructor(dictionary: Dictionary, order?: readonly string[]) {
    this.#columns = new ChunkColumns(order)
    this.#timestamps = (
      this.#columns.fields.find(({ field }) => field === 'timestampMs') as { buffer: ColumnBuffer }
    ).buffer
    this.#writers = {
      events: new EventWriter(this.#columns, dictionary),
      lines: new LineDecoder(this.#columns, dictionary),
    }
  }

  /** A chunk of `rows[from, to)`, at most {@link CHUNK_ROWS} of them. */
  write(rows: Rows, from: number, to: number, lateBeforeMs: number): Written {
    const columns = this.#columns
    const chunk = this.#spare.pop() ?? DuckDBDataChunk.create(columns.types, CHUNK_ROWS)
    columns.begin(chunk.chunk)
    let row = 0
    let late = 0
    for (let index = from; index < to; index++) {
      if (!rows.write(index, this.#writers, row)) continue
      if (this.#timestamps.has(row) && this.#timestamps.integer(row) < lateBeforeMs) late++
      row++
    }
    const receivedMs = row === 0 ? undefined : columns.received.integer(row - 1)
    columns.finish()
    chunk.rowCount = row
    return { chunk, rows: row, late, receivedMs }
  }

  /** Takes back a chunk whose rows the engine has copied. */
  giveBack(chunk: Chunk): void {
    if (this.#spare.length === MOST_SPARE) return
    chunk.reset()
    this.#spare.push(chunk)
  }
}
