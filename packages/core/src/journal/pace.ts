import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Clock } from '../event/clock.ts'

/** While appends come in, so many times as long as it worked does background work rest: it takes a tenth of one core. */
const REST_FACTOR = 9
/** From so many waiting segments on it rests less, and not at all once there are so many: some 4 GB. */
const PATIENT_SEGMENTS = 16
const URGENT_SEGMENTS = 64
/** A busy machine stretches a piece of work to tens of ms; a stop waits for a rest under way. */
const LONGEST_REST_MS = 250
/** Fewer appended bytes a ms than this leave enough room to work without resting. */
const BUSY_BYTES_PER_MS = 256

/**
 * Makes way for the writing, and for whoever else is said to be busy. Compressing a line costs about as much as everything else that is done for its event, so
 * a burst is compressed after it, not during it. A load that goes on is compressed as fast as it comes, however much that
 * slows it down: plain segments are seven times as long, and the disk would fill.
 */
export class Pace {
  readonly #clock: Clock
  readonly #writtenBytes: () => number
  readonly #stopped: () => boolean
  readonly #waiting: () => number
  readonly #busy: () => boolean
  #bytes: number
  #workedSince: number
  #measuredSince: number

  /**
   * @param waiting how many finished segments there are to be worked on yet, beside the one in hand
   * @param busy is there other work to make way for, even if nothing is appended?
   */
  constructor(
    clock: Clock,
    writtenBytes: () => number,
    stopped: () => boolean,
    waiting: () => number,
    busy: () => boolean = () => false,
  ) {
    this.#clock = clock
    this.#writtenBytes = writtenBytes
    this.#stopped = stopped
    this.#waiting = waiting
    this.#busy = busy
    this.#bytes = writtenBytes()
    this.#workedSince = this.#measuredSince = clock.monotonic()
  }

  /** Called after a piece of work; resolves when the next may begin. */
  async rest(): Promise<void> {
    const now = this.#clock.monotonic()
    const bytes = this.#writtenBytes()
    const busy = bytes - this.#bytes > BUSY_BYTES_PER_MS * (now - this.#measuredSince) || this.#busy()
    this.#bytes = bytes
    this.#measuredSince = now
    const worked = now - this.#workedSince
    const restMs = busy ? Math.min(worked * REST_FACTOR * patience(this.#waiting()), LONGEST_REST_MS) : 0
    if (restMs > 0 && !this.#stopped()) await setTimeout(restMs)
    else await setImmediate()
    this.#workedSince = this.#clock.monotonic()
  }
}

/** 1 while few segments wait, 0 once there are many. */
function patience(waiting: number): number {
  return Math.min(1, Math.max(0, (URGENT_SEGMENTS - waiting) / (URGENT_SEGMENTS - PATIENT_SEGMENTS)))
}
