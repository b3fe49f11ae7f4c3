import type { TallystickError } from '@tallystick/core'
import { createPriceBook } from '@tallystick/core/pricing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NOON } from '../ingest/testing/harness.ts'
import { openMemoryState } from '../state/memory.ts'
import type { ControlState } from '../state/state.ts'
import type { Budgets } from './budgets.ts'
import { KEEP_ENDED_MS } from './lease-book.ts'
import { DEFAULT_TTL_MS, readTerms } from './lease-terms.ts'
import { GRACE_MS } from './leases.ts'
import type { BudgetExceeded } from './refusal.ts'
import { openDesk, type TestDesk, terms } from './testing/desk.ts'

const USAGE = { model: 'gpt-4o', provider: 'openai', cost_nano_usd: 40, input_tokens: 10, output_tokens: 5 }

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (error: TallystickError) => error.code,
  )
}

/** A desk with one hard budget of 100 nano-USD for agent 1. */
async function openWithBudget(more: object = {}): Promise<TestDesk & { readonly id: string }> {
  const desk = await openDesk()
  const id = await desk.make({
    amount: 100,
    window: 'day',
    subject: { dimension: 'agent_id', value: '1' },
    thresholds: [],
    ...more,
  })
  return Object.assign(desk, { id })
}

describe('a lease', () => {
  it('is never sold twice: 1,000 requests at once get what there is and no more', async () => {
    const desk = await openDesk()
    const id = await desk.make({ amount: 3_333, thresholds: [] })
    await desk.make({ amount: 5_000, thresholds: [], subject: { dimension: 'agent_id', value: '1' } })
    const asked = Array.from({ length: 1_000 }, (_, index) => desk.budgets.leases.reserve(terms(`r${index}`, 10n)))
    const outcomes = await Promise.allSettled(asked)
    const refused = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as BudgetExceeded] : [],
    )
    expect(outcomes.length - refused.length).toBe(333)
    expect(refused.every(({ code, refusal }) => code === 'budget_exceeded' && refusal.budgetId === id)).toBe(true)
    expect(await desk.figures(id)).toMatchObject({ reserved: 3_330n, remaining: 3n, spent: 0n, leases: 333 })
  })

  it('says which budget has no room, what is left and when it begins anew', async () => {
    const desk = await openWithBudget()
    await desk.budgets.leases.reserve(terms('a', 60n))
    const refused = await desk.budgets.leases.reserve(terms('b', 41n)).catch((error: BudgetExceeded) => error)
    expect(refused).toMatchObject({
      code: 'budget_exceeded',
      refusal: {
        budgetId: desk.id,
        amount: 100n,
        spent: 0n,
        reserved: 60n,
        remaining: 40n,
        resetsMs: NOON + 43_200_000,
      },
      retryAfterSeconds: 43_200,
    })
    expect(await codeOf(desk.budgets.leases.reserve(terms('c', 40n)))).toBe('none')
  })

  it('takes room in every budget that the request counts in, or in none', async () => {
    const desk = await openWithBudget()
    const team = await desk.make({ amount: 30, subject: { dimension: 'tags.team', value: 'a' }, thresholds: [] })
    const soft = await desk.make({ amount: 1, mode: 'soft', thresholds: [] })
    const asked = terms('a', 31n, { tags: { team: 'a' } })
    expect(await codeOf(desk.budgets.leases.reserve(asked))).toBe('budget_exceeded')
    expect((await desk.figures(desk.id)).reserved).toBe(0n)
    const lease = await desk.budgets.leases.reserve({ ...asked, nanoUsd: 30n })
    expect(new Set(lease.budgetIds)).toEqual(new Set([desk.id, team, soft]))
    for (const id of [desk.id, team, soft]) expect((await desk.figures(id)).reserved).toBe(30n)
  })

  it('passes what no budget is about', async () => {
    const desk = await openWithBudget()
    expect(await desk.budgets.leases.reserve(terms('a', 10n ** 20n, { agentId: 'agent_2' }))).toMatchObject({
      budgetIds: [],
      reservedNanoUsd: '100000000000000000000',
    })
    await desk.make({ amount: 1, tenant_id: 'acme' })
    expect(await codeOf(desk.budgets.leases.reserve(terms('b', 50n, { tenantId: 'other' })))).toBe('none')
    expect(await codeOf(desk.budgets.leases.reserve(terms('c', 50n, { tenantId: 'acme' })))).toBe('budget_exceeded')
  })

  it('is the same for the same request id, and a conflict with other amounts', async () => {
    const { budgets, figures, id } = await openWithBudget()
    const [first, second] = await Promise.all([
      budgets.leases.reserve(terms('a', 60n)),
      budgets.leases.reserve(terms('a', 60n)),
    ])
    expect(second).toEqual(first)
    expect((await figures(id)).reserved).toBe(60n)
    expect(await codeOf(budgets.leases.reserve(terms('a', 61n)))).toBe('request_conflict')
    expect(await codeOf(budgets.leases.reserve(terms('a', 60n, { model: 'other' })))).toBe('request_conflict')
    // Another tenant's ids are its own.
    expect(await codeOf(budgets.leases.reserve(terms('a', 7n, { tenantId: 'acme' })))).toBe('none')
  })

  it('is smaller where less will do', async () => {
    const { budgets } = await openWithBudget()
    await budgets.leases.reserve(terms('a', 70n))
    const some = terms('b', 50n, { partial: true })
    expect(await budgets.leases.reserve(some)).toMatchObject({ reservedNanoUsd: '30', askedNanoUsd: '50' })
    expect(await budgets.leases.reserve(some)).toMatchObject({ reservedNanoUsd: '30' })
    expect(await codeOf(budgets.leases.reserve(terms('c', 1n, { partial: true })))).toBe('budget_exceeded')
  })

  it('needs a bound in the unit of a hard budget', async () => {
    const { budgets, make } = await openWithBudget()
    await make({ amount: 1_000, unit: 'tokens', thresholds: [] })
    expect(await codeOf(budgets.leases.reserve(terms('a', 1n)))).toBe('missing_field')
    expect(await codeOf(budgets.leases.reserve(terms('b', 1n, { tokens: 1_001n })))).toBe('budget_exceeded')
    expect(await codeOf(budgets.leases.reserve(terms('c', 1n, { tokens: 1_000n })))).toBe('none')
  })
})

