import type { DamageReason, JournalDamage } from './damage.ts'
import { decodeHeader } from './header.ts'
import { LineScanner } from './line-scanner.ts'

export type LineSink = (buffer: Buffer, start: number, end: number, offset: number, ordinal: number) => void

/** What is carried from segment to segment. */
export class OrdinalTrack {
  /** The ordinal that was read last; undefined before the first. */
  last: number | undefined
  /** Damaged bytes that wait for what follows them, which tells the ordinals that stood there. */
  #damaged: JournalDamage | undefined
  readonly #onDamage: (damage: JournalDamage) => void

  constructor(last: number | undefined, onDamage: (damage: JournalDamage) => void) {
    this.last = last
    this.#onDamage = onDamage
  }

  tell(damage: JournalDamage): void {
    this.flush()
    this.#onDamage(damage)
  }

  damaged(damage: JournalDamage): void {
    this.flush()
    this.#damaged = damage
  }

  /** Every ordinal up to `until` belongs before `here`: those not read are missing, whatever bytes are left of them. */
  expect(until: number, here: JournalDamage['position']): void {
    const damaged = this.#damaged
    this.#damaged = undefined
    const lines = this.last === undefined ? 0 : until - this.last
    if (lines > 0) {
      const missing = { first: until - lines + 1, last: until }
      this.#onDamage({ ...(damaged ?? { reason: 'gap', position: here, bytes: 0 }), lines, missing })
    } else if (damaged) this.#onDamage(damaged)
  }

  /** Nothing follows that could tell more. */
  flush(): void {
    const damaged = this.#damaged
    this.#damaged = undefined
    if (damaged) this.#onDamage(damaged)
  }
}

/**
 * A scanner of the lines of one segment: the header is taken in and not passed on, ordinals must rise, and missing ones are
 * told with the damaged bytes just before, or else as a `gap`.
 */
export function segmentScanner(segment: number, offset: number, track: OrdinalTrack, sink: LineSink): LineScanner {
  const damage = (reason: DamageReason, at: number, bytes: number): JournalDamage => ({
    reason,
    position: { segment, offset: at },
    bytes,
    lines: 1,
  })
  const header = (buffer: Buffer, start: number, end: number, at: number): boolean => {
    const decoded = at === 0 ? decodeHeader(buffer.subarray(start, end + 1)) : undefined
    if (decoded === undefined) return false
    const { previous } = decoded
    // Ordinals between `previous.ordinal` and `after` were never acknowledged.
    if (previous) track.expect(previous.ordinal, { segment: previous.segment, offset: previous.bytes })
    else track.flush()
    track.last = decoded.after
    return true
  }
  return new LineScanner(offset, {
    line(buffer, start, end, at, ordinal) {
      if (header(buffer, start, end, at)) return
      if (track.last !== undefined && ordinal <= track.last)
        return track.tell(damage('out_of_order', at, end - start + 1))
      track.expect(ordinal - 1, { segment, offset: at })
      track.last = ordinal
      sink(buffer, start, end, at, ordinal)
    },
    damage({ offset: at, length, lines }) {
      track.damaged({ ...damage('checksum', at, length), lines })
    },
  })
}
