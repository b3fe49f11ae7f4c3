import type { JsonBytes } from '@tallystick/core/event'
import type { AppendTicket, Journal, JournalEnd } from '@tallystick/core/journal'
import { type RepricingRecord, repricingBody } from '../store/repricing-record.ts'
import { ledgersBody, type SourceLedger } from './source-ledger.ts'

/** What the pipeline needs of a journal. */
export interface EventLog {
  /** Gives ordinals at once; `write` is called for the body of each record, and only where records are written. */
  append(count: number, write: (line: JsonBytes, index: number) => void): AppendTicket
  /** Gives one ordinal to the removal of every event before it. */
  clear(atMs: number): AppendTicket
  /** Gives one ordinal to new prices. */
  reprice(record: RepricingRecord): AppendTicket
  /** Gives one ordinal to what senders say of events that will never come. */
  tell(ledgers: readonly SourceLedger[]): AppendTicket
  end(): JournalEnd
}

export function journalLog(journal: Journal): EventLog {
  return {
    append: (count, write) => journal.append({ type: 'event', count, write }),
    clear: (atMs) => journal.append([{ type: 'clear', body: `"r":${atMs}` }]),
    reprice: (record) => journal.append([{ type: 'reprice', body: repricingBody(record) }]),
    tell: (ledgers) => journal.append([{ type: 'meta', body: ledgersBody(ledgers) }]),
    end: () => journal.end(),
  }
}

/** Gives ordinals and keeps nothing: for a store that lives in memory only. */
export function volatileLog(lastOrdinal: number): EventLog {
  let ordinal = lastOrdinal
  const end = (): JournalEnd => ({ position: { segment: 1, offset: 0 }, ordinal })
  const take = (count: number): AppendTicket => {
    const firstOrdinal = ordinal + 1
    ordinal += count
    return { firstOrdinal, durable: Promise.resolve(end()) }
  }
  return { append: (count) => take(count), clear: () => take(1), reprice: () => take(1), tell: () => take(1), end }
}