describe('settling', () => {
  it('turns the room into an event in one step: spent once, and never both', async () => {
    const { budgets, figures, id, ingest, store } = await openWithBudget()
    const lease = await budgets.leases.reserve(terms('a', 60n, { model: 'gpt-4o' }))
    const seen: string[] = []
    ingest.onAccepted(() => seen.push('accepted'))
    const { event: _, ...settled } = await budgets.leases.settle(lease, { event: USAGE })
    expect(settled.lease).toMatchObject({ state: 'settled', counted: true, settledNanoUsd: '40', settledTokens: '15' })
    expect(await figures(id)).toMatchObject({ spent: 40n, reserved: 0n, remaining: 60n, requests: 1 })
    expect(seen).toEqual(['accepted'])
    const { events } = await store.scan({ fromMs: 0, toMs: 2 ** 52, filters: [], limit: 10 })
    expect(events.map(({ event }) => event)).toMatchObject([{ eventId: 'a', agentId: 'agent_1', timestampMs: NOON }])
  })

  it('again changes nothing, and with other usage is a conflict', async () => {
    const { budgets, figures, id } = await openWithBudget()
    const lease = await budgets.leases.reserve(terms('a', 60n))
    await Promise.all([budgets.leases.settle(lease, { event: USAGE }), budgets.leases.settle(lease, { event: USAGE })])
    expect((await budgets.leases.settle(lease, { event: USAGE })).event?.status).toBe('duplicate')
    expect(await codeOf(budgets.leases.settle(lease, { event: { ...USAGE, cost_nano_usd: 1 } }))).toBe(
      'request_conflict',
    )
    expect(await figures(id)).toMatchObject({ spent: 40n, reserved: 0n, requests: 1 })
    // The request has been made: its id stands for it, and takes no room any more.
    expect(await budgets.leases.reserve(terms('a', 60n))).toMatchObject({ id: lease.id, state: 'settled' })
    expect((await figures(id)).reserved).toBe(0n)
  })

  it('counts what the request cost, also beyond its lease and after the lease has expired', async () => {
    const { budgets, figures, id, clock } = await openWithBudget()
    const lease = await budgets.leases.reserve(terms('a', 10n))
    clock.set(NOON + 60_000)
    await budgets.tick()
    expect(budgets.leases.get(lease.id, undefined).state).toBe('expired')
    expect((await figures(id)).reserved).toBe(0n)
    await budgets.leases.settle(lease, { event: { ...USAGE, cost_nano_usd: 130 } })
    expect(await figures(id)).toMatchObject({ spent: 130n, reserved: 0n, remaining: 0n, status: 'exhausted' })
    expect(await codeOf(budgets.leases.reserve(terms('b', 1n)))).toBe('budget_exceeded')
  })

  it('with a bad event leaves the lease as it is', async () => {
    const { budgets, figures, id } = await openWithBudget()
    const lease = await budgets.leases.reserve(terms('a', 10n))
    expect(await codeOf(budgets.leases.settle(lease, { event: { ...USAGE, input_tokens: -1 } }))).toBe('out_of_range')
    expect(await codeOf(budgets.leases.settle(lease, { event: { input_tokens: 1 } }))).toBe('missing_field')
    expect(await figures(id)).toMatchObject({ spent: 0n, reserved: 10n })
  })

  it('by amounts takes room until the event comes by its own way', async () => {
    const { budgets, figures, id, spend } = await openWithBudget()
    const lease = await budgets.leases.reserve(terms('a', 60n))
    await budgets.leases.settleAmounts(lease, { nanoUsd: 40n })
    expect(await figures(id)).toMatchObject({ spent: 0n, reserved: 40n })
    expect(await codeOf(budgets.leases.settleAmounts(budgets.leases.get(lease.id, undefined), { nanoUsd: 41n }))).toBe(
      'request_conflict',
    )
    await spend(42, { event_id: 'a' })
    expect(await figures(id)).toMatchObject({ spent: 42n, reserved: 0n })
  })

  it('by amounts takes room no longer than the grace time when no event comes', async () => {
    const { budgets, figures, id, clock } = await openWithBudget()
    const lease = await budgets.leases.reserve(terms('a', 60n))
    await budgets.leases.settleAmounts(lease, { nanoUsd: 40n })
    clock.set(NOON + GRACE_MS - 1_000)
    await budgets.tick()
    expect((await figures(id)).reserved).toBe(40n)
    clock.set(NOON + GRACE_MS + 1_000)
    await budgets.tick()
    expect((await figures(id)).reserved).toBe(0n)
  })

  it("is done by any accepted event with the request's id, but not by another agent's", async () => {
    const { budgets, figures, id, spend } = await openWithBudget()
    await budgets.leases.reserve(terms('a', 60n))
    await spend(1, { event_id: 'a', agent_id: '2' })
    expect(await figures(id)).toMatchObject({ spent: 0n, reserved: 60n })
    await spend(2, { event_id: 'a' })
    expect(await figures(id)).toMatchObject({ spent: 2n, reserved: 0n })
  })

  it('of parts leaves the rest, each part once', async () => {
    const { budgets, figures, id } = await openWithBudget()
    const lease = await budgets.leases.reserve(terms('lease', 60n))
    const part = { event: USAGE, eventId: 'part-1' }
    await Promise.all([budgets.leases.report(lease, part), budgets.leases.report(lease, part)])
    await budgets.leases.report(lease, part)
    expect(await figures(id)).toMatchObject({ spent: 40n, reserved: 20n })
    await budgets.leases.report(lease, { event: USAGE, eventId: 'part-2' })
    expect(await figures(id)).toMatchObject({ spent: 80n, reserved: 0n, remaining: 20n })
  })
})

