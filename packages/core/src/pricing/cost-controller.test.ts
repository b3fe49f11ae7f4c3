import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isTallystickError } from '../errors.ts'
import { BudgetError, CostController, type Reservation } from './cost-controller.ts'

const USD = 1_000_000

/** What the call threw; the test fails when it threw nothing of the kind. */
function refusal(call: () => unknown): BudgetError {
  try {
    call()
  } catch (error) {
    if (error instanceof BudgetError && isTallystickError(error)) return error
    throw error
  }
  throw new Error('nothing was refused')
}

const code = (call: () => unknown): string => {
  try {
    call()
  } catch (error) {
    if (isTallystickError(error)) return error.code
    throw error
  }
  return 'no error'
}

describe('a new controller', () => {
  it('T:budget has spent nothing of its limit', () => {
    expect(new CostController(10 * USD).getStatus()).toEqual({ spentMicros: 0, limitMicros: 10 * USD })
  })

  it('T:budget may have a limit of 0', () => {
    expect(new CostController(0).getStatus()).toEqual({ spentMicros: 0, limitMicros: 0 })
  })

  it('T:budget has reserved nothing', () => {
    expect(new CostController(10 * USD).totalReserved).toBe(0)
  })
})

describe('checkBudget', () => {
  it('T:budget passes under the limit', () => {
    expect(code(() => new CostController(10 * USD).checkBudget())).toBe('no error')
  })

  it.each([
    ['at', 10],
    ['over', 15],
  ])('T:budget fails %s the limit', (_, usd) => {
    const budget = new CostController(10 * USD)
    budget.addSpend(usd * USD)
    expect(code(() => budget.checkBudget())).toBe('budget_exceeded')
  })

  it('T:budget says 7.5 spent of 5 and 0 reserved', () => {
    const budget = new CostController(5 * USD)
    budget.addSpend(7.5 * USD)
    const error = refusal(() => budget.checkBudget())
    expect(error.code).toBe('budget_exceeded')
    expect(error.budget).toMatchObject({ spentMicros: 7_500_000, limitMicros: 5_000_000, reservedMicros: 0 })
    expect(error.message).toBe('The budget of 5000000 micro-USD is used up: 7500000 spent, 0 reserved')
  })

  it('T:budget fails at once with a limit of 0', () => {
    expect(code(() => new CostController(0).checkBudget())).toBe('budget_exceeded')
  })

  it('T:budget fails when spent and reserved together reach the limit', () => {
    const budget = new CostController(10 * USD)
    budget.addSpend(5 * USD)
    budget.reserve(5 * USD)
    expect(code(() => budget.checkBudget())).toBe('budget_exceeded')
  })

  it('T:budget says 4 spent and 7 reserved of 10', () => {
    const budget = new CostController(10 * USD)
    budget.reserve(7 * USD)
    budget.addSpend(4 * USD)
    expect(refusal(() => budget.checkBudget()).budget).toMatchObject({
      spentMicros: 4 * USD,
      reservedMicros: 7 * USD,
      limitMicros: 10 * USD,
      availableMicros: 0,
    })
  })
})

describe('spending', () => {
  it('T:budget 1 and 2 and 3 are 6', () => {
    const budget = new CostController(100 * USD)
    for (const usd of [1, 2, 3]) budget.addSpend(usd * USD)
    expect(budget.getStatus().spentMicros).toBe(6 * USD)
  })

  it('T:budget three single micro-USD are 3', () => {
    const budget = new CostController(USD)
    for (let step = 0; step < 3; step++) budget.addSpend(1)
    expect(budget.getStatus().spentMicros).toBe(3)
  })

  it('T:budget half a million of a million USD is spent', () => {
    const budget = new CostController(1_000_000 * USD)
    budget.addSpend(500_000 * USD)
    expect(budget.getStatus()).toEqual({ spentMicros: 500_000 * USD, limitMicros: 1_000_000 * USD })
    expect(code(() => budget.checkBudget())).toBe('no error')
  })

  it('T:budget 5 of 10 micro-USD pass, 10 of 10 do not', () => {
    const budget = new CostController(10)
    budget.addSpend(5)
    expect(budget.getStatus()).toEqual({ spentMicros: 5, limitMicros: 10 })
    expect(code(() => budget.checkBudget())).toBe('no error')
    budget.addSpend(5)
    expect(code(() => budget.checkBudget())).toBe('budget_exceeded')
  })
})

