import { setImmediate as turn } from 'node:timers/promises'
import type { OrdinalRange } from '@tallystick/core/journal'
import type { StoredEvent } from '../store.ts'
import type { Floors } from './floors.ts'
import { documentsOf, readBlock, type Wanted } from './read-block.ts'
import type { Snapshot } from './snapshot.ts'

/** The events with ordinals of a range, in that order, at most `limit`: lines of the journal stand in its order. */
export async function readHeld(
  { first, last }: OrdinalRange,
  limit: number,
  { blocks }: Snapshot,
  floors: Floors,
): Promise<readonly StoredEvent[]> {
  const found: StoredEvent[] = []
  const wanted: Wanted = (_timestampMs, ordinal, own) => own && ordinal >= first && ordinal <= last
  for (const { block, handle, fileNumber } of blocks) {
    if (found.length >= limit || block.own === 0 || block.last < first || block.after >= last) continue
    const bytes = await readBlock(handle, block)
    if (bytes === undefined) continue
    for (const { stored } of documentsOf(bytes, block, fileNumber, floors, wanted)) found.push(stored)
    await turn()
  }
  return found.slice(0, limit)
}