describe('giving back', () => {
  it('frees the room once; what has ended cannot be used', async () => {
    const { budgets, figures, id } = await openWithBudget()
    const lease = await budgets.leases.reserve(terms('a', 60n))
    const returned = await budgets.leases.giveBack(lease)
    expect(await budgets.leases.giveBack(returned)).toEqual(returned)
    expect((await figures(id)).reserved).toBe(0n)
    expect(await codeOf(budgets.leases.settle(returned, { event: USAGE }))).toBe('lease_ended')
    const other = await budgets.leases.reserve(terms('b', 60n))
    const { lease: settled } = await budgets.leases.settle(other, { event: USAGE })
    expect(await codeOf(budgets.leases.giveBack(settled))).toBe('lease_ended')
  })

  it('happens by itself when the time is over, and the lease is forgotten later', async () => {
    const { budgets, figures, id, clock, state } = await openWithBudget()
    await budgets.leases.reserve(terms('a', 60n))
    clock.set(NOON + 61_000)
    await budgets.tick()
    expect(await figures(id)).toMatchObject({ reserved: 0n, leases: 0 })
    clock.set(NOON + 62_000 + KEEP_ENDED_MS)
    await budgets.tick()
    expect(state.rows('leases').size).toBe(0)
  })
})

describe('after a restart', () => {
  it('leases take the room that they took, and nothing is spent that no event says', async () => {
    const desk = await openWithBudget()
    const lease = await desk.budgets.leases.reserve(terms('a', 60n))
    await desk.spend(5)
    await desk.reopen()
    expect(await desk.figures(desk.id)).toMatchObject({ spent: 5n, reserved: 60n })
    await desk.budgets.leases.settle(lease, { event: USAGE })
    expect(await desk.figures(desk.id)).toMatchObject({ spent: 45n, reserved: 0n })
  })

  it('between event and lease, a repeat finishes what was begun', async () => {
    const desk = await openWithBudget()
    const lease = await desk.budgets.leases.reserve(terms('a', 60n))
    // As a crash leaves it: the event in the journal, the lease as it was.
    await desk.budgets.close()
    await desk.ingest.submit({
      items: [{ ...USAGE, event_id: 'a', agent_id: 'agent_1', timestamp_ms: NOON }],
      door: 'lease',
    })
    await desk.reopen()
    expect(await desk.figures(desk.id)).toMatchObject({ spent: 40n, reserved: 60n })
    expect((await desk.budgets.leases.settle(lease, { event: USAGE })).event?.status).toBe('duplicate')
    expect(await desk.figures(desk.id)).toMatchObject({ spent: 40n, reserved: 0n })
  })
})

