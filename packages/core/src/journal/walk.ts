import type { JournalDamage } from './damage.ts'
import type { JournalFs } from './fs.ts'
import { isMissing } from './fs-errors.ts'
import { listSegments, type SegmentFiles } from './names.ts'
import type { JournalPosition } from './position.ts'
import { readHeader, segmentLimit } from './segment-chain.ts'
import { type LineSink, OrdinalTrack, segmentScanner } from './segment-reader.ts'
import { readSegment } from './segment-source.ts'

export interface WalkOptions {
  readonly fs: JournalFs
  readonly dir: string
  readonly from: JournalPosition
  readonly to: JournalPosition | undefined
  /** The ordinal before `from`, where it is known: ordinals that are missing just there can then be told. */
  readonly after?: number | undefined
  readonly onDamage: (damage: JournalDamage) => void
}

/** How often a segment may be renamed or removed under the reader before that is an error and no coincidence. */
const MAX_VANISHED = 8
const NOTHING = Buffer.alloc(0)

/**
 * Walks over the lines from `from` to `to`, or to the end of what stands there. `sink(segment)` gives the taker of a
 * segment's lines; after each block the place reached is yielded, so that the caller may hand on what it took.
 *
 * Runs beside a writer in this or another process: whether a segment is finished is looked up before it is read to its end,
 * and it is read on if it was not.
 */
export async function* walk(
  options: WalkOptions,
  sink: (segment: number) => LineSink,
): AsyncGenerator<JournalPosition> {
  const track = new OrdinalTrack(options.after, options.onDamage)
  yield* walkSegments(options, track, sink)
  track.flush()
}

async function* walkSegments(
  options: WalkOptions,
  track: OrdinalTrack,
  sink: (segment: number) => LineSink,
): AsyncGenerator<JournalPosition> {
  const { fs, dir, to } = options
  let { segment, offset } = options.from
  for (let vanished = 0; ; ) {
    try {
      const segments = await listSegments(fs, dir)
      const files = segments.find(({ number }) => number >= segment)
      if (files === undefined || (to !== undefined && files.number > to.segment)) return
      if (files.number !== segment) {
        if (await leavesHole(fs, dir, files, segment)) {
          track.tell({ reason: 'missing_segment', position: { segment, offset }, bytes: 0, lines: 0 })
        }
        segment = files.number
        offset = 0
      }
      const later = segments.filter(({ number }) => number > segment)
      const last = to?.segment === segment
      const limit = await segmentLimit(fs, dir, files, later)
      const end = last ? Math.min(limit, to.offset) : limit
      const complete = last || later.length > 0
      const scanner = segmentScanner(segment, offset, track, sink(segment))
      for await (const block of readSegment(fs, dir, files, offset, end)) {
        scanner.push(block.bytes, block.offset)
        offset = scanner.offset
        yield { segment, offset }
      }
      // A file that ends before the place that the next header names has lost its tail.
      if (complete && Number.isFinite(end)) scanner.push(NOTHING, end)
      scanner.end(complete)
      offset = scanner.offset
      yield { segment, offset }
      if (last) return
      if (complete) {
        segment += 1
        offset = 0
      } else if (!(await listSegments(fs, dir)).some(({ number }) => number > segment)) return
      vanished = 0
    } catch (error) {
      if (!isMissing(error) || ++vanished > MAX_VANISHED) throw error
    }
  }
}

/** Was there a segment from `wanted` on before `found`? Numbers may be left out; segment 0 stands for the oldest. */
async function leavesHole(fs: JournalFs, dir: string, found: SegmentFiles, wanted: number): Promise<boolean> {
  if (wanted === 0) return false
  const previous = (await readHeader(fs, dir, found))?.previous
  return previous !== undefined && previous.segment >= wanted
}
