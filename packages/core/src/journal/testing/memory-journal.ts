import type { JournalFs } from '../fs.ts'
import type { Journal } from '../journal.ts'
import { type JournalOptions, openJournal } from '../open.ts'
import { readJournal } from '../read.ts'
import type { JournalEntry } from '../record.ts'
import { DIR, steppingClock } from './power-cut.ts'

/** A record whose body names `id`. */
export function record(id: number, pad = 0): JournalEntry {
  return { type: 'event', body: `"e":{"id":${id}${pad > 0 ? `,"pad":"${'x'.repeat(pad)}"` : ''}}` }
}

/** The ids of all records that can be read, in order. */
export async function idsOf(fs: JournalFs, dir = DIR): Promise<number[]> {
  const ids: number[] = []
  for await (const { records } of readJournal({ dir, fs })) {
    for (const { body } of records) ids.push((body['e'] as { readonly id: number }).id)
  }
  return ids
}

export function openMemoryJournal(fs: JournalFs, options: Partial<JournalOptions> = {}): Promise<Journal> {
  return openJournal({ dir: DIR, fs, clock: steppingClock(), commitDelayMs: 0, ...options })
}

/** Writes records `1..count` and closes. */
export async function writeRecords(fs: JournalFs, count: number, options: Partial<JournalOptions> = {}): Promise<void> {
  const journal = await openMemoryJournal(fs, options)
  for (let id = 1; id <= count; id++) await journal.append([record(id)]).durable
  // Waits for the sealing.
  await journal.prune()
  await journal.close()
}
