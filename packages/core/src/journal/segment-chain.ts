import type { JournalFs } from './fs.ts'
import { decodeHeader, MAX_HEADER_BYTES, type SegmentHeader } from './header.ts'
import type { SegmentFiles } from './names.ts'
import { readSegment } from './segment-source.ts'

/** The header of a segment, or undefined if it is damaged. */
export async function readHeader(
  fs: JournalFs,
  dir: string,
  segment: SegmentFiles,
): Promise<SegmentHeader | undefined> {
  for await (const block of readSegment(fs, dir, segment, 0, MAX_HEADER_BYTES)) {
    return block.offset === 0 ? decodeHeader(block.bytes) : undefined
  }
  return undefined
}

/** By what the journal is recognised: the newest header that tells. */
export async function journalIdOf(
  fs: JournalFs,
  dir: string,
  segments: readonly SegmentFiles[],
): Promise<string | undefined> {
  for (const files of [...segments].reverse()) {
    const id = (await readHeader(fs, dir, files))?.journal
    if (id !== undefined) return id
  }
  return undefined
}

/**
 * How far the content of a segment belongs to the journal, as it tells itself if it was rewritten, or else the headers of later
 * segments: a number of bytes, 0 for a segment that a failed start left behind, Infinity if none tells (it is the newest, or the
 * headers after it are damaged).
 */
export async function segmentLimit(
  fs: JournalFs,
  dir: string,
  segment: SegmentFiles,
  later: readonly SegmentFiles[],
): Promise<number> {
  const rewritten = segment.plain ? undefined : (await readHeader(fs, dir, segment))?.bytes
  if (rewritten !== undefined) return rewritten
  for (const files of later) {
    const previous = (await readHeader(fs, dir, files))?.previous
    if (previous === undefined) continue
    if (previous.segment < segment.number) return 0
    return previous.segment === segment.number ? previous.bytes : Number.POSITIVE_INFINITY
  }
  return Number.POSITIVE_INFINITY
}
