import { TallystickError } from '../errors.ts'
import { NANO_USD_PER_MICRO_USD, nanoToMicros } from '../event/units.ts'

/** What has been spent of how much. Integer micro-USD. */
export interface BudgetStatus {
  readonly spentMicros: number
  readonly limitMicros: number
}

/**
 * A budget at one moment, in integer micro-USD and, exactly, in nano-USD. Micro-USD are rounded half to even, except what
 * is available: that is rounded down, so that as much can always be reserved.
 */
export interface FullBudgetStatus extends BudgetStatus {
  /** Held for requests that have not been settled yet. */
  readonly reservedMicros: number
  /** Limit less spent less reserved; never below 0. */
  readonly availableMicros: number
  readonly spentNanoUsd: number
  readonly limitNanoUsd: number
  readonly reservedNanoUsd: number
  readonly availableNanoUsd: number
}

/** Money held back for one request. It ends with one `commit` or `cancel`; what comes after that changes nothing. */
export interface Reservation {
  readonly amountMicros: number
  readonly amountNanoUsd: number
}

/** A budget said no: `budget_exceeded` or `insufficient_budget`, with the budget as it was at that moment. */
export class BudgetError extends TallystickError {
  readonly budget: FullBudgetStatus
  /** What was asked for; absent when nothing was, at `budget_exceeded`. */
  readonly requestedMicros?: number

  constructor(
    code: 'budget_exceeded' | 'insufficient_budget',
    message: string,
    budget: FullBudgetStatus,
    requestedMicros?: number,
  ) {
    super(code, message)
    this.name = 'BudgetError'
    this.budget = budget
    if (requestedMicros !== undefined) this.requestedMicros = requestedMicros
  }
}

/** Largest amount: its nano-USD are a safe integer. About 9 million USD. */
const MAX_MICROS = 9_007_199_254_740

/**
 * A budget inside one process: money is reserved before a request, at the most it can cost, and settled afterwards at what
 * it did cost. However many requests are under way, what is reserved never passes what is left.
 *
 * Amounts are integer micro-USD; the methods that end in `NanoUsd` take the exact nano-USD of an event's cost, and inside
 * everything is nano-USD, so that a thousand requests of half a micro-USD cost 500 and not 0 or 1,000. A limit of 0 allows
 * nothing. Spending may pass the limit, since a request that cost more than was reserved for it has cost that nevertheless.
 *
 * Each controller belongs to the thread that made it.
 *
 * @throws TallystickError `not_an_integer` or `out_of_range` (0 to 9,007,199,254,740 micro-USD) from every method that
 *   takes an amount; nothing has changed then
 * @example
 * const budget = new CostController(10_000_000)
 * const held = budget.reserve(5_000_000)
 * budget.available // 5_000_000
 * budget.commit(held, 3_000_000) // true
 * budget.cancel(held) // false
 * budget.getStatus() // { spentMicros: 3_000_000, limitMicros: 10_000_000 }
 */
export class CostController {
  #limit: number
  #spent = 0
  #reserved = 0
  readonly #open = new Set<Reservation>()

  /** @param limitMicros - integer micro-USD; 0 allows nothing */
  constructor(limitMicros: number) {
    this.#limit = fromMicros(limitMicros, 'limitMicros')
  }

  /** Integer micro-USD that can still be reserved, rounded down; 0 when the budget is overdrawn. */
  get available(): number {
    return Math.floor(this.availableNanoUsd / NANO_USD_PER_MICRO_USD)
  }

