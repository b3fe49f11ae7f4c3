import type { Applier } from './apply/applier.ts'
import type { EventLog } from './event-log.ts'

/** Journals the removal of everything before it, and waits until the store has done it. */
export async function clearAll(parts: {
  readonly log: EventLog
  readonly applier: Applier
  readonly nowMs: number
}): Promise<void> {
  const { log, applier, nowMs } = parts
  const { firstOrdinal, durable } = log.clear(nowMs)
  // Refused at once: no ordinal was given out, and `durable` says why.
  if (firstOrdinal === 0) return void (await durable)
  const expected = applier.expectClear(firstOrdinal)
  try {
    await durable
  } catch (error) {
    applier.settle(expected, false)
    throw error
  }
  applier.settle(expected, true)
  await applier.applied(firstOrdinal)
}
