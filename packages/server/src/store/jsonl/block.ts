import { crc32 } from 'node:zlib'
import type { EventKind } from '@tallystick/core/event'
import { type Floors, hasExpired } from './floors.ts'

/**
 * A stretch of whole lines of a file and what a query must know to leave it unread. Events that have expired and still
 * stand in the file are counted in `hidden` and nowhere else.
 */
export interface Block {
  /** Bytes `[start, end)` of the file. */
  readonly start: number
  readonly end: number
  readonly events: number
  /** Those of `events` that came through the journal; the others somebody else wrote. */
  readonly own: number
  readonly hidden: number
  /** Lines that are no document. */
  readonly malformed: number
  /** Of `events`; `Infinity` and `-Infinity` where there are none. */
  readonly minMs: number
  readonly maxMs: number
  /** Highest ordinal before the block: a line of ours has a higher one, or it counts as written by somebody else. */
  readonly after: number
  /** Highest ordinal in it and before it. */
  readonly last: number
  /** Of its bytes. */
  readonly crc: number
  /** Every line is ours, sound and stamped: it can be placed by its stamp and need not be checked. */
  readonly trusted: boolean
}

/** About as much as can be parsed without holding up whoever else waits for the thread. */
export const BLOCK_BYTES = 512 * 1024

/** What a block must know of a line with a document. */
export interface PlacedLine {
  readonly timestampMs: number
  /** Undefined where it does not matter. */
  readonly kind: EventKind | undefined
  /** As its stamp says; undefined where somebody else wrote it. */
  readonly ordinal: number | undefined
  readonly sound: boolean
}

/** What decides how lines count. */
export interface BlockRules {
  /** Highest ordinal before the first block. */
  readonly after: number
  /** No line of ours has a higher ordinal. */
  readonly ceiling: number
  readonly floors: Floors
}

/** Told of each line of ours as it is met. */
export type OwnLineListener = (ordinal: number, timestampMs: number, kind: EventKind | undefined) => void

/** Cuts lines, as they are written or read, into blocks. */
export class BlockBuilder {
  readonly #closed: Block[]
  readonly #rules: BlockRules
  readonly #onOwn: OwnLineListener | undefined
  #open: { -readonly [K in keyof Block]: Block[K] }

  /**
   * Goes on behind `blocks`, filling up the last of them.
   *
   * @param onOwn told of every line of ours
   */
  constructor(blocks: readonly Block[], rules: BlockRules, onOwn?: OwnLineListener) {
    this.#closed = [...blocks]
    this.#rules = rules
    this.#onOwn = onOwn
    const last = this.#closed.at(-1)
    const room = last !== undefined && last.end - last.start < BLOCK_BYTES
    if (room) this.#closed.pop()
    this.#open = room ? { ...last } : emptyBlock(last?.end ?? 0, last?.last ?? rules.after)
  }

  get end(): number {
    return this.#open.end
  }

  /** Takes a line with its line feed; `document` is undefined for a malformed one, null for a blank one. */
  line(bytes: Buffer, document: PlacedLine | undefined | null): void {
    const open = this.#take(bytes)
    if (document === undefined) {
      open.malformed++
      open.trusted = false
    } else if (document !== null) this.#count(document)
    if (open.end - open.start >= BLOCK_BYTES) this.#close()
  }

  /** Takes a piece of a line too long to be held. It ends up alone in its block, which no query reads. */
  piece(bytes: Buffer, first: boolean, last: boolean): void {
    if (first) this.#close()
    const open = this.#take(bytes)
    if (!last) return
    open.malformed++
    open.trusted = false
    this.#close()
  }

  /** Takes back the pieces of a line that has no end yet. */
  forget(): void {
    this.#open = emptyBlock(this.#open.start, this.#open.last)
  }

  /** All blocks so far. More lines may follow; blocks that were handed out never change. */
  blocks(): readonly Block[] {
    return this.#open.end > this.#open.start ? [...this.#closed, { ...this.#open }] : [...this.#closed]
  }

  #count(document: PlacedLine): void {
    const open = this.#open
    const { timestampMs, ordinal, kind, sound } = document
    const own = ordinal !== undefined && ordinal > open.last && ordinal <= this.#rules.ceiling
    if (!own || !sound) open.trusted = false
    if (own) {
      open.last = ordinal
      this.#onOwn?.(ordinal, timestampMs, kind)
    }
    if (hasExpired(this.#rules.floors, timestampMs, kind)) open.hidden++
    else {
      open.events++
      if (own) open.own++
      open.minMs = Math.min(open.minMs, timestampMs)
      open.maxMs = Math.max(open.maxMs, timestampMs)
    }
  }

  #take(bytes: Buffer): { -readonly [K in keyof Block]: Block[K] } {
    this.#open.crc = crc32(bytes, this.#open.crc)
    this.#open.end += bytes.length
    return this.#open
  }

  #close(): void {
    const { start, end, last } = this.#open
    if (end > start) this.#closed.push(this.#open)
    this.#open = emptyBlock(end, last)
  }
}

function emptyBlock(start: number, after: number): { -readonly [K in keyof Block]: Block[K] } {
  return {
    start,
    end: start,
    events: 0,
    own: 0,
    hidden: 0,
    malformed: 0,
    minMs: Number.POSITIVE_INFINITY,
    maxMs: Number.NEGATIVE_INFINITY,
    after,
    last: after,
    crc: 0,
    trusted: true,
  }
}
