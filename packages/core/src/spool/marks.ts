import { deflateRawSync, inflateRawSync } from 'node:zlib'

/** A segment as it is saved: its number, the ordinal of the first mark, and the marks as deflated little-endian words. */
export type SavedMarks = readonly [segment: number, first: number, marks: string]

interface SegmentMarks {
  readonly number: number
  readonly first: number
  /** Number of the life whose event has the ordinal `first + index`; 0 where there is none any more, or never was. */
  lives: Uint32Array
  length: number
  held: number
}

const FIRST_ROOM = 256
/** A saved segment longer than this is not one of ours: a journal line of 100 bytes fills a segment of 400 MB. */
const MAX_MARKS_BYTES = 16 * 1024 * 1024

/**
 * Which records of the journal are events that have not left the spool, and whose. Four bytes a record, so that a full spool
 * is known exactly without a byte of it being read.
 */
export class Marks {
  /** In rising order of number and of ordinals. */
  #segments: SegmentMarks[] = []
  /** Marks there are. */
  total = 0

  /** Marks the record `ordinal`, which stands in `segment` and behind all that were marked. False if it is marked already. */
  mark(segment: number, ordinal: number, life: number): boolean {
    const last = this.#segments.at(-1)
    let marks = last
    if (marks === undefined || marks.number < segment) {
      marks = { number: segment, first: ordinal, lives: new Uint32Array(FIRST_ROOM), length: 0, held: 0 }
      this.#segments.push(marks)
    }
    const index = ordinal - marks.first
    if (index < 0) return false
    if (index >= marks.lives.length) {
      const larger = new Uint32Array(Math.max(index + 1, marks.lives.length * 2))
      larger.set(marks.lives)
      marks.lives = larger
    }
    if (marks.lives[index] !== 0) return false
    marks.lives[index] = life
    marks.length = Math.max(marks.length, index + 1)
    marks.held++
    this.total++
    return true
  }

  /** Number of the life whose event this is; 0 if it has left or is no event. */
  at(ordinal: number): number {
    const marks = this.#segmentOf(ordinal)
    return marks?.lives[ordinal - marks.first] ?? 0
  }

  /** The event leaves. Gives the number of its life; 0 if it had left before. */
  clear(ordinal: number): number {
    const marks = this.#segmentOf(ordinal)
    const life = marks?.lives[ordinal - marks.first] ?? 0
    if (marks === undefined || life === 0) return 0
    marks.lives[ordinal - marks.first] = 0
    marks.held--
    this.total--
    return life
  }

  /** Marked ordinals from `first` to `last`, both included, in rising order. */
  *between(first: number, last: number): Generator<number> {
    for (const marks of this.#segments) {
      if (marks.held === 0 || marks.first > last || marks.first + marks.length <= first) continue
      const end = Math.min(marks.length, last - marks.first + 1)
      for (let index = Math.max(0, first - marks.first); index < end; index++)
        if (marks.lives[index] !== 0) yield marks.first + index
    }
  }

  /** The oldest segment from `from` on with marks, and the first ordinal that can be one; undefined if there is none. */
  oldest(from: number): { readonly segment: number; readonly first: number } | undefined {
    const marks = this.#segments.find(({ number, held }) => number >= from && held > 0)
    return marks === undefined ? undefined : { segment: marks.number, first: marks.first }
  }

  /** Marked ordinals of one segment. */
  of(segment: number): readonly number[] {
    const marks = this.#segments.find(({ number }) => number === segment)
    return marks === undefined ? [] : [...this.between(marks.first, marks.first + marks.length - 1)]
  }

  /** Numbers of the segments with marks. */
  segments(): readonly number[] {
    return this.#segments.filter(({ held }) => held > 0).map(({ number }) => number)
  }

  /** Lets go of segments before this one that have no marks. */
  forget(before: number): void {
    this.#segments = this.#segments.filter(({ number, held }) => number >= before || held > 0)
  }

  save(): readonly SavedMarks[] {
    return this.#segments
      .filter(({ held }) => held > 0)
      .map(({ number, first, lives, length }) => {
        const words = Buffer.alloc(length * 4)
        for (let index = 0; index < length; index++) words.writeUInt32LE(lives[index] as number, index * 4)
        return [number, first, deflateRawSync(words).toString('base64')]
      })
  }

  /** @throws if the saved marks are not what {@link save} gave */
  static from(saved: readonly SavedMarks[]): Marks {
    const all = new Marks()
    for (const [number, first, text] of saved) {
      const words = inflateRawSync(Buffer.from(text, 'base64'), { maxOutputLength: MAX_MARKS_BYTES })
      const length = words.length / 4
      const lives = new Uint32Array(length)
      let held = 0
      for (let index = 0; index < length; index++) {
        lives[index] = words.readUInt32LE(index * 4)
        if (lives[index] !== 0) held++
      }
      all.#segments.push({ number, first, lives, length, held })
      all.total += held
    }
    return all
  }

  #segmentOf(ordinal: number): SegmentMarks | undefined {
    const segments = this.#segments
    let low = 0
    let high = segments.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((segments[middle] as SegmentMarks).first <= ordinal) low = middle + 1
      else high = middle
    }
    const marks = segments[low - 1]
    return marks !== undefined && ordinal - marks.first < marks.length ? marks : undefined
  }
}