describe('setBudget', () => {
  it('T:budget replaces the limit', () => {
    const budget = new CostController(10 * USD)
    budget.setBudget(20 * USD)
    expect(budget.getStatus().limitMicros).toBe(20 * USD)
  })

  it('T:budget raised, unblocks', () => {
    const budget = new CostController(5 * USD)
    budget.addSpend(7 * USD)
    expect(code(() => budget.checkBudget())).toBe('budget_exceeded')
    budget.setBudget(10 * USD)
    expect(code(() => budget.checkBudget())).toBe('no error')
  })

  it('T:budget lowered, blocks', () => {
    const budget = new CostController(10 * USD)
    budget.addSpend(5 * USD)
    expect(code(() => budget.checkBudget())).toBe('no error')
    budget.setBudget(3 * USD)
    expect(code(() => budget.checkBudget())).toBe('budget_exceeded')
    expect(budget.available).toBe(0)
  })
})

describe('reserve', () => {
  it('T:budget takes 5 of 10', () => {
    expect(new CostController(10 * USD).reserve(5 * USD).amountMicros).toBe(5 * USD)
  })

  it('T:budget of 3 shows as reserved', () => {
    const budget = new CostController(10 * USD)
    budget.reserve(3 * USD)
    expect(budget.totalReserved).toBe(3 * USD)
  })

  it('T:budget of 3 of 10 leaves 7', () => {
    const budget = new CostController(10 * USD)
    budget.reserve(3 * USD)
    expect(budget.available).toBe(7 * USD)
  })

  it.each([
    ['10 of 5', 5, 0, 0, 10, 5],
    ['5 when 8 of 10 are spent', 10, 8, 0, 5, 2],
    ['5 when 8 of 10 are reserved', 10, 0, 8, 5, 2],
  ])('T:budget refuses %s and says what is available', (_, limit, spent, reserved, asked, available) => {
    const budget = new CostController(limit * USD)
    budget.addSpend(spent * USD)
    budget.reserve(reserved * USD)
    const error = refusal(() => budget.reserve(asked * USD))
    expect(error.code).toBe('insufficient_budget')
    expect(error.budget.availableMicros).toBe(available * USD)
    expect(error.requestedMicros).toBe(asked * USD)
    expect(error.message).toBe(`${asked * USD} micro-USD asked for, ${available * USD} available`)
  })

  it('T:budget of 0 succeeds', () => {
    const budget = new CostController(10 * USD)
    budget.reserve(0)
    expect(budget.totalReserved).toBe(0)
  })

  it('T:budget of exactly what is available succeeds', () => {
    const budget = new CostController(10 * USD)
    budget.addSpend(3 * USD)
    budget.reserve(7 * USD)
    expect(budget.available).toBe(0)
  })

  it('T:budget of one micro-USD more than is available fails', () => {
    const budget = new CostController(10 * USD)
    budget.addSpend(3 * USD)
    expect(code(() => budget.reserve(7 * USD + 1))).toBe('insufficient_budget')
  })

  it('T:budget of 2, 3 and 4 of 10 leaves 1', () => {
    const budget = new CostController(10 * USD)
    for (const usd of [2, 3, 4]) budget.reserve(usd * USD)
    expect([budget.totalReserved, budget.available]).toEqual([9 * USD, USD])
  })

  it('T:budget three times 3 of 10 leaves no room for 2', () => {
    const budget = new CostController(10 * USD)
    for (let step = 0; step < 3; step++) budget.reserve(3 * USD)
    expect(code(() => budget.reserve(2 * USD))).toBe('insufficient_budget')
  })

  it('allows nothing under a limit of 0', () => {
    expect(code(() => new CostController(0).reserve(1))).toBe('insufficient_budget')
  })
})

