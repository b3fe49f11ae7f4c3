import { TallystickError } from '../errors.ts'
import { sealLine } from './line.ts'
import type { JournalEnd } from './position.ts'
import { type JournalEntry, MAX_LINE_BYTES } from './record.ts'

const FIRST_BYTES = 64 * 1024
/** A longer buffer is given back to the collector after its commit, so that one burst does not hold memory for ever. */
const KEPT_BYTES = 4 * 1024 * 1024
/** Longest `{"t":"reprice","n":9007199254740991,` plus the seal. */
const FRAME_BYTES = 64

interface Waiter {
  resolve(end: JournalEnd): void
  reject(error: TallystickError): void
}

/** Records that will be written by one write and made durable by one fdatasync: encoded lines and who waits for them. */
export class AppendGroup {
  #buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #length = 0
  #waiters: Waiter[] = []
  /** Ordinals of its first and last record; `last < first` while it is empty. */
  first = 0
  last = -1

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  get length(): number {
    return this.#length
  }

  get isEmpty(): boolean {
    return this.#waiters.length === 0
  }

  get records(): number {
    return this.last - this.first + 1
  }

  /**
   * Encodes the entries as the records after `ordinal`. All of them or none.
   *
   * @throws TallystickError `internal_error` for a body that cannot be framed: a fault of the caller
   */
  add(entries: readonly JournalEntry[], ordinal: number): Promise<JournalEnd> {
    const before = this.#length
    let next = ordinal
    try {
      for (const entry of entries) this.#encode(entry, ++next)
    } catch (error) {
      this.#length = before
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
    if (this.#buffer.length > KEPT_BYTES) this.#buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
    this.#length = 0
    this.#waiters = []
    this.first = 0
    this.last = -1
  }

  #encode({ type, body }: JournalEntry, ordinal: number): void {
    if (body === '' || body.includes('\n')) {
      throw new TallystickError('internal_error', 'A journal record needs at least one member and no raw line break')
    }
    // UTF-8 takes 1 to 3 bytes for each UTF-16 unit: far too long a body is refused before memory is taken for it.
    if (body.length > MAX_LINE_BYTES) throw tooLong(body.length)
    this.#reserve(body.length * 3 + FRAME_BYTES)
    const start = this.#length
    let end = start + this.#buffer.write(`{"t":"${type}","n":${ordinal},`, start, 'latin1')
    end += this.#buffer.write(body, end, 'utf8')
    if (end - start > MAX_LINE_BYTES - FRAME_BYTES) throw tooLong(end - start)
    this.#length = sealLine(this.#buffer, start, end)
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}

function tooLong(bytes: number): TallystickError {
  return new TallystickError('too_long', `A journal record of ${bytes} bytes is over the limit of ${MAX_LINE_BYTES}`)
}
