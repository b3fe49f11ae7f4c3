import { TallystickError } from '../errors.ts'
import { JsonBytes, jsonBytes } from '../event/json-bytes.ts'
import { SEAL_BYTES, sealLine } from './line.ts'
import type { JournalEnd } from './position.ts'
import { type JournalEntry, type JournalSeries, MAX_LINE_BYTES, RECORD_TYPES } from './record.ts'

const FIRST_BYTES = 64 * 1024
/** A longer buffer is given back to the collector after its commit, so that one burst does not hold memory for ever. */
const KEPT_BYTES = 4 * 1024 * 1024
/** Longest `{"t":"reprice","n":9007199254740991,` plus the seal. */
const FRAME_BYTES = 64

/** What stands between a line's type and its ordinal, with the type. */
const START: ReadonlyMap<string, Uint8Array> = new Map(
  [...RECORD_TYPES].map((type) => [type, jsonBytes(`{"t":"${type}","n":`)]),
)
const COMMA = jsonBytes(',')

interface Waiter {
  resolve(end: JournalEnd): void
  reject(error: TallystickError): void
}

/** Records that will be written by one write and made durable by one fdatasync: encoded lines and who waits for them. */
export class AppendGroup {
  #lines = new JsonBytes(FIRST_BYTES)
  #waiters: Waiter[] = []
  /** Ordinals of its first and last record; `last < first` while it is empty. */
  first = 0
  last = -1

  get bytes(): Uint8Array {
    return this.#lines.bytes.subarray(0, this.#lines.length)
  }

  get length(): number {
    return this.#lines.length
  }

  get isEmpty(): boolean {
    return this.#waiters.length === 0
  }

  get records(): number {
    return this.last - this.first + 1
  }

  /**
   * Encodes the records after `ordinal`. All of them or none.
   *
   * @throws TallystickError `internal_error` for a body that cannot be framed: a fault of the caller
   */
  add(records: readonly JournalEntry[] | JournalSeries, ordinal: number): Promise<JournalEnd> {
    const lines = this.#lines
    const before = lines.length
    let next = ordinal
    try {
      if ('write' in records) {
        for (let index = 0; index < records.count; index++) {
          const start = this.#begin(records.type, ++next)
          const from = lines.length
          records.write(lines, index)
          this.#end(start, from)
        }
      } else for (const { type, body } of records) this.#encode(type, body, ++next)
    } catch (error) {
      lines.length = before
      throw error
    }
    if (this.last < this.first) this.first = ordinal + 1
    this.last = next
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  settle(end: JournalEnd): void {
    for (const waiter of this.#waiters) waiter.resolve(end)
  }

  fail(error: TallystickError): void {
    for (const waiter of this.#waiters) waiter.reject(error)
  }

  /** Empties the group for its next use. */
  reset(): void {
    if (this.#lines.bytes.length > KEPT_BYTES) this.#lines = new JsonBytes(FIRST_BYTES)
    this.#lines.length = 0
    this.#waiters = []
    this.first = 0
    this.last = -1
  }

  #encode(type: string, body: string, ordinal: number): void {
    if (body.includes('\n')) throw new TallystickError('internal_error', 'A journal record has no raw line break')
    // UTF-8 takes 1 to 3 bytes for each UTF-16 unit: far too long a body is refused before memory is taken for it.
    if (body.length > MAX_LINE_BYTES) throw tooLong(body.length)
    const start = this.#begin(type, ordinal)
    const from = this.#lines.length
    this.#lines.put(body)
    this.#end(start, from)
  }

  /** Begins a line and gives the place of its first byte. */
  #begin(type: string, ordinal: number): number {
    const start = this.#lines.length
    this.#lines.raw(START.get(type) as Uint8Array)
    this.#lines.number(ordinal)
    this.#lines.raw(COMMA)
    return start
  }

  /** Ends the line that begins at `start` and whose body begins at `from`. */
  #end(start: number, from: number): void {
    const lines = this.#lines
    if (lines.length === from) throw new TallystickError('internal_error', 'A journal record needs at least one member')
    if (lines.length - start > MAX_LINE_BYTES - FRAME_BYTES) throw tooLong(lines.length - start)
    lines.reserve(SEAL_BYTES + 1)
    lines.length = sealLine(lines.bytes, start, lines.length)
  }
}

function tooLong(bytes: number): TallystickError {
  return new TallystickError('too_long', `A journal record of ${bytes} bytes is over the limit of ${MAX_LINE_BYTES}`)
}
