import type { Clock } from '../../event/clock.ts'
import type { JournalDamage } from '../damage.ts'
import type { JournalFs } from '../fs.ts'
import type { Journal } from '../journal.ts'
import { openJournal } from '../open.ts'
import { readJournal } from '../read.ts'

export const DIR = '/journal'

/** A clock that rises by one ms each time it is asked. */
export function steppingClock(): Clock {
  let ms = 1_700_000_000_000
  return { now: () => ms++, monotonic: () => ms++ }
}

/** What the journal promised: ids are numbers from 1 that each stand in one record. */
export class Oracle {
  issued = 0
  /** Id -> ordinal. */
  readonly acked = new Map<number, number>()
  /** Told to be no part of the journal. */
  readonly rejected = new Set<number>()
  /** Acked ids were acked after this many rejections: those must be gone for good. */
  readonly disowned = new Set<number>()
  /** Ordinals up to here may have been dropped. */
  prunable = 0
  cursor = 0

  async append(journal: Journal, count: number): Promise<void> {
    const ids = Array.from({ length: count }, () => ++this.issued)
    const ticket = journal.append(
      ids.map((id) => ({ type: 'event', body: `"e":{"id":${id},"pad":"${'x'.repeat((id * 37) % 160)}"}` })),
    )
    try {
      await ticket.durable
      for (const [index, id] of ids.entries()) this.acked.set(id, ticket.firstOrdinal + index)
      for (const id of this.rejected) this.disowned.add(id)
    } catch {
      for (const id of ids) this.rejected.add(id)
    }
  }
}

export interface Life {
  readonly steps?: number
  /** Called when all is over but for one more append. */
  readonly healed?: () => void
}

/**
 * A life of a journal with rotation, sealing, cursors and pruning. Whatever fails in it is told to the oracle and passes.
 * False if the journal did not open.
 */
export async function live(fs: JournalFs, oracle: Oracle, { steps = 36, healed }: Life = {}): Promise<boolean> {
  const clock = steppingClock()
  let journal: Journal
  try {
    journal = await openJournal({ dir: DIR, fs, clock, segmentBytes: 800, commitDelayMs: 0, keepMs: 0 })
  } catch {
    return false
  }
  for (let step = 0; step < steps; step++) {
    const first = oracle.append(journal, 1 + (step % 3))
    const second = step % 2 === 0 ? oracle.append(journal, 2) : undefined
    await Promise.all([first, second])
    if (step % 9 === 5) await keepCursor(journal, oracle)
    if (step % 4 === 3 && oracle.cursor > 0) {
      // Waits for the sealing too.
      oracle.prunable = oracle.cursor
      await journal.prune().catch(() => {})
    }
  }
  if (healed !== undefined) {
    healed()
    await oracle.append(journal, 1)
  }
  await journal.close().catch(() => {})
  return true
}

async function keepCursor(journal: Journal, oracle: Oracle): Promise<void> {
  const { position, ordinal } = journal.end()
  try {
    await journal.saveCursor('report', position, ordinal)
    oracle.cursor = ordinal
  } catch {
    // Not promised.
  }
}

/** Opens what is left, reads it, goes on writing, and returns every promise that was broken. */
export async function brokenPromises(fs: JournalFs, oracle: Oracle): Promise<readonly string[]> {
  const broken: string[] = []
  const clock = steppingClock()
  const journal = await openJournal({ dir: DIR, fs, clock, segmentBytes: 1200, commitDelayMs: 0 })
  if ((journal.cursors().get('report')?.ordinal ?? 0) < oracle.cursor) broken.push('a saved cursor went back')
  const before = await readIds(fs, broken)
  for (const [id, ordinal] of oracle.acked) {
    if (!before.has(id) && ordinal > oracle.prunable) broken.push(`acked id ${id} is lost`)
    else if (before.has(id) && before.get(id) !== ordinal) broken.push(`acked id ${id} changed its ordinal`)
  }
  for (const id of oracle.disowned) if (before.has(id)) broken.push(`rejected id ${id} came back`)
  const used = Math.max(oracle.cursor, ...oracle.acked.values(), ...before.values())
  const ticket = journal.append([{ type: 'event', body: `"e":{"id":${oracle.issued + 1}}` }])
  if (ticket.firstOrdinal <= used) broken.push(`ordinal ${ticket.firstOrdinal} is given twice`)
  await ticket.durable
  await journal.close()
  const after = await readIds(fs, broken)
  for (const id of before.keys()) if (!after.has(id)) broken.push(`id ${id} was there and is lost`)
  if (!after.has(oracle.issued + 1)) broken.push('a record appended after recovery is lost')
  return broken
}

async function readIds(fs: JournalFs, broken: string[]): Promise<Map<number, number>> {
  const ids = new Map<number, number>()
  let last = 0
  const onCorrupt = ({ reason }: JournalDamage): void => {
    // A group that was under way may leave damaged bytes, and nothing else may be wrong.
    if (reason !== 'checksum') broken.push(`the journal has damage of kind ${reason}`)
  }
  for await (const { records } of readJournal({ dir: DIR, fs, onCorrupt })) {
    for (const { ordinal, body } of records) {
      const { id } = body['e'] as { readonly id: number }
      if (ids.has(id)) broken.push(`id ${id} is there twice`)
      if (ordinal <= last) broken.push(`ordinal ${ordinal} follows ${last}`)
      last = ordinal
      ids.set(id, ordinal)
    }
  }
  return ids
}
