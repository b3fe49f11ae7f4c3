import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '@tallystick/core/event'
import { fold, type Query } from '@tallystick/core/query'
import fc from 'fast-check'
import { expect } from 'vitest'
import { arbitraryEvent } from '../../../../core/src/event/testing/arbitrary.ts'
import type { StoredEvent, UsageStore } from '../store.ts'
import { arbitraryQuery } from './arbitrary-query.ts'
import type { StoreUnderTest } from './conformance.ts'

/** A store and what it is called when it answers otherwise. */
export interface ParityStore extends Pick<StoreUnderTest, 'open' | 'maintain'> {
  readonly name: string
}

export interface ParityRound {
  readonly seed: number
  readonly events: number
  /** Asked of every store, in equal parts between the moments of sealing. */
  readonly queries: number
}

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/**
 * Weeks in which a day of one of the zones that are asked for has 23 or 25 hours, or 23.5 or 24.5: New York, Lord Howe, Berlin,
 * New York again, Berlin again.
 */
const WEEKS: readonly number[] = [
  Date.UTC(2026, 9, 30),
  Date.UTC(2026, 9, 1),
  Date.UTC(2026, 9, 22),
  Date.UTC(2027, 2, 11),
  Date.UTC(2027, 2, 25),
]

/**
 * One round: the same events in the same order into all stores, some of them long after their quarter-hour was sealed, and the
 * same questions to all of them before and after each sealing. Everything follows from the seed.
 *
 * @throws when a store answers otherwise than `fold`; the message has the seed, the store and the question
 */
export async function parityRound(stores: readonly ParityStore[], round: ParityRound): Promise<void> {
  const fromMs = WEEKS[round.seed % WEEKS.length] as number
  const toMs = fromMs + 7 * DAY_MS
  const generated = fc.sample(arbitraryEvent({ fromMs, toMs }), { seed: round.seed, numRuns: round.events })
  const events: readonly StoredEvent[] = generated.map((event, index) => ({
    ordinal: index + 1,
    receivedMs: event.timestampMs + 5,
    event,
  }))
  const queries = fc.sample(arbitraryQuery({ fromMs, toMs }), { seed: round.seed + 1, numRuns: round.queries })
  // In the middle of a week whose days are of two lengths, so that both kinds lie before and behind.
  const steps = [
    { share: 0.4, sealAtMs: fromMs + 2.3 * DAY_MS },
    { share: 0.7, sealAtMs: fromMs + 4.01 * DAY_MS },
    { share: 1, sealAtMs: toMs + HOUR_MS },
  ]
  let nowMs = fromMs
  const clock: Clock = { now: () => nowMs, monotonic: () => performance.now() }
  const dir = await mkdtemp(join(tmpdir(), 'tallystick-parity-'))
  const opened: { readonly of: ParityStore; readonly store: UsageStore }[] = []
  try {
    for (const of of stores) opened.push({ of, store: await of.open(join(dir, of.name), clock) })
    let fed = 0
    let asked = 0
    for (const [index, { sealAtMs, share }] of steps.entries()) {
      const until = Math.round(events.length * share)
      for (const { store } of opened) await store.append(events.slice(fed, until))
      fed = until
      const part = Math.ceil(((index + 1) * queries.length) / steps.length)
      const half = Math.ceil((asked + part) / 2)
      await ask(opened, events.slice(0, fed), queries.slice(asked, half), round.seed)
      nowMs = sealAtMs
      for (const { of, store } of opened) await of.maintain?.(store)
      await ask(opened, events.slice(0, fed), queries.slice(half, part), round.seed)
      asked = part
    }
  } finally {
    for (const { store } of opened) await store.close()
    await rm(dir, { recursive: true, force: true })
  }
}

async function ask(
  opened: readonly { readonly of: ParityStore; readonly store: UsageStore }[],
  events: readonly StoredEvent[],
  queries: readonly Query[],
  seed: number,
): Promise<void> {
  const plain = events.map(({ event }) => event)
  for (const query of queries) {
    const { other_groups: others, rows } = fold(query, plain)
    await Promise.all(
      opened.map(async ({ of, store }) => {
        const what = `TALLYSTICK_PARITY_SEED=${seed}: ${of.name} of ${describeQuery(query)}`
        const answer = await store.query(query).catch((cause: unknown) => {
          throw new Error(`${what} fails`, { cause })
        })
        expect({ rows: answer.rows, others: answer.other_groups }, what).toEqual({ rows, others })
      }),
    )
  }
}

function describeQuery({ filters, groupBy, measures, orderBy, ...rest }: Query): string {
  return JSON.stringify({
    ...rest,
    measures: measures.map(({ name }) => name),
    groups: groupBy.map(({ name }) => name),
    filters: filters.map(({ by, values, negate }) => [by.name, values, negate]),
    orderBy: orderBy && [orderBy.measure.name, orderBy.descending],
  })
}
