import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EventKind, UsageEvent } from '../../event/index.ts'
import type { Ledger, PendingEvents } from '../pending.ts'

/** An empty holder of pending events, and how to put one event into it. */
export interface PendingSubject {
  readonly pending: PendingEvents
  /** Records one event of the kind, with room for it; may be asynchronous where that writes. */
  record(kind: EventKind): unknown
  close?(): unknown
}

const COMPLETED: EventKind = 'llm_request_completed'
const MODELS = 200
const SEED = 20_261_121

/**
 * What every {@link PendingEvents} promises.
 *
 * @param make a fresh one with room for a thousand events
 */
export function describePendingEvents(name: string, make: () => PendingSubject | Promise<PendingSubject>): void {
  const withSubject = async (use: (subject: PendingSubject) => Promise<void>): Promise<void> => {
    const subject = await make()
    try {
      await use(subject)
    } finally {
      await subject.close?.()
    }
  }
  const fact = (what: string, use: (subject: PendingSubject) => Promise<void>): void => it(what, () => withSubject(use))

  describe(`pending events: ${name}`, () => {
    fact('give nothing while there is nothing', async ({ pending }) => {
      expect(pending.pendingCount).toBe(0)
      expect(await pending.take(10)).toEqual([])
    })

    fact('give the oldest first, each once, with its identity', async ({ pending, record }) => {
      await recordMany(record, 5)
      const first = await pending.take(2)
      const second = await pending.take(10)
      const all = [...first, ...second]
      expect([first.length, second.length, pending.pendingCount]).toEqual([2, 3, 5])
      expect(seqsOf(all)).toEqual([0, 1, 2, 3, 4])
      expect(new Set(all.map(({ eventId }) => eventId)).size).toBe(5)
      for (const { eventId, sourceId, epoch } of all) {
        expect([eventId, sourceId]).toEqual([expect.stringMatching(/./), all[0]?.sourceId])
        expect(epoch).toBe(all[0]?.epoch)
      }
      expect(await pending.take(1)).toEqual([])
    })

    fact('leave what is not wanted in its place', async ({ pending, record }) => {
      for (const kind of [COMPLETED, 'router_started', COMPLETED, 'router_started'] as const) await record(kind)
      expect(seqsOf(await pending.take(10, ({ kind }) => kind === COMPLETED))).toEqual([0, 2])
      expect(seqsOf(await pending.take(1))).toEqual([1])
      expect(seqsOf(await pending.take(10))).toEqual([3])
    })

    fact('forget what is settled, and count it by its outcome', async ({ pending, record }) => {
      await recordMany(record, 4)
      const events = await pending.take(4)
      await pending.settle(events.slice(1, 3), 'acked')
      await pending.settle(events.slice(0, 1), 'rejected')
      expect(pending.pendingCount).toBe(1)
      pending.release(events.slice(3))
      expect(seqsOf(await pending.take(4))).toEqual([3])
    })

    fact('put what is released back into its old place', async ({ pending, record }) => {
      await recordMany(record, 6)
      const first = await pending.take(2)
      const second = await pending.take(2)
      pending.release(second)
      pending.release(first)
      expect(seqsOf(await pending.take(3))).toEqual([0, 1, 2])
      await record(COMPLETED)
      expect(seqsOf(await pending.take(10))).toEqual([3, 4, 5, 6])
    })

    fact('call a listener soon after enough wait, never within the recording', async ({ pending, record }) => {
      let calls = 0
      const stop = pending.onWaiting(3, () => calls++)
      await recordMany(record, 2)
      await soon()
      expect(calls).toBe(0)
      const recorded = record(COMPLETED)
      expect(calls).toBe(0)
      await recorded
      await soon()
      expect(calls).toBeGreaterThan(0)

      await pending.settle(await pending.take(3), 'acked')
      calls = 0
      await recordMany(record, 2)
      await soon()
      expect(calls).toBe(0)
      await record(COMPLETED)
      await soon()
      expect(calls).toBeGreaterThan(0)

      stop()
      calls = 0
      await recordMany(record, 5)
      await soon()
      expect(calls).toBe(0)
    })

    fact('do not count what is taken as waiting', async ({ pending, record }) => {
      await recordMany(record, 3)
      await pending.take(3)
      let calls = 0
      const stop = pending.onWaiting(3, () => calls++)
      await recordMany(record, 2)
      await soon()
      expect(calls).toBe(0)
      stop()
    })

    it('balance at every step: recorded = acked + pending + dropped, and order is kept', async () => {
      const kinds = fc.constantFrom<EventKind>(COMPLETED, 'llm_request_failed', 'router_started')
      const step = fc.oneof(
        { weight: 4, arbitrary: fc.record({ do: fc.constant('record' as const), kind: kinds }) },
        {
          weight: 2,
          arbitrary: fc.record({
            do: fc.constant('take' as const),
            limit: fc.integer({ min: 1, max: 6 }),
            llm: fc.boolean(),
          }),
        },
        {
          weight: 3,
          arbitrary: fc.record({
            do: fc.constantFrom('acked' as const, 'rejected' as const, 'release' as const),
            from: fc.nat(20),
            count: fc.integer({ min: 1, max: 6 }),
          }),
        },
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) =>
          withSubject(async ({ pending, record }) => {
            const base = sumsOf(pending.ledgers())
            let recorded = 0
            let acked = 0
            let rejected = 0
            let taken: UsageEvent[] = []
            let waiting: { seq: number; kind: EventKind }[] = []
            for (const action of steps) {
              if (action.do === 'record') {
                await record(action.kind)
                waiting.push({ seq: recorded++, kind: action.kind })
              } else if (action.do === 'take') {
                const wanted = ({ kind }: { kind: EventKind }): boolean => !action.llm || kind !== 'router_started'
                const expected = waiting.filter(wanted).slice(0, action.limit)
                const got = await pending.take(action.limit, action.llm ? wanted : undefined)
                expect(seqsOf(got)).toEqual(expected.map(({ seq }) => seq))
                taken.push(...got)
                waiting = waiting.filter((event) => !expected.includes(event))
              } else {
                const chosen = taken.slice(action.from, action.from + action.count)
                taken = taken.filter((event) => !chosen.includes(event))
                if (action.do === 'release') {
                  pending.release(chosen)
                  waiting.push(...chosen.map(({ seq = -1, kind }) => ({ seq, kind })))
                  waiting.sort((a, b) => a.seq - b.seq)
                } else {
                  await pending.settle(chosen, action.do)
                  if (action.do === 'acked') acked += chosen.length
                  else rejected += chosen.length
                }
              }
              expect(pending.pendingCount).toBe(waiting.length + taken.length)
              const sums = sumsOf(pending.ledgers())
              expect(sums.recorded).toBe(sums.acked + sums.pending + sums.dropped)
              if (sums.recorded > base.recorded)
                expect(sums).toEqual({
                  recorded: base.recorded + recorded,
                  acked: base.acked + acked,
                  pending: pending.pendingCount,
                  dropped: base.dropped + rejected,
                })
            }
          }),
        ),
        { seed: SEED, numRuns: MODELS },
      )
    })
  })
}

async function recordMany(record: PendingSubject['record'], count: number): Promise<void> {
  for (let index = 0; index < count; index++) await record(COMPLETED)
}

const seqsOf = (events: readonly UsageEvent[]): (number | undefined)[] => events.map(({ seq }) => seq)

/** Long enough for anything that is called "soon": microtasks, immediates and a timer of 0 ms. */
async function soon(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 1))
}

interface Sums {
  readonly recorded: number
  readonly acked: number
  readonly pending: number
  readonly dropped: number
}

function sumsOf(ledgers: readonly Ledger[]): Sums {
  const sum = (of: (ledger: Ledger) => number): number => ledgers.reduce((total, ledger) => total + of(ledger), 0)
  return {
    recorded: sum(({ recorded }) => recorded),
    acked: sum(({ acked }) => acked),
    pending: sum(({ pending }) => pending),
    dropped: sum(({ dropped }) => [...dropped.values()].reduce((total, count) => total + count, 0)),
  }
}
