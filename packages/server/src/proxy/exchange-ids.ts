import { type Clock, uuidv7TimeMs } from '@tallystick/core/event'

/** Clocks of applications differ by less. */
const WINDOW_MS = 60_000
const MAX_KNOWN = 200_000

/**
 * Ids by which applications name exchanges whose answers may have none (`X-Tallystick-Exchange`), so that what they and the proxy
 * record is one event.
 *
 * An id counts once, and soon after it was made: with one of its own choosing, again and again, a client would have many requests
 * counted as one.
 */
export class ExchangeIds {
  /** In the order in which they came. */
  readonly #known = new Map<string, number>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The id, if it may be taken. */
  take(id: string | undefined): string | undefined {
    const madeMs = id === undefined ? undefined : uuidv7TimeMs(id)
    if (id === undefined || madeMs === undefined) return undefined
    const now = this.#clock.now()
    for (const [oldest, takenMs] of this.#known) {
      // Twice as long: one that was made ahead of this clock stays new for longer.
      if (now - takenMs < 2 * WINDOW_MS) break
      this.#known.delete(oldest)
    }
    if (Math.abs(now - madeMs) > WINDOW_MS || this.#known.has(id) || this.#known.size >= MAX_KNOWN) return undefined
    this.#known.set(id, now)
    return id
  }
}
