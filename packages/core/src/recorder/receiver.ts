import { TallystickError } from '../errors.ts'
import type { UsageEvent } from '../event/index.ts'

/**
 * The far end of a recorder's stream: every recorded event in order, also one that the buffer then left out.
 *
 * The stream holds a bounded number of events; what comes while it is full is lost to it and counted, for whoever reads
 * slowly, not at all, or throws, must not be felt by recording. Leaving a loop with `break` ends that loop only: the next
 * one goes on where it stopped.
 *
 * @example
 * const [store, receiver] = EventStore.withStreaming(10_000, 1_000)
 * for await (const event of receiver) console.log(event.kind)
 */
export class EventReceiver implements AsyncIterable<UsageEvent> {
  readonly #capacity: number
  readonly #queue: (UsageEvent | undefined)[] = []
  /** Readers that wait for an event; the queue is then empty. */
  readonly #readers: ((result: IteratorResult<UsageEvent, undefined>) => void)[] = []
  #start = 0
  #length = 0
  #lost = 0
  #closed = false

  /**
   * @param capacity events held for a reader; 0 hands them only to a reader that waits already
   * @throws TallystickError `invalid_config` unless it is an integer from 0
   */
  constructor(capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 0) {
      throw new TallystickError('invalid_config', `channelSize must be an integer from 0, not ${String(capacity)}`)
    }
    this.#capacity = capacity
  }

  /** Events that wait to be received. */
  get length(): number {
    return this.#length
  }

  /** Events that came while the stream was full. */
  get lostCount(): number {
    return this.#lost
  }

  get closed(): boolean {
    return this.#closed
  }

  /** The oldest event that waits; undefined when none does. */
  tryReceive(): UsageEvent | undefined {
    if (this.#length === 0) return undefined
    const event = this.#queue[this.#start]
    this.#queue[this.#start] = undefined
    this.#start = this.#start + 1 === this.#capacity ? 0 : this.#start + 1
    this.#length--
    return event
  }

  /** Ends the stream: what waits is forgotten, loops end, and nothing more is copied or counted as lost. */
  close(): void {
    this.#closed = true
    this.#queue.length = 0
    this.#start = 0
    this.#length = 0
    for (const resolve of this.#readers.splice(0)) resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): AsyncIterator<UsageEvent, undefined> {
    return {
      next: () => {
        const event = this.tryReceive()
        if (event !== undefined) return Promise.resolve({ done: false, value: event })
        if (this.#closed) return Promise.resolve({ done: true, value: undefined })
        return new Promise((resolve) => this.#readers.push(resolve))
      },
      return: () => Promise.resolve({ done: true, value: undefined }),
    }
  }

  /**
   * Called by the recorder. The event is made only when somebody has room for it.
   *
   * @internal
   */
  offer(make: () => UsageEvent): void {
    if (this.#closed) return
    const reader = this.#readers.shift()
    if (reader !== undefined) {
      reader({ done: false, value: make() })
      return
    }
    if (this.#length >= this.#capacity) {
      this.#lost++
      return
    }
    const end = this.#start + this.#length
    this.#queue[end < this.#capacity ? end : end - this.#capacity] = make()
    this.#length++
  }
}