  get availableNanoUsd(): number {
    return Math.max(0, this.#limit - this.#spent - this.#reserved)
  }

  /** Integer micro-USD spent, rounded half to even. */
  get totalSpent(): number {
    return toMicros(this.#spent)
  }

  /** Integer micro-USD reserved, rounded half to even. */
  get totalReserved(): number {
    return toMicros(this.#reserved)
  }

  /** Reservations neither committed nor cancelled. */
  get openReservations(): number {
    return this.#open.size
  }

  getStatus(): BudgetStatus {
    return { spentMicros: this.totalSpent, limitMicros: toMicros(this.#limit) }
  }

  getFullStatus(): FullBudgetStatus {
    return {
      ...this.getStatus(),
      reservedMicros: this.totalReserved,
      availableMicros: this.available,
      spentNanoUsd: this.#spent,
      limitNanoUsd: this.#limit,
      reservedNanoUsd: this.#reserved,
      availableNanoUsd: this.availableNanoUsd,
    }
  }

  /**
   * Is anything left? What is reserved counts as gone, and a budget exactly used up is exceeded.
   *
   * @throws BudgetError `budget_exceeded`
   */
  checkBudget(): void {
    if (this.#spent + this.#reserved < this.#limit) return
    const budget = this.getFullStatus()
    throw new BudgetError(
      'budget_exceeded',
      `The budget of ${budget.limitMicros} micro-USD is used up: ${budget.spentMicros} spent, ${budget.reservedMicros} reserved`,
      budget,
    )
  }

  /**
   * Holds back the most that a request can cost. Always settle it: `cancel` in a `finally` is right, since after a `commit`
   * it changes nothing.
   *
   * @param maxMicros - integer micro-USD, for example of {@link estimateMaxCost}
   * @throws BudgetError `insufficient_budget` when less than that is available
   */
  reserve(maxMicros: number): Reservation {
    return this.#reserve(fromMicros(maxMicros, 'maxMicros'))
  }

  /** {@link CostController.reserve} of integer nano-USD. */
  reserveNanoUsd(maxNanoUsd: number): Reservation {
    return this.#reserve(checked(maxNanoUsd, 'maxNanoUsd', Number.MAX_SAFE_INTEGER))
  }

  /**
   * The request is over and has cost `actualMicros`, be it less or more than was reserved.
   *
   * @returns false, and nothing has changed, when the reservation was settled before or is another controller's
   */
  commit(reservation: Reservation, actualMicros: number): boolean {
    return this.#commit(reservation, fromMicros(actualMicros, 'actualMicros'))
  }

  /** {@link CostController.commit} of integer nano-USD: `commitNanoUsd(held, event.costNanoUsd)`. */
  commitNanoUsd(reservation: Reservation, actualNanoUsd: number): boolean {
    return this.#commit(reservation, checked(actualNanoUsd, 'actualNanoUsd', Number.MAX_SAFE_INTEGER))
  }

  /**
   * The request has cost nothing: the money is free again.
   *
   * @returns false, and nothing has changed, when the reservation was settled before or is another controller's
   */
  cancel(reservation: Reservation): boolean {
    if (!this.#open.delete(reservation)) return false
    this.#reserved -= reservation.amountNanoUsd
    return true
  }

  /** Money spent without a reservation, up to the limit and beyond. */
  addSpend(micros: number): void {
    this.#spend(fromMicros(micros, 'micros'))
  }

  /** {@link CostController.addSpend} of integer nano-USD. */
  addSpendNanoUsd(nanoUsd: number): void {
    this.#spend(checked(nanoUsd, 'nanoUsd', Number.MAX_SAFE_INTEGER))
  }

  /** Another limit from now on; what is spent and reserved stays. */
  setBudget(limitMicros: number): void {
    this.#limit = fromMicros(limitMicros, 'limitMicros')
  }

  #reserve(amountNanoUsd: number): Reservation {
    if (amountNanoUsd > this.availableNanoUsd) {
      const requestedMicros = toMicros(amountNanoUsd)
      throw new BudgetError(
        'insufficient_budget',
        `${requestedMicros} micro-USD asked for, ${this.available} available`,
        this.getFullStatus(),
        requestedMicros,
      )
    }
    const reservation = Object.freeze({ amountMicros: toMicros(amountNanoUsd), amountNanoUsd })
    this.#open.add(reservation)
    this.#reserved += amountNanoUsd
    return reservation
  }

  #commit(reservation: Reservation, actualNanoUsd: number): boolean {
    if (!this.#open.has(reservation)) return false
    // first, because it may throw: the reservation stays open then
    this.#spend(actualNanoUsd)
    return this.cancel(reservation)
  }

  #spend(nanoUsd: number): void {
    this.#spent = checked(this.#spent + nanoUsd, 'the sum of what was spent, in nano-USD,', Number.MAX_SAFE_INTEGER)
  }
}

const toMicros = (nanoUsd: number): number => Number(nanoToMicros(nanoUsd))

function fromMicros(value: number, name: string): number {
  return checked(value, name, MAX_MICROS) * NANO_USD_PER_MICRO_USD
}

function checked(value: unknown, name: string, max: number): number {
  if (typeof value !== 'number' || !(Number.isInteger(value) || Math.abs(value) === Number.POSITIVE_INFINITY))
    throw new TallystickError('not_an_integer', `${name} must be an integer, not ${shown(value)}`)
  if (value < 0 || value > max) throw new TallystickError('out_of_range', `${name} must be 0 to ${max}, not ${value}`)
  return value
}

function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : `a ${value === null ? 'null' : typeof value}`
}
