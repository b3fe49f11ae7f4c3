import type { OrdinalRange } from '@tallystick/core/journal'
import type { StoredEvent, UsageStore } from '../store/store.ts'

export interface MoveOptions {
  readonly from: Pick<UsageStore, 'held'>
  readonly to: Pick<UsageStore, 'append'>
  /** What is moved: behind what `to` has applied, up to what `from` has. */
  readonly range: OrdinalRange
  /** Events in memory are at most twice this many; 8,192 unless given. */
  readonly batchEvents?: number
  /** Told of each batch once `to` has it. */
  readonly onMoved?: (events: number) => void
}

const BATCH_EVENTS = 8192

/**
 * Hands the events of one store to another in the order of the journal, the next batch being read while one is written. Events
 * before the range may be handed over again by whoever goes on after a crash: the receiver skips what it has applied.
 *
 * @returns how many were handed over
 */
export async function moveEvents(options: MoveOptions): Promise<number> {
  const { from, to, range, batchEvents = BATCH_EVENTS, onMoved = () => {} } = options
  let moved = 0
  let after = range.first - 1
  const reading = heldBatches(from, range, batchEvents)
  let ahead = reading.next()
  for (;;) {
    const { value: events, done } = await ahead
    if (done) return moved
    ahead = reading.next()
    // Told when it is awaited; until then nobody would be there to hear.
    ahead.catch(() => undefined)
    await to.append(events, { after })
    after = events.at(-1)?.ordinal ?? after
    moved += events.length
    onMoved(events.length)
  }
}

/**
 * The events of a range in batches. A store is asked for so many ordinals as it gives events, since asked for "the next ones
 * behind" it might sort all that follow; where numbers are missing, for ever more of them.
 */
async function* heldBatches(
  from: Pick<UsageStore, 'held'>,
  { first, last }: OrdinalRange,
  size: number,
): AsyncGenerator<readonly StoredEvent[], undefined> {
  let width = size
  for (let next = first; next <= last; ) {
    const end = Math.min(last, next + width - 1)
    const events = await from.held({ first: next, last: end }, size)
    const newest = events.at(-1)
    if (newest !== undefined) yield events
    // A full answer may have left out events of the range.
    const full = events.length >= size && newest !== undefined
    next = full ? newest.ordinal + 1 : end + 1
    width = newest === undefined ? width * 2 : size
  }
}
