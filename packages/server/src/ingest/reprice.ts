import type { RepricingRecord } from '../store/repricing-record.ts'
import type { Applier } from './apply/applier.ts'
import type { EventLog } from './event-log.ts'

/** Journals new prices and hands them to the store in their turn; resolves once they are durable. */
export async function journalRepricing(parts: {
  readonly log: EventLog
  readonly applier: Applier
  readonly record: RepricingRecord
}): Promise<void> {
  const { log, applier, record } = parts
  const { firstOrdinal, durable } = log.reprice(record)
  // Refused at once: no ordinal was given out, and `durable` says why.
  if (firstOrdinal === 0) return void (await durable)
  const { fromMs, toMs, events } = record
  const expected = applier.expectReprice({ ordinal: firstOrdinal, fromMs, toMs, events })
  try {
    await durable
  } catch (error) {
    applier.settle(expected, false)
    throw error
  }
  applier.settle(expected, true)
}