it('a lease that could not be made durable takes no room', async () => {
  const memory = openMemoryState()
  let full = false
  const state: ControlState = {
    ...memory,
    async write(changes) {
      if (!full) return memory.write(changes)
      const [change] = changes
      const before = change && memory.rows(change.table).get(change.id)
      await memory.write(changes)
      await new Promise((resolve) => setImmediate(resolve))
      await memory.write(changes.map((one) => ({ ...one, row: before }) as typeof one))
      throw Object.assign(new Error('full'), { code: 'disk_full' })
    },
  }
  const desk = await openDesk({ state })
  const id = await desk.make({ amount: 100, thresholds: [] })
  full = true
  expect(await codeOf(desk.budgets.leases.reserve(terms('a', 60n)))).toBe('disk_full')
  expect((await desk.figures(id)).reserved).toBe(0n)
  full = false
  expect(await codeOf(desk.budgets.leases.reserve(terms('a', 60n)))).toBe('none')
})

describe('any course of leases', () => {
  it('never promises more than the budget has, and reserves what the open leases say', async () => {
    const act = fc.record({
      do: fc.constantFrom('reserve', 'reserve', 'settle', 'return', 'report', 'amounts', 'pass', 'restart'),
      request: fc.nat(11),
      amount: fc.integer({ min: 0, max: 60 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
        const desk = await openWithBudget()
        for (const [index, { do: what, request, amount }] of acts.entries()) {
          const { leases }: Budgets = desk.budgets
          const lease = [...desk.state.rows('leases').values()].find(({ requestId }) => requestId === `r${request}`)
          const before = await desk.figures(desk.id)
          const event = { ...USAGE, cost_nano_usd: amount }
          if (what === 'reserve') {
            const granted = await leases.reserve(terms(`r${request}`, BigInt(amount))).catch(() => undefined)
            if (granted?.state === 'open') {
              const { spent, reserved } = await desk.figures(desk.id)
              if (reserved > before.reserved) expect(spent + reserved).toBeLessThanOrEqual(100n)
            }
          } else if (what === 'pass') {
            desk.clock.set(desk.clock.now() + amount * 1_000)
            await desk.budgets.tick()
          } else if (what === 'restart') await desk.reopen()
          else if (lease !== undefined) {
            const work: Promise<unknown> =
              what === 'settle'
                ? leases.settle(lease, { event })
                : what === 'return'
                  ? leases.giveBack(lease)
                  : what === 'report'
                    ? leases.report(lease, { event, eventId: `part-${index}` })
                    : leases.settleAmounts(lease, { nanoUsd: BigInt(amount) })
            await work.catch(() => undefined)
          }
          let expected = 0n
          for (const { state, counted, reservedNanoUsd, settledNanoUsd = '0' } of desk.state.rows('leases').values()) {
            if (state === 'open') {
              const left = BigInt(reservedNanoUsd) - BigInt(settledNanoUsd)
              expected += left > 0n ? left : 0n
            } else if (state === 'settled' && counted !== true) expected += BigInt(settledNanoUsd)
          }
          expect((await desk.figures(desk.id)).reserved).toBe(expected)
        }
        await desk.close()
      }),
      { numRuns: 60, seed: 7 },
    )
  }, 120_000)
})

describe('the terms of a lease', () => {
  const prices = createPriceBook()
  const code = (value: unknown): string => {
    try {
      readTerms(value, prices, NOON)
    } catch (error) {
      return (error as TallystickError).code
    }
    return 'none'
  }

  it('may be amounts, or the most that a request to a model can be', () => {
    expect(readTerms({ request_id: 'a', nano_usd: '5', agent_id: 1 }, prices, NOON)).toEqual({
      requestId: 'a',
      nanoUsd: 5n,
      agentId: 'agent_1',
      ttlMs: DEFAULT_TTL_MS,
    })
    const model = { request_id: 'a', provider: 'openai', model: 'gpt-4o', input_tokens: 1_000, max_output_tokens: 100 }
    expect(readTerms(model, prices, NOON)).toMatchObject({ nanoUsd: 3_500_000n, tokens: 1_100n })
  })

  it.each([
    ['no request id', { nano_usd: 1 }, 'missing_field'],
    ['no amount', { request_id: 'a' }, 'missing_field'],
    ['a negative amount', { request_id: 'a', nano_usd: -1 }, 'out_of_range'],
    ['a fraction', { request_id: 'a', nano_usd: 0.1 }, 'not_an_integer'],
    ['too many digits', { request_id: 'a', tokens: '9'.repeat(40) }, 'out_of_range'],
    ['a long request id', { request_id: 'a'.repeat(129), nano_usd: 1 }, 'too_long'],
    ['a lifetime of a year', { request_id: 'a', nano_usd: 1, ttl_ms: 31_536_000_000 }, 'out_of_range'],
    ['a model that nobody prices', { request_id: 'a', model: 'nope-1', input_tokens: 5 }, 'missing_field'],
    ['a member nobody knows', { request_id: 'a', nano_usd: 1, state: 'open' }, 'unknown_value'],
    ['tags that are no text', { request_id: 'a', nano_usd: 1, tags: { team: 1 } }, 'invalid_type'],
  ])('are refused with %s', (_, value, expected) => expect(code(value)).toBe(expected))
})
