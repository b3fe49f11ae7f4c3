import { open } from 'node:fs/promises'
import type { Block } from './block.ts'
import type { DataFile } from './data-file.ts'
import { type Floors, kindsMatterBefore } from './floors.ts'
import { documentsOf, readBlock } from './read-block.ts'

export interface Expired {
  readonly file: DataFile
  /** Events that are no longer visible. */
  readonly events: number
  /** Those of them that came through the journal. */
  readonly own: number
}

/**
 * Hides the events of a file that have expired. Only blocks that an instant cuts through are read, and of kinds those in which
 * something may have expired since `before`.
 */
export async function hideExpired(file: DataFile, before: Floors, floors: Floors): Promise<Expired> {
  const { floorMs } = floors
  const kinds = [...floors.kinds].filter(([kind, toMs]) => toMs > floorMs && toMs > (before.kinds.get(kind) ?? 0))
  const isDue = ({ events, maxMs, minMs }: Block): boolean =>
    events > 0 &&
    (minMs < floorMs || kinds.some(([kind, toMs]) => minMs < toMs && maxMs >= (before.kinds.get(kind) ?? 0)))
  if (!file.blocks.some(isDue)) return { file, events: 0, own: 0 }
  const handle = await open(file.path, 'r')
  try {
    let events = 0
    let own = 0
    const blocks: Block[] = []
    for (const block of file.blocks) {
      let now = block
      if (isDue(block)) {
        const bytes = block.maxMs < floorMs ? Buffer.alloc(0) : await readBlock(handle, block)
        if (bytes) now = visibleOf(block, bytes, file.number, floors)
      }
      events += block.events - now.events
      own += block.own - now.own
      blocks.push(now)
    }
    return { file: { ...file, blocks }, events, own }
  } finally {
    await handle.close()
  }
}

function visibleOf(block: Block, bytes: Buffer, fileNumber: number, floors: Floors): Block {
  let events = 0
  let own = 0
  let minMs = Number.POSITIVE_INFINITY
  let maxMs = Number.NEGATIVE_INFINITY
  const count = (timestampMs: number, isOwn: boolean): void => {
    events++
    if (isOwn) own++
    minMs = Math.min(minMs, timestampMs)
    maxMs = Math.max(maxMs, timestampMs)
  }
  const kindsMs = kindsMatterBefore(floors)
  const wanted = (timestampMs: number, _ordinal: number, isOwn: boolean): boolean => {
    if (timestampMs < kindsMs) return true
    if (timestampMs >= floors.floorMs) count(timestampMs, isOwn)
    // What need not be parsed to be counted is not wanted.
    return false
  }
  for (const { stored, own: isOwn } of documentsOf(bytes, block, fileNumber, floors, wanted))
    count(stored.event.timestampMs, isOwn)
  return { ...block, events, own, hidden: block.hidden + block.events - events, minMs, maxMs }
}

/** Bytes of a file that hold nothing but expired events, about. */
export function hiddenBytes({ blocks }: DataFile): number {
  return blocks.reduce(
    (sum, { start, end, hidden, events }) => sum + (hidden === 0 ? 0 : (end - start) * (hidden / (hidden + events))),
    0,
  )
}
