import { Pruner, type WantedMembers } from '@tallystick/core/provider'
import type { ByteSource } from './bytes.ts'

const CHUNK_BYTES = 1024 * 1024
/** Lines up to here are parsed whole; longer ones are read member by member and never held. */
const LONGEST_PARSED = 8 * 1024 * 1024
const NEWLINE = 0x0a

/** The chunk of the file before, so that a thousand small files take no thousand of them. */
let spare: Buffer | undefined

/** What is looked for in a file of JSON lines. */
export interface LineWants {
  /** Texts of which a line must hold at least one, or it is not looked at. */
  readonly needles: readonly Uint8Array[]
  /** Members that are kept of a line too long to be parsed whole. */
  readonly wanted: WantedMembers
}

/** A line that may matter. */
export interface ScannedLine {
  /** Where it begins in the file. */
  readonly at: number
  /** Undefined: it is no JSON object. */
  readonly document: Readonly<Record<string, unknown>> | undefined
  /** No newline ends it: somebody may still be writing it. */
  readonly torn: boolean
}

/** Told of each line that may matter, in order. What it is given may be forgotten when it returns. */
export type OnLine = (line: ScannedLine) => void

/**
 * Reads JSON lines in chunks, and parses only those that hold one of the needles: most of a session log is text in which
 * nothing is counted, and is passed over at the speed of a byte search. Memory is the longest line that is parsed, 8 MiB.
 */
export class LineScan {
  /** Everything before is read. */
  position: number
  readonly #source: ByteSource
  readonly #wants: LineWants
  #buffer = spare ?? Buffer.allocUnsafe(CHUNK_BYTES)
  /** Bytes in the buffer, from the file's `position` on. */
  #length = 0

  constructor(source: ByteSource, position: number, wants: LineWants) {
    this.#source = source
    this.position = position
    this.#wants = wants
    spare = undefined
  }

  /** Reads on by a chunk, in which there may be no line. @returns false at the end @throws what reading throws */
  next(onLine: OnLine): boolean {
    const count = this.#source.read(this.#buffer, this.#length)
    if (count === 0) {
      if (this.#length > 0) this.#linesTo(this.#length, (line) => onLine({ ...line, torn: true }))
      if (this.#buffer.length === CHUNK_BYTES) spare = this.#buffer
      return false
    }
    this.#length += count
    const end = this.#buffer.subarray(0, this.#length).lastIndexOf(NEWLINE) + 1
    if (end > 0) {
      this.#linesTo(end, onLine)
      this.#drop(end)
    } else if (this.#length === this.#buffer.length) {
      if (this.#length < LONGEST_PARSED) this.#grow()
      else onLine(this.#pruned())
    }
    return true
  }

  #linesTo(end: number, onLine: OnLine): void {
    const bytes = this.#buffer.subarray(0, end)
    const next = this.#wants.needles.map((needle) => bytes.indexOf(needle))
    for (;;) {
      let first = -1
      for (const at of next) if (at >= 0 && (first < 0 || at < first)) first = at
      if (first < 0) return
      const from = bytes.lastIndexOf(NEWLINE, first) + 1
      const newline = bytes.indexOf(NEWLINE, first)
      const to = newline < 0 ? end : newline
      onLine({ at: this.position + from, document: parsed(bytes.toString('utf8', from, to)), torn: false })
      for (const [index, needle] of this.#wants.needles.entries()) {
        const at = next[index] as number
        if (at >= 0 && at < to) next[index] = bytes.indexOf(needle, to)
      }
    }
  }

  /** A line that does not fit: the rest of it is read as it comes, and only what is wanted is kept. */
  #pruned(): ScannedLine {
    const at = this.position
    let document: Readonly<Record<string, unknown>> | undefined
    const pruner = new Pruner(this.#wants.wanted, (found) => {
      document = found
    })
    for (;;) {
      const newline = this.#buffer.subarray(0, this.#length).indexOf(NEWLINE)
      const end = newline < 0 ? this.#length : newline
      pruner.write(this.#buffer, 0, end)
      if (newline >= 0) {
        this.#drop(newline + 1)
        return { at, document: pruner.end() ? document : undefined, torn: false }
      }
      this.#drop(end)
      this.#length = this.#source.read(this.#buffer, 0)
      if (this.#length === 0) return { at, document: pruner.end() ? document : undefined, torn: true }
    }
  }

  #drop(count: number): void {
    this.#buffer.copyWithin(0, count, this.#length)
    this.#length -= count
    this.position += count
  }

  #grow(): void {
    const grown = Buffer.allocUnsafe(this.#buffer.length * 2)
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const document: unknown = JSON.parse(text)
    return typeof document === 'object' && document !== null && !Array.isArray(document)
      ? (document as Readonly<Record<string, unknown>>)
      : undefined
  } catch {
    return undefined
  }
}
