import type { DamageReason, JournalDamage } from './damage.ts'
import { decodeHeader } from './header.ts'
import { LineScanner } from './line-scanner.ts'

export type LineSink = (buffer: Buffer, start: number, end: number, offset: number, ordinal: number) => void

/** The ordinal that was read last, carried from segment to segment; undefined before the first. */
export interface OrdinalTrack {
  last: number | undefined
}

/**
 * A scanner of the lines of one segment: the header is taken in and not passed on, ordinals must rise, and missing ones are
 * told as a `gap` unless damaged bytes just before explain them.
 */
export function segmentScanner(
  segment: number,
  offset: number,
  track: OrdinalTrack,
  sink: LineSink,
  onDamage: (damage: JournalDamage) => void,
): LineScanner {
  let explained = false
  const tell = (reason: DamageReason, at: number, bytes: number, lines: number): void => {
    onDamage({ reason, position: { segment, offset: at }, bytes, lines })
  }
  const header = (buffer: Buffer, start: number, end: number, at: number): boolean => {
    const decoded = at === 0 ? decodeHeader(buffer.subarray(start, end + 1)) : undefined
    if (decoded === undefined) return false
    const before = decoded.previous?.ordinal ?? 0
    if (track.last !== undefined && before > track.last) tell('gap', 0, 0, before - track.last)
    track.last = decoded.after
    return true
  }
  return new LineScanner(offset, {
    line(buffer, start, end, at, ordinal) {
      if (header(buffer, start, end, at)) return
      const { last } = track
      if (last !== undefined && ordinal <= last) return tell('out_of_order', at, end - start + 1, 1)
      if (last !== undefined && ordinal > last + 1 && !explained) tell('gap', at, 0, ordinal - last - 1)
      explained = false
      track.last = ordinal
      sink(buffer, start, end, at, ordinal)
    },
    damage({ offset: at, length, lines }) {
      explained = true
      tell('checksum', at, length, lines)
    },
  })
}
