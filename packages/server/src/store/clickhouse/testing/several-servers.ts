import type { Clock, UsageEvent } from '@tallystick/core/event'
import { fold } from '@tallystick/core/query'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { ClickhouseEngine } from '../../../../../../test/engines/clickhouse/start.ts'
import { ARBITRARY_FROM_MS, ARBITRARY_TO_MS, arbitraryEvent } from '../../../../../core/src/event/testing/arbitrary.ts'
import { arbitraryQuery } from '../../testing/arbitrary-query.ts'
import type { ClickhouseStore } from '../clickhouse-store.ts'
import { openClickhouseStore } from '../open.ts'
import { addressOf } from './open-test-store.ts'

const SERVERS = 3

/** The store of one server, which has the events of its own journal. */
interface Server {
  readonly store: ClickhouseStore
  ordinal: number
  /** What its own deduplication has let through. */
  readonly seen: Set<string>
}

export interface Interleaving {
  readonly seed: number
  readonly events: number
  readonly steps: number
  readonly queries: number
}

/**
 * Gives events to servers over one database, some to several of them, in random order, while they seal, also two at once.
 * Expects that each answers as the fold over the set of events does.
 */
export async function shareDatabase(
  engine: ClickhouseEngine,
  { seed, events, steps, queries }: Interleaving,
): Promise<void> {
  let nowMs = ARBITRARY_FROM_MS
  const clock: Clock = { now: () => nowMs, monotonic: () => performance.now() }
  const servers = await serversOf(engine, `shared_${process.pid}_${seed}`, clock)
  const all = distinct(fc.sample(arbitraryEvent(), { numRuns: events, seed }))
  const asked = fc.sample(arbitraryQuery({ fromMs: ARBITRARY_FROM_MS, toMs: ARBITRARY_TO_MS }), {
    numRuns: queries,
    seed,
  })
  const given = new Set<UsageEvent>()
  const expectAnswers = async (): Promise<void> => {
    for (const query of asked) {
      const { rows } = fold(query, [...given])
      for (const { store } of servers) expect((await store.query(query)).rows, `seed ${seed}`).toEqual(rows)
    }
  }
  try {
    for (const [step, { at, first, count, seals }] of deliveries(steps, all.length, seed).entries()) {
      const some = all.slice(first, first + count)
      for (const event of some) given.add(event)
      await give(servers[at] as Server, some)
      if (seals) {
        nowMs = ARBITRARY_FROM_MS + Math.round(((ARBITRARY_TO_MS - ARBITRARY_FROM_MS) * step) / steps)
        // Of two sealings at once one counts.
        await Promise.all([servers[at], servers[(at + 1) % SERVERS]].map((one) => one?.store.maintain()))
      }
      if (step % 8 === 7) await expectAnswers()
    }
    nowMs = ARBITRARY_TO_MS + 86_400_000
    const [first] = servers as [Server]
    await first.store.maintain()
    await expectAnswers()
    for (const { store } of servers) expect((await store.stats()).events).toBe(given.size)
    expect((await first.store.audit()).differences).toEqual([])
    // Otherwise nothing was given to two.
    expect(servers.reduce((sum, { ordinal }) => sum + ordinal, 0)).toBeGreaterThan(given.size)
  } finally {
    for (const { store } of servers) await store.close()
  }
}

function deliveries(steps: number, events: number, seed: number) {
  const delivery = fc.record({
    at: fc.nat(SERVERS - 1),
    first: fc.nat(events - 1),
    count: fc.integer({ min: 1, max: Math.ceil(events / 3) }),
    seals: fc.nat(3).map((one) => one === 0),
  })
  return fc.sample(delivery, { numRuns: steps, seed })
}

function distinct(events: readonly UsageEvent[]): readonly UsageEvent[] {
  return [...new Map(events.toReversed().map((event) => [identityOf(event), event])).values()]
}

const identityOf = ({ tenantId, agentId, sourceId, eventId }: UsageEvent): string =>
  JSON.stringify([tenantId ?? null, agentId ?? null, agentId === undefined ? (sourceId ?? null) : null, eventId])

async function serversOf(engine: ClickhouseEngine, database: string, clock: Clock): Promise<readonly Server[]> {
  const address = addressOf(engine, database)
  const stores = await Promise.all(
    Array.from({ length: SERVERS }, (_, at) =>
      openClickhouseStore({ address, clock, journalId: `journal-${at}`, maintainEveryMs: 0 }),
    ),
  )
  return stores.map((store) => ({ store, ordinal: 0, seen: new Set() }))
}

async function give(server: Server, events: readonly UsageEvent[]): Promise<void> {
  const fresh = events.filter((event) => !server.seen.has(identityOf(event)))
  for (const event of fresh) server.seen.add(identityOf(event))
  await server.store.append(fresh.map((event) => ({ ordinal: ++server.ordinal, receivedMs: event.timestampMs, event })))
}
