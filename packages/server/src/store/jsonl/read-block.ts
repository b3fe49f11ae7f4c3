import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { eventFromRoutiium, type UsageEvent } from '@tallystick/core/event'
import type { StoredEvent } from '../store.ts'
import type { Block } from './block.ts'
import { readLine, stampOf } from './document-line.ts'
import { type Floors, hasExpired } from './floors.ts'

/** A document where it stands in its block. */
export interface PlacedDocument {
  readonly stored: StoredEvent
  /** It came through the journal. */
  readonly own: boolean
}

/** Is a document of this place wanted? Asked before it is parsed where that can be known. */
export type Wanted = (timestampMs: number, ordinal: number, own: boolean) => boolean

const LINE_FEED = 0x0a
/** Bytes of the files are numbered through: so many for each file, below zero, where no ordinal of the journal is. */
const FILE_SPAN = 2 ** 40
const FILES = 2 ** 12

/**
 * The ordinal of a document that somebody else wrote: negative, and rising with its place. It stays the same as long as
 * its file does.
 */
export function placeOrdinal(fileNumber: number, offset: number): number {
  return -(2 ** 52) + (fileNumber % FILES) * FILE_SPAN + offset
}

/** The bytes of a block; undefined if the file has become too short. */
export async function readBlock(file: FileHandle, { start, end }: Block): Promise<Buffer | undefined> {
  const bytes = Buffer.allocUnsafe(end - start)
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done)
    if (bytesRead === 0) return undefined
    done += bytesRead
  }
  return bytes
}

/**
 * The documents of a block that are wanted and have not expired, in the order of the file. Bytes that are no longer those that were indexed are
 * read as anybody's.
 */
export function* documentsOf(
  bytes: Buffer,
  block: Block,
  fileNumber: number,
  floors: Floors,
  wanted: Wanted = () => true,
): Generator<PlacedDocument> {
  for (const document of placedDocuments(bytes, block, fileNumber, floors.floorMs, wanted)) {
    const { kind, timestampMs } = document.stored.event
    if (!hasExpired(floors, timestampMs, kind)) yield document
  }
}

function* placedDocuments(
  bytes: Buffer,
  block: Block,
  fileNumber: number,
  floorMs: number,
  wanted: Wanted,
): Generator<PlacedDocument> {
  const trusted = block.trusted && crc32(bytes) === block.crc
  let last = block.after
  for (let start = 0; start < bytes.length; ) {
    const feed = bytes.indexOf(LINE_FEED, start)
    const end = feed < 0 ? bytes.length : feed
    const stamp = trusted ? stampOf(bytes, start, end) : undefined
    if (stamp !== undefined) {
      const { ordinal, receivedMs, timestampMs } = stamp
      if (timestampMs >= floorMs && wanted(timestampMs, ordinal, true))
        yield { stored: { ordinal, receivedMs, event: trustedEvent(bytes, start, end) }, own: true }
    } else if (end > start) {
      const line = readLine(bytes, start, end)
      if (line !== undefined) {
        const own = line.stamp !== undefined && line.stamp.ordinal > last && line.stamp.ordinal <= block.last
        if (own) last = line.stamp.ordinal
        const ordinal = own ? line.stamp.ordinal : placeOrdinal(fileNumber, block.start + start)
        const { event } = line
        if (wanted(event.timestampMs, ordinal, own))
          yield { stored: { ordinal, receivedMs: line.stamp?.receivedMs ?? event.timestampMs, event }, own }
      }
    }
    start = end + 1
  }
}

function trustedEvent(bytes: Buffer, start: number, end: number): UsageEvent {
  return eventFromRoutiium(JSON.parse(bytes.toString('utf8', start, end)) as Record<string, unknown>)
}
