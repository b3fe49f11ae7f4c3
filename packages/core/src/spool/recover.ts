import { type JournalEnd, type JournalFs, type JournalRecord, listSegments, readJournal } from '../journal/index.ts'
import { Accounts } from './accounts.ts'
import { readRecord } from './records.ts'

export interface Recovered {
  readonly accounts: Accounts
  /** The oldest segment there is. */
  readonly oldest: number
}

/** Makes the accounts again from the journal: from the newest saved state on, which stands in one of its last segments. */
export async function recoverAccounts(fs: JournalFs, dir: string, end: JournalEnd): Promise<Recovered> {
  const segments = (await listSegments(fs, dir)).map(({ number }) => number)
  const accounts = new Accounts()
  const start = await newestState(fs, dir, segments, end)
  for await (const record of records(fs, dir, start, end)) accounts.replay(record)
  accounts.reconcile(end.ordinal, segments)
  return { accounts, oldest: segments[0] ?? end.position.segment }
}

/** The newest segment with a saved state; the oldest if none has one. */
async function newestState(fs: JournalFs, dir: string, segments: readonly number[], end: JournalEnd): Promise<number> {
  for (const segment of [...segments].reverse()) {
    for await (const record of records(fs, dir, segment, end)) {
      if (record.position.segment > segment) break
      if (readRecord(record)?.kind === 'state') return segment
    }
  }
  return segments[0] ?? 0
}

async function* records(fs: JournalFs, dir: string, segment: number, end: JournalEnd): AsyncGenerator<JournalRecord> {
  const from = { segment, offset: 0 }
  for await (const batch of readJournal({ dir, fs, from, to: end.position })) yield* batch.records
}
