import type { UsageEvent } from '../../event/index.ts'
import type { FaultFs } from '../../journal/testing/fault-fs.ts'
import type { EventStore, Ledger } from '../../recorder/index.ts'
import type { Spool } from '../spool.ts'
import { begin, deliverAll, numbersOf, record } from './memory-spool.ts'

/** What an application and a server know of the events that went through a spool. */
export class Oracle {
  recorded = 0
  /** Taken into the recorder's memory. */
  readonly kept = new Set<number>()
  /** On disk, as `flush` told. */
  readonly flushed = new Set<number>()
  /** Arrived at the server. */
  readonly arrived = new Set<number>()
  /** Answered, and the answer was taken note of durably. */
  readonly settled = new Set<number>()
}

export interface ScriptOptions {
  readonly steps?: number
  readonly maxBytes?: number
  readonly pad?: number
}

/** A life of a recorder, its spool and a server that answers most of what it gets. Nothing may be thrown in it but by `flush`. */
export async function live(
  fs: FaultFs,
  oracle: Oracle,
  { steps = 24, maxBytes, pad = 40 }: ScriptOptions = {},
): Promise<Spool | undefined> {
  let spool: Spool
  let store: EventStore
  try {
    ;({ spool, store } = await begin(fs, maxBytes === undefined ? {} : { maxBytes }, 1000))
  } catch {
    // The one call that tells of trouble.
    return undefined
  }
  const held: UsageEvent[] = []
  for (let step = 0; step < steps; step++) {
    const count = 1 + ((step * 5) % 7)
    const before = store.droppedCount
    record(store, oracle.recorded, count, pad)
    const dropped = store.droppedCount - before
    for (let at = 0; at < count - dropped; at++) oracle.kept.add(oracle.recorded + at)
    oracle.recorded += count
    await spool.flush().then(
      () => {
        for (const number of oracle.kept) oracle.flushed.add(number)
      },
      () => undefined,
    )
    if (step % 3 === 0) continue
    if (step % 8 === 7) spool.release(held.splice(0))
    const events = await spool.take(step % 8 === 7 ? 100 : 6)
    const answered = step % 8 === 7 ? events : events.filter((_, index) => (index + step) % 4 !== 0)
    for (const number of numbersOf(events)) oracle.arrived.add(number)
    await spool.settle(answered, 'acked')
    if (spool.stats().error === undefined && !fs.crashed)
      for (const number of numbersOf(answered)) oracle.settled.add(number)
    const unanswered = events.filter((event) => !answered.includes(event))
    if (step % 2 === 0) spool.release(unanswered)
    else held.push(...unanswered)
  }
  spool.release(held)
  return spool
}

export const balanced = ({ recorded, acked, pending, dropped }: Ledger): boolean =>
  recorded === acked + pending + [...dropped.values()].reduce((sum, count) => sum + count, 0)

/** Opens what is left, delivers it, and returns everything that contradicts what was known. */
export async function broken(fs: FaultFs, oracle: Oracle, options: ScriptOptions = {}): Promise<readonly string[]> {
  const found: string[] = []
  const { spool } = await begin(fs, options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes })
  const [before] = spool.lives()
  if (before !== undefined && !balanced(before)) found.push(`out of balance: ${JSON.stringify(before)}`)
  const delivered = await deliverAll(spool, 7)
  const twice = delivered.filter((number, index) => delivered.indexOf(number) !== index)
  if (twice.length > 0) found.push(`${twice} came twice`)
  for (const number of oracle.flushed)
    if (!oracle.arrived.has(number) && !delivered.includes(number)) found.push(`${number} was on disk and is lost`)
  for (const number of delivered) {
    if (oracle.settled.has(number)) found.push(`${number} was answered and came back`)
    if (!oracle.kept.has(number)) found.push(`${number} was never recorded`)
  }
  const [after] = spool.lives()
  if (after !== undefined) {
    if (!balanced(after) || after.pending !== 0) found.push(`out of balance: ${JSON.stringify(after)}`)
    if (after.recorded > oracle.recorded) found.push(`${after.recorded} of ${oracle.recorded} recorded`)
    if (after.recorded < oracle.flushed.size)
      found.push(`only ${after.recorded} recorded, ${oracle.flushed.size} flushed`)
    const damaged = after.dropped.get('spool_damaged') ?? 0
    // A write that the power cut short may have holes.
    if (damaged > oracle.kept.size - oracle.flushed.size) found.push(`${damaged} damaged`)
  }
  await spool.close()
  return found
}