describe('commit', () => {
  const held = (): [CostController, Reservation] => {
    const budget = new CostController(10 * USD)
    return [budget, budget.reserve(5 * USD)]
  }

  it('T:budget of 3 of 5 releases the reservation and spends 3', () => {
    const [budget, reservation] = held()
    expect([budget.totalReserved, budget.totalSpent]).toEqual([5 * USD, 0])
    expect(budget.commit(reservation, 3 * USD)).toBe(true)
    expect([budget.totalReserved, budget.totalSpent]).toEqual([0, 3 * USD])
  })

  it('T:budget of 1 of 5 leaves 9 of 10', () => {
    const [budget, reservation] = held()
    budget.commit(reservation, USD)
    expect([budget.totalSpent, budget.available]).toEqual([USD, 9 * USD])
  })

  it('T:budget of 5 of 5 leaves 5 of 10', () => {
    const [budget, reservation] = held()
    budget.commit(reservation, 5 * USD)
    expect([budget.totalSpent, budget.available]).toEqual([5 * USD, 5 * USD])
  })

  it('T:budget gives back what was reserved too much', () => {
    const [budget, reservation] = held()
    expect(budget.available).toBe(5 * USD)
    budget.commit(reservation, 3 * USD)
    expect(budget.available).toBe(7 * USD)
  })

  it('T:budget of one of two leaves the other', () => {
    const budget = new CostController(10 * USD)
    const first = budget.reserve(3 * USD)
    budget.reserve(3 * USD)
    expect(budget.totalReserved).toBe(6 * USD)
    budget.commit(first, 2 * USD)
    expect([budget.totalSpent, budget.totalReserved, budget.available]).toEqual([2 * USD, 3 * USD, 5 * USD])
  })

  it('T:budget of 30 of 50 reserved micro-USD leaves 70 of 100', () => {
    const budget = new CostController(100)
    const reservation = budget.reserve(50)
    expect([reservation.amountMicros, budget.totalReserved]).toEqual([50, 50])
    budget.commit(reservation, 30)
    expect([budget.totalSpent, budget.available]).toEqual([30, 70])
  })

  it('T:budget of 0 spends nothing', () => {
    const [budget, reservation] = held()
    budget.commit(reservation, 0)
    expect([budget.totalSpent, budget.totalReserved]).toEqual([0, 0])
  })

  it('of more than was reserved is spent in full', () => {
    const [budget, reservation] = held()
    budget.commit(reservation, 12 * USD)
    expect([budget.totalSpent, budget.totalReserved, budget.available]).toEqual([12 * USD, 0, 0])
  })

  it('settles a reservation once, and says so of every further try', () => {
    const [budget, reservation] = held()
    expect(budget.commit(reservation, 3 * USD)).toBe(true)
    expect(budget.commit(reservation, 3 * USD)).toBe(false)
    expect(budget.commitNanoUsd(reservation, 3 * USD)).toBe(false)
    expect(budget.cancel(reservation)).toBe(false)
    expect([budget.totalSpent, budget.totalReserved, budget.openReservations]).toEqual([3 * USD, 0, 0])
  })

  it("knows nothing of another controller's reservation, nor of a copy", () => {
    const [budget, reservation] = held()
    expect(new CostController(10 * USD).commit(reservation, USD)).toBe(false)
    expect(budget.cancel({ ...reservation })).toBe(false)
    expect(budget.totalReserved).toBe(5 * USD)
  })
})

describe('cancel', () => {
  it('T:budget releases the reservation and spends nothing', () => {
    const budget = new CostController(10 * USD)
    const reservation = budget.reserve(5 * USD)
    expect([budget.totalReserved, budget.available]).toEqual([5 * USD, 5 * USD])
    expect(budget.cancel(reservation)).toBe(true)
    expect([budget.totalReserved, budget.totalSpent, budget.available]).toEqual([0, 0, 10 * USD])
  })

  it('T:budget makes room for the next reservation', () => {
    const budget = new CostController(10 * USD)
    const all = budget.reserve(10 * USD)
    expect(code(() => budget.reserve(USD))).toBe('insufficient_budget')
    budget.cancel(all)
    expect(budget.reserve(10 * USD).amountMicros).toBe(10 * USD)
  })
})

describe('getFullStatus', () => {
  it('T:budget says 2 spent and 3 reserved of 10', () => {
    const budget = new CostController(10 * USD)
    budget.addSpend(2 * USD)
    budget.reserve(3 * USD)
    expect(budget.getFullStatus()).toEqual({
      spentMicros: 2 * USD,
      reservedMicros: 3 * USD,
      limitMicros: 10 * USD,
      availableMicros: 5 * USD,
      spentNanoUsd: 2_000 * USD,
      reservedNanoUsd: 3_000 * USD,
      limitNanoUsd: 10_000 * USD,
      availableNanoUsd: 5_000 * USD,
    })
  })
})

