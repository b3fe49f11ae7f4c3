import { open } from 'node:fs/promises'
import type { Block } from './block.ts'
import type { DataFile } from './data-file.ts'
import { documentsOf, readBlock } from './read-block.ts'

export interface Expired {
  readonly file: DataFile
  /** Events that are no longer visible. */
  readonly events: number
  /** Those of them that came through the journal. */
  readonly own: number
}

/** Hides the events of a file that lie before `floorMs`. Only blocks that the instant cuts through are read. */
export async function hideExpired(file: DataFile, floorMs: number): Promise<Expired> {
  const due = file.blocks.some(({ events, minMs }) => events > 0 && minMs < floorMs)
  if (!due) return { file, events: 0, own: 0 }
  const handle = await open(file.path, 'r')
  try {
    let events = 0
    let own = 0
    const blocks: Block[] = []
    for (const block of file.blocks) {
      let now = block
      if (block.events > 0 && block.minMs < floorMs) {
        const bytes = block.maxMs < floorMs ? Buffer.alloc(0) : await readBlock(handle, block)
        if (bytes) now = visibleOf(block, bytes, file.number, floorMs)
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

function visibleOf(block: Block, bytes: Buffer, fileNumber: number, floorMs: number): Block {
  let events = 0
  let own = 0
  let minMs = Number.POSITIVE_INFINITY
  let maxMs = Number.NEGATIVE_INFINITY
  const count = (timestampMs: number, _ordinal: number, isOwn: boolean): boolean => {
    if (timestampMs >= floorMs) {
      events++
      if (isOwn) own++
      minMs = Math.min(minMs, timestampMs)
      maxMs = Math.max(maxMs, timestampMs)
    }
    return false
  }
  for (const _ of documentsOf(bytes, block, fileNumber, count));
  return { ...block, events, own, hidden: block.hidden + block.events - events, minMs, maxMs }
}

/** Bytes of a file that hold nothing but expired events, about. */
export function hiddenBytes({ blocks }: DataFile): number {
  return blocks.reduce(
    (sum, { start, end, hidden, events }) => sum + (hidden === 0 ? 0 : (end - start) * (hidden / (hidden + events))),
    0,
  )
}
