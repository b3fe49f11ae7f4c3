import { TallystickError } from '../../errors.ts'
import type { Exact } from '../../event/index.ts'
import { Draft, type UsualDefaults } from '../read-event.ts'
import type { Figures } from '../stats.ts'
import { OTHER_NAME, type SeriesRow, Tally } from '../tally.ts'
import { collectOften } from './collect-often.ts'
import type { WriterHandle } from './handle.ts'
import { type Collected, Inbox } from './inbox.ts'
import { DEFAULT_RING_BYTES, LAYOUT_VERSION, MAX_RING_BYTES, MIN_RING_BYTES, newMemory } from './memory.ts'

/** Of one store: how many threads record into it, and through how much memory each. */
export interface WritersOptions {
  /** Threads that record at the same time, 1 to 256. */
  readonly writers: number
  /**
   * Memory of the ring of each, 16 KiB to 1 GiB, rounded up to a power of two; 1 MiB by default. It has to hold what a thread
   * records while the thread of the store is busy with something else.
   */
  readonly ringBytes?: number
}

const MAX_WRITERS = 256

/** What the threads that record into a store have counted, what they left out included. */
export interface WriterTotals {
  readonly requests: number
  readonly failedRequests: number
  readonly unpricedRequests: number
  /** A bigint past 2^53 - 1, as the other sums. */
  readonly inputTokens: Exact
  readonly outputTokens: Exact
  readonly costNanoUsd: Exact
  /** Events that found a ring full, were too large for it, or could not be read. */
  readonly droppedCount: number
}

/** What a store that others record into has beside the rest. */
export interface SharedWriters {
  /**
   * What one thread needs to record into this store: `workerData`, or a message.
   *
   * @param writer from 0; each thread takes another one
   */
  handle(writer: number): WriterHandle
  /**
   * Takes over what the threads have recorded up to now. Happens by itself; a loop that leaves no time for anything else
   * calls it now and then.
   *
   * @returns how many events came
   */
  collect(): number
  /**
   * The thread of this writer has ended: call it on the `exit` of a worker. What it had recorded is collected; an event that
   * it was at when it was killed is counted as `worker_exit`. Another thread can then use the handle. Without effect if the
   * thread closed its writer.
   */
  writerExited(writer: number): void
  /**
   * Totals of all writers up to now, read from shared memory without collecting. An id that a caller repeats counts here each
   * time; `stats()` leaves repetitions out.
   */
  writerTotals(): WriterTotals
}

/** The rings of a store's writers, seen from the store. */
export class Writers {
  readonly #inboxes: readonly Inbox[]
  readonly #defaults: UsualDefaults
  #collecting = false

  /** @throws TallystickError `invalid_config` */
  constructor(options: WritersOptions, defaults: UsualDefaults, collected: Collected) {
    const { writers, ringBytes = DEFAULT_RING_BYTES } = options
    check('writers', writers, 1, MAX_WRITERS)
    check('ringBytes', ringBytes, MIN_RING_BYTES, MAX_RING_BYTES)
    this.#defaults = defaults
    const draft = new Draft()
    this.#inboxes = Array.from({ length: writers }, () => new Inbox(newMemory(ringBytes), draft, defaults, collected))
    collectOften(
      this,
      this.#inboxes.map(({ memory }) => memory.ints),
    )
  }

  handle(writer: number, enabled: boolean): WriterHandle {
    const { buffer } = this.#at(writer).memory
    const { provider, requestModel } = this.#defaults
    // The store adds the other defaults; these are counted, and that is done by the thread.
    const defaults = {
      ...(provider !== undefined && { provider }),
      ...(requestModel !== undefined && { requestModel }),
    }
    return { tallystick: 'writer', version: LAYOUT_VERSION, writer, enabled, defaults, memory: buffer }
  }

  /** @returns how many events came */
  collect(): number {
    // Who is told of an event may ask for something that collects first.
    if (this.#collecting) return 0
    this.#collecting = true
    let came = 0
    try {
      for (const inbox of this.#inboxes) came += inbox.collect()
    } finally {
      this.#collecting = false
    }
    return came
  }

  exited(writer: number): void {
    this.#at(writer).exited()
  }

  totals(): WriterTotals {
    const tally = new Tally()
    let droppedCount = 0
    for (const { totals } of this.#inboxes) {
      tally.merge(othersOf(totals.refresh().all))
      for (const count of totals.dropped().values()) droppedCount += count
    }
    const { succeeded, failed, unpriced, inputTokens, outputTokens, costNanoUsd } = tally.total()
    const requests = succeeded + failed
    const sums = { inputTokens, outputTokens, costNanoUsd }
    return { requests, failedRequests: failed, unpricedRequests: unpriced, ...sums, droppedCount }
  }

  /** What was counted of events that no record has told of, as it was when the writers were last collected. */
  untold(): readonly SeriesRow[] {
    return this.#inboxes
      .map(({ totals }) => totals.untold)
      .filter(({ succeeded, failed }) => succeeded + failed > 0)
      .map(othersOf)
  }

  #at(writer: number): Inbox {
    const inbox = this.#inboxes[writer]
    if (inbox !== undefined) return inbox
    throw new TallystickError(
      'invalid_config',
      `no writer ${String(writer)}: the store has ${this.#inboxes.length}, from 0`,
    )
  }
}

function othersOf(figures: Figures): SeriesRow {
  return { model: OTHER_NAME, provider: OTHER_NAME, ...figures }
}

function check(path: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  const message = `must be an integer from ${min} to ${max}, not ${String(value)}`
  throw new TallystickError('invalid_config', `EventStore.shared: ${path} ${message}`, { issues: [{ path, message }] })
}
