import type { Clock, Random } from '../event/index.ts'
import { backoffMs } from './backoff.ts'

/** After a failure a batch is halved; each success adds this share of the largest. */
const RAMP_STEPS = 16
const FIRST_BACKOFF_MS = 500

export interface PaceOptions {
  readonly clock: Clock
  readonly random: Random
  readonly intervalMs: number
  readonly maxBatchEvents: number
}

/**
 * When the next attempt may be made, and how large it is: less and later the worse it goes.
 *
 * The size follows additive increase, multiplicative decrease: a batch that is too long for the deadline, or that a server
 * cannot bear, becomes one that gets through.
 */
export class Pace {
  readonly #options: PaceOptions
  #failures = 0
  #notBeforeMs = Number.NEGATIVE_INFINITY
  #asked = false
  #limit: number

  constructor(options: PaceOptions) {
    this.#options = options
    this.#limit = options.maxBatchEvents
  }

  /** Failed attempts since the last that was answered. */
  get failures(): number {
    return this.#failures
  }

  /** Events of the next batch at the most. */
  get limit(): number {
    return this.#limit
  }

  /** How long the next attempt has to wait, ms; 0 for not at all. */
  waitMs(): number {
    return Math.max(0, this.#notBeforeMs - this.#options.clock.monotonic())
  }

  answered(): void {
    const { maxBatchEvents } = this.#options
    this.#failures = 0
    this.#notBeforeMs = Number.NEGATIVE_INFINITY
    this.#limit = Math.min(maxBatchEvents, this.#limit + Math.ceil(maxBatchEvents / RAMP_STEPS))
  }

  /** So many events at once may have been too many; that one was says nothing about more. */
  tooMany(count: number): void {
    if (count > 1) this.#limit = count >> 1
  }

  /** @param askedSeconds the wait that the server asked for; ours comes on top, so that not all return at that instant */
  failed(askedSeconds: number | undefined): void {
    const { clock, random, intervalMs } = this.#options
    this.#failures++
    // Whoever wants events sent every 20 ms does not want to wait half a second for the second attempt.
    const ownMs = backoffMs(this.#failures, Math.min(FIRST_BACKOFF_MS, intervalMs), random)
    this.#asked = askedSeconds !== undefined
    this.#notBeforeMs = clock.monotonic() + (askedSeconds ?? 0) * 1000 + ownMs
  }

  /** Somebody waits for it: a wait of our own is cut short, one that the server asked for is not. */
  hurry(): void {
    if (!this.#asked) this.#notBeforeMs = Number.NEGATIVE_INFINITY
  }
}
