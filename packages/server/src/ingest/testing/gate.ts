import { TallystickError } from '@tallystick/core'
import { JsonBytes } from '@tallystick/core/event'
import type { AppendTicket, Journal, JournalEnd, JournalEntry, JournalSeries } from '@tallystick/core/journal'

/** A journal whose commits wait to be let through, or fail, as a test decides. */
export interface Gate {
  readonly wrap: (journal: Journal) => Journal
  /** Appends that wait. */
  readonly waiting: number
  /** Lets the oldest waiting append through to the real journal. */
  pass(): void
  /** Fails the oldest waiting append; it never reaches the journal. */
  fail(): void
  /** From now on nothing waits. */
  open(): void
}

export function gate(): Gate {
  const held: { readonly pass: () => void; readonly fail: () => void }[] = []
  let closed = true
  const wrap = (journal: Journal): Journal => {
    let lastOrdinal = journal.end().ordinal
    return {
      ...journal,
      append(given): AppendTicket {
        const records = entriesOf(given)
        const firstOrdinal = lastOrdinal + 1
        lastOrdinal += records.length
        if (!closed) return journal.append(records)
        const durable = new Promise<JournalEnd>((resolve, reject) => {
          const pass = (): void => {
            const ticket = journal.append(records)
            if (ticket.firstOrdinal !== firstOrdinal) reject(new Error('the test let appends through out of order'))
            ticket.durable.then(resolve, reject)
          }
          const fail = (): void => {
            lastOrdinal = journal.end().ordinal + journal.stats().pending
            reject(new TallystickError('disk_full'))
          }
          held.push({ pass, fail })
        })
        return { firstOrdinal, durable }
      },
    }
  }
  return {
    wrap,
    get waiting() {
      return held.length
    },
    pass: () => held.shift()?.pass(),
    fail: () => held.shift()?.fail(),
    open() {
      closed = false
      for (const { pass } of held.splice(0)) pass()
    },
  }
}

/** Lets everything that is ready happen. */
export async function turn(): Promise<void> {
  for (let count = 0; count < 3; count++) await new Promise((resolve) => setImmediate(resolve))
}

/** A series must be written at once; what it wrote can be held back. */
function entriesOf(records: readonly JournalEntry[] | JournalSeries): readonly JournalEntry[] {
  if (!('write' in records)) return records
  return Array.from({ length: records.count }, (_, index) => {
    const line = new JsonBytes()
    records.write(line, index)
    return { type: records.type, body: new TextDecoder().decode(line.bytes.subarray(0, line.length)) }
  })
}
