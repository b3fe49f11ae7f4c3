import type { AppendTicket, Journal, JournalEnd } from '@tallystick/core/journal'

/** What the pipeline needs of a journal. */
export interface EventLog {
  /** Gives ordinals at once; `bodyOf` is asked for each record only where records are written. */
  append(count: number, bodyOf: (index: number) => string): AppendTicket
  /** Gives one ordinal to the removal of every event before it. */
  clear(atMs: number): AppendTicket
  end(): JournalEnd
}

export function journalLog(journal: Journal): EventLog {
  return {
    append: (count, bodyOf) =>
      journal.append(Array.from({ length: count }, (_, index) => ({ type: 'event' as const, body: bodyOf(index) }))),
    clear: (atMs) => journal.append([{ type: 'clear', body: `"r":${atMs}` }]),
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
  return { append: (count) => take(count), clear: () => take(1), end }
}
