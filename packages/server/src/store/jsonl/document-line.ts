import { encodeRoutiium } from '@tallystick/core/event'
import type { StoredEvent } from '../store.ts'
import { documentEvent, type ReadEvent } from './document-event.ts'

/** What a line of ours says at its very end, so that it can be placed in time and order without being parsed. */
export interface Stamp {
  readonly ordinal: number
  readonly receivedMs: number
  readonly timestampMs: number
}

/** A line that holds a document. */
export interface DocumentLine extends ReadEvent {
  /** Absent on a line that somebody else wrote. */
  readonly stamp: Stamp | undefined
}

const STAMP = /,"stored":\{"ordinal":(\d{1,16}),"received_ms":(-?\d{1,16}),"timestamp_ms":(\d{1,16})\}\}$/
/** The longest text that {@link STAMP} matches is shorter. */
const STAMP_BYTES = 112

/**
 * One event as a line: the extended document of Routiium, and behind it `stored`, which is no part of the document and
 * disturbs no reader of it.
 */
export function encodeLine({ ordinal, receivedMs, event }: StoredEvent): Buffer {
  const document = JSON.stringify(encodeRoutiium(event))
  const stored = `"stored":{"ordinal":${ordinal},"received_ms":${receivedMs},"timestamp_ms":${event.timestampMs}}`
  return Buffer.from(`${document.slice(0, -1)},${stored}}\n`)
}

/** The stamp of the line at `[start, end)`, line feed excluded, without parsing it; undefined where there is none. */
export function stampOf(bytes: Buffer, start: number, end: number): Stamp | undefined {
  const match = STAMP.exec(bytes.toString('latin1', Math.max(start, end - STAMP_BYTES), end))
  if (match === null) return undefined
  return { ordinal: Number(match[1]), receivedMs: Number(match[2]), timestampMs: Number(match[3]) }
}

/**
 * Reads the line at `[start, end)`, whoever wrote it; undefined if it is no document.
 *
 * A stamp counts only if it stands where we write it and agrees with the document on the instant: a line that was edited
 * may say two things.
 */
export function readLine(bytes: Buffer, start: number, end: number): DocumentLine | undefined {
  // A byte order mark, as some editors put in front of a file, is no part of its first line.
  const marked = bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf
  let document: unknown
  try {
    document = JSON.parse(bytes.toString('utf8', marked ? start + 3 : start, end))
  } catch {
    return undefined
  }
  const read = documentEvent(document)
  if (read === undefined) return undefined
  const stamp = stampOf(bytes, start, end)
  const ours = stamp !== undefined && stamp.timestampMs === read.event.timestampMs && stamp.ordinal > 0
  return { ...read, stamp: ours ? stamp : undefined }
}
