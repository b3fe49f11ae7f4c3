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

/** What stands at the end of a document of ours, braces of the document excluded. */
export function stampText({ ordinal, receivedMs, event }: StoredEvent): string {
  return `"stored":{"ordinal":${ordinal},"received_ms":${receivedMs},"timestamp_ms":${event.timestampMs}}`
}

/**
 * One event as text: the extended document of Routiium, and behind it `stored`, which is no part of the document and
 * disturbs no reader of it.
 */
export function encodeDocument(stored: StoredEvent): string {
  return `${JSON.stringify(encodeRoutiium(stored.event)).slice(0, -1)},${stampText(stored)}}`
}

export const encodeLine = (stored: StoredEvent): Buffer => Buffer.from(`${encodeDocument(stored)}\n`)

/** Reads a document that stands by itself, whoever wrote it; undefined if it is none. */
export function readDocument(text: string): DocumentLine | undefined {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return undefined
  }
  const read = documentEvent(document)
  return read && { ...read, stamp: stampFor(read, parseStamp(text.slice(-STAMP_BYTES))) }
}

/** The stamp of the line at `[start, end)`, line feed excluded, without parsing it; undefined where there is none. */
export function stampOf(bytes: Buffer, start: number, end: number): Stamp | undefined {
  return parseStamp(bytes.toString('latin1', Math.max(start, end - STAMP_BYTES), end))
}

function parseStamp(tail: string): Stamp | undefined {
  const match = STAMP.exec(tail)
  if (match === null) return undefined
  return { ordinal: Number(match[1]), receivedMs: Number(match[2]), timestampMs: Number(match[3]) }
}

/** A stamp counts only if it agrees with its document on the instant: a document that was edited may say two things. */
function stampFor({ event }: ReadEvent, stamp: Stamp | undefined): Stamp | undefined {
  return stamp !== undefined && stamp.timestampMs === event.timestampMs && stamp.ordinal > 0 ? stamp : undefined
}

/** Reads the line at `[start, end)`, whoever wrote it; undefined if it is no document. */
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
  return { ...read, stamp: stampFor(read, stampOf(bytes, start, end)) }
}
