import { checkLine, LINE_START } from './line.ts'
import { MAX_LINE_BYTES } from './record.ts'

const LINE_FEED = 0x0a
const START = Buffer.from(LINE_START)
const EMPTY = Buffer.alloc(0)

/** A run of bytes that holds no sound line. */
export interface DamagedBytes {
  readonly offset: number
  readonly length: number
  /** Lines it would be if only their content were damaged. */
  readonly lines: number
}

export interface LineVisitor {
  /** A sound line at `[start, end)` of `buffer`, line feed excluded, whose first byte is byte `offset` of the segment. */
  line(buffer: Buffer, start: number, end: number, offset: number, ordinal: number): void
  damage(damaged: DamagedBytes): void
}

/**
 * Cuts the bytes of a segment into lines and checks each. Damage costs the lines it touches and no other: the scan goes
 * on at the next line feed, and where a line feed itself was damaged the two lines that ran together are told apart
 * again.
 */
export class LineScanner {
  readonly #visitor: LineVisitor
  #offset: number
  #carry: Buffer = EMPTY
  #damageStart = -1
  #damageEnd = 0
  #damageLines = 0

  constructor(offset: number, visitor: LineVisitor) {
    this.#offset = offset
    this.#visitor = visitor
  }

  /** The first byte that has not been told to the visitor yet. */
  get offset(): number {
    return this.#offset
  }

  /** Takes the bytes at `offset` of the segment. An offset past the expected one means that the bytes between are lost. */
  push(block: Buffer, offset: number): void {
    const expected = this.#offset + this.#carry.length
    if (offset > expected) {
      this.#damage(this.#offset, offset, 1)
      this.#carry = EMPTY
      this.#offset = offset
    }
    const buffer = this.#carry.length === 0 ? block : this.#complete(block)
    let start = 0
    for (;;) {
      const end = buffer.indexOf(LINE_FEED, start)
      if (end === -1) break
      this.#line(buffer, start, end)
      start = end + 1
    }
    this.#offset += start
    if (start < buffer.length) this.#carry = buffer.subarray(start)
    if (this.#carry.length > MAX_LINE_BYTES) {
      this.#damage(this.#offset, this.#offset + this.#carry.length, 0)
      this.#offset += this.#carry.length
      this.#carry = EMPTY
    }
  }

  /** No more bytes. With `complete`, bytes behind the last line feed are damage; else they are a line still being written. */
  end(complete: boolean): void {
    if (complete && this.#carry.length > 0) {
      this.#damage(this.#offset, this.#offset + this.#carry.length, 1)
      this.#offset += this.#carry.length
      this.#carry = EMPTY
    }
    this.#tellDamage()
  }

  /** Ends the line that a block broke off in, in bytes of its own, so that no block is copied; returns what is behind it. */
  #complete(block: Buffer): Buffer {
    const length = block.indexOf(LINE_FEED) + 1 || block.length
    const line = Buffer.concat([this.#carry, block.subarray(0, length)])
    this.#carry = EMPTY
    if (line.at(-1) === LINE_FEED) {
      this.#line(line, 0, line.length - 1)
      this.#offset += line.length
    } else this.#carry = line
    return block.subarray(length)
  }

  #line(buffer: Buffer, start: number, end: number): void {
    const ordinal = checkLine(buffer, start, end)
    if (ordinal === -1) this.#separate(buffer, start, end)
    else this.#sound(buffer, start, end, ordinal)
  }

  #sound(buffer: Buffer, start: number, end: number, ordinal: number): void {
    this.#tellDamage()
    this.#visitor.line(buffer, start, end, this.#offset + start, ordinal)
  }

  /** A damaged line feed leaves `...}?{...`: tries a line on either side of each such place. */
  #separate(buffer: Buffer, start: number, end: number): void {
    let from = start
    let seek = start + 1
    for (;;) {
      const next = buffer.indexOf(START, seek)
      if (next === -1 || next >= end) break
      seek = next + 1
      const ordinal = checkLine(buffer, from, next - 1)
      if (ordinal !== -1) {
        this.#sound(buffer, from, next - 1, ordinal)
        from = next
      }
    }
    const ordinal = from === start ? -1 : checkLine(buffer, from, end)
    if (ordinal === -1) this.#damage(this.#offset + from, this.#offset + end + 1, 1)
    else this.#sound(buffer, from, end, ordinal)
  }

  #damage(from: number, to: number, lines: number): void {
    if (this.#damageStart === -1) this.#damageStart = from
    this.#damageEnd = to
    this.#damageLines += lines
  }

  #tellDamage(): void {
    if (this.#damageStart === -1) return
    const damaged = {
      offset: this.#damageStart,
      length: this.#damageEnd - this.#damageStart,
      lines: Math.max(1, this.#damageLines),
    }
    this.#damageStart = -1
    this.#damageLines = 0
    this.#visitor.damage(damaged)
  }
}