describe('nano-USD', () => {
  it('add up exactly where each alone is less than a micro-USD', () => {
    const budget = new CostController(1_000)
    for (let step = 0; step < 1_000; step++) budget.commitNanoUsd(budget.reserveNanoUsd(750), 500)
    expect(budget.totalSpent).toBe(500)
  })

  it('leave as much available in whole micro-USD as can be reserved', () => {
    const budget = new CostController(2)
    budget.addSpendNanoUsd(1)
    expect([budget.available, budget.availableNanoUsd]).toEqual([1, 1_999])
    expect(code(() => budget.reserve(2))).toBe('insufficient_budget')
    expect(budget.reserve(1).amountNanoUsd).toBe(1_000)
    expect(code(() => budget.reserveNanoUsd(1_000))).toBe('insufficient_budget')
    budget.reserveNanoUsd(999)
    expect(code(() => budget.checkBudget())).toBe('budget_exceeded')
  })
})

describe('an invalid amount', () => {
  const budget = new CostController(10 * USD)
  const reservation = budget.reserve(5 * USD)
  const calls: [string, (amount: number) => unknown][] = [
    ['new CostController', (amount) => new CostController(amount)],
    ['setBudget', (amount) => budget.setBudget(amount)],
    ['reserve', (amount) => budget.reserve(amount)],
    ['reserveNanoUsd', (amount) => budget.reserveNanoUsd(amount)],
    ['commit', (amount) => budget.commit(reservation, amount)],
    ['commitNanoUsd', (amount) => budget.commitNanoUsd(reservation, amount)],
    ['addSpend', (amount) => budget.addSpend(amount)],
    ['addSpendNanoUsd', (amount) => budget.addSpendNanoUsd(amount)],
  ]

  it.each(calls)('is refused by %s and changes nothing', (_, call) => {
    const before = budget.getFullStatus()
    for (const amount of [-1, 2 ** 53, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(code(() => call(amount))).toBe('out_of_range')
    for (const amount of [0.5, Number.NaN, '5', 5n, null, undefined, {}])
      expect(code(() => call(amount as number))).toBe('not_an_integer')
    expect(budget.getFullStatus()).toEqual(before)
    expect(budget.openReservations).toBe(1)
  })

  it('is one whose sum is no safe integer any more; the reservation stays open', () => {
    const rich = new CostController(9_007_199_254_740)
    const held = rich.reserve(1)
    rich.addSpendNanoUsd(Number.MAX_SAFE_INTEGER)
    expect(code(() => rich.commit(held, 1))).toBe('out_of_range')
    expect([rich.openReservations, rich.totalReserved]).toEqual([1, 1])
    expect(rich.cancel(held)).toBe(true)
  })
})

describe('requests in any interleaving', () => {
  const request = fc.record({
    max: fc.integer({ min: 0, max: 400 }),
    /** Parts of what was reserved that it costs, in percent. */
    share: fc.integer({ min: 0, max: 100 }),
    ends: fc.constantFrom('commit', 'cancel', 'twice', 'throws'),
  })

  it('never reserve or spend more than the limit, and every micro-USD is accounted for', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(request, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 0, max: 1_000 }),
        async (scheduler, requests, limit) => {
          const budget = new CostController(limit)
          let spent = 0
          let held = 0
          const consistent = (): void => {
            expect([budget.totalSpent, budget.totalReserved]).toEqual([spent, held])
            expect(budget.available).toBe(limit - spent - held)
            expect(budget.available).toBeGreaterThanOrEqual(0)
          }
          const run = async ({ max, share, ends }: (typeof requests)[number], index: number): Promise<void> => {
            await scheduler.schedule(Promise.resolve(), `start ${index}`)
            const room = limit - spent - held
            let reservation: Reservation
            try {
              reservation = budget.reserve(max)
            } catch {
              expect(max).toBeGreaterThan(room)
              return
            }
            expect(max).toBeLessThanOrEqual(room)
            held += max
            consistent()
            const actual = Math.floor((max * share) / 100)
            try {
              await scheduler.schedule(Promise.resolve(), `answer ${index}`)
              if (ends === 'throws') throw new Error('the provider is down')
              if (ends === 'cancel') return
              expect(budget.commit(reservation, actual)).toBe(true)
              held -= max
              spent += actual
              consistent()
              await scheduler.schedule(Promise.resolve(), `after ${index}`)
              if (ends === 'twice') expect(budget.commit(reservation, actual)).toBe(false)
            } catch (error) {
              if (!(error instanceof Error) || error.message !== 'the provider is down') throw error
            } finally {
              if (budget.cancel(reservation)) held -= max
              consistent()
            }
          }
          const all = Promise.all(requests.map(run))
          await scheduler.waitFor(all)
          expect([budget.openReservations, budget.totalReserved, held]).toEqual([0, 0, 0])
        },
      ),
      { seed: 6, numRuns: 200 },
    )
  })
})
