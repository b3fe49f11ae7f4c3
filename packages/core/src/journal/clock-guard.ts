import type { Clock } from '../event/clock.ts'

const HOUR_MS = 3_600_000
const TOLERATED_JUMP_MS = HOUR_MS
const SETTLING_MS = 10 * 60_000

/**
 * Says whether the wall clock may be used to decide that something is old enough to delete. A clock set by more than an hour
 * while the process runs is not believed until it has stood for ten minutes without another jump.
 */
export class ClockGuard {
  readonly #clock: Clock
  #lead: number
  #trustedFrom: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lead = clock.now() - clock.monotonic()
    this.#trustedFrom = clock.monotonic()
  }

  trusted(): boolean {
    const monotonic = this.#clock.monotonic()
    const lead = this.#clock.now() - monotonic
    if (Math.abs(lead - this.#lead) > TOLERATED_JUMP_MS) {
      this.#lead = lead
      this.#trustedFrom = monotonic + SETTLING_MS
    }
    return monotonic >= this.#trustedFrom
  }
}
