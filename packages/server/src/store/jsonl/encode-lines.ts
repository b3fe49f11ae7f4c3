import { setImmediate as turn } from 'node:timers/promises'
import type { EventKind } from '@tallystick/core/event'
import type { StoredEvent } from '../store.ts'
import { encodeLine } from './document-line.ts'

/** An event as it is written. */
export interface EncodedLine {
  readonly ordinal: number
  readonly timestampMs: number
  readonly kind: EventKind
  readonly bytes: Buffer
}

/** Events encoded before others have a turn. */
const SLICE_EVENTS = 256

export async function encodeLines(events: readonly StoredEvent[]): Promise<readonly EncodedLine[]> {
  const lines: EncodedLine[] = []
  for (const [index, stored] of events.entries()) {
    const { timestampMs, kind } = stored.event
    lines.push({ ordinal: stored.ordinal, timestampMs, kind, bytes: encodeLine(stored) })
    if (index % SLICE_EVENTS === SLICE_EVENTS - 1) await turn()
  }
  return lines
}
