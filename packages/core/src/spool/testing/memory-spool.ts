import type { Random, UsageEvent } from '../../event/index.ts'
import type { FaultFs } from '../../journal/testing/fault-fs.ts'
import { steppingClock } from '../../journal/testing/power-cut.ts'
import { Prng } from '../../journal/testing/prng.ts'
import { EventStore } from '../../recorder/index.ts'
import { openSpool } from '../open.ts'
import type { SpoolOptions } from '../options.ts'
import type { Spool } from '../spool.ts'

export const DIR = '/spool'

const clock = steppingClock()

/** Repeats itself from the same seed. */
export function seeded(seed: number): Random {
  const prng = new Prng(seed)
  return {
    fill(bytes) {
      for (let at = 0; at < bytes.length; at++) bytes[at] = prng.below(256)
      return bytes
    },
  }
}

export interface Life {
  readonly spool: Spool
  readonly store: EventStore
  /** Trouble that was survived. */
  readonly errors: unknown[]
}

/** A life of a recorder with its spool, on a simulated disk. Nothing is drained but on demand. */
export async function begin(fs: FaultFs, options: Partial<SpoolOptions> = {}, capacity = 10_000): Promise<Life> {
  const errors: unknown[] = []
  const spool = await openSpool({
    ...(options.parent === undefined ? { dir: DIR } : {}),
    fs,
    clock,
    random: seeded(fs.operations + 1),
    drainIntervalMs: 0,
    drainThreshold: 1_000_000,
    onError: (error) => errors.push(error),
    ...options,
  })
  const store = new EventStore({ ...spool.life, capacity, clock, random: seeded(7) })
  spool.attach(store)
  return { spool, store, errors }
}

/** Records events that name `first`, `first + 1`, ... as their sessions. */
export function record(store: EventStore, first: number, count = 1, pad = 0): void {
  for (let number = first; number < first + count; number++)
    store.recordEvent({
      kind: 'llm_request_completed',
      requestModel: 'm',
      sessionId: String(number),
      ...(pad > 0 ? { tags: { pad: 'x'.repeat(Math.min(pad, 1000)) } } : {}),
    })
}

/** The numbers that {@link record} gave. */
export function numbersOf(events: readonly UsageEvent[]): number[] {
  return events.map(({ sessionId }) => Number(sessionId))
}

/** Takes everything and answers it. */
export async function deliverAll(spool: Spool, limit = 100): Promise<number[]> {
  const numbers: number[] = []
  for (;;) {
    const events = await spool.take(limit)
    if (events.length === 0) return numbers
    numbers.push(...numbersOf(events))
    await spool.settle(events, 'acked')
  }
}
