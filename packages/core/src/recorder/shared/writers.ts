import { TallystickError } from '../../errors.ts'
import { Draft } from '../draft.ts'
import type { EventDefaults } from '../recordable.ts'
import type { Figures } from '../stats.ts'
import { OTHER_NAME, type SeriesRow, Tally } from '../tally.ts'
import { collectOften } from './collect-often.ts'
import type { WriterHandle } from './handle.ts'
import { type Collected, Inbox } from './inbox.ts'
import { DEFAULT_RING_BYTES, LAYOUT_VERSION, MAX_RING_BYTES, MIN_RING_BYTES, newMemory } from './layout.ts'

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

/** The rings of a store's writers, seen from the store. */
export class Writers {
  readonly #inboxes: readonly Inbox[]
  #collecting = false

  /** @throws TallystickError `invalid_config` */
  constructor({ writers, ringBytes = DEFAULT_RING_BYTES }: WritersOptions, collected: Collected) {
    check('writers', writers, 1, MAX_WRITERS)
    check('ringBytes', ringBytes, MIN_RING_BYTES, MAX_RING_BYTES)
    const draft = new Draft()
    this.#inboxes = Array.from({ length: writers }, () => new Inbox(newMemory(ringBytes), draft, collected))
    collectOften(
      this,
      this.#inboxes.map(({ memory }) => memory.ints),
    )
  }

  handle(writer: number, defaults: EventDefaults, enabled: boolean): WriterHandle {
    const { buffer } = this.#at(writer).memory
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

  /** What the writers have counted up to now, read without collecting. */
  totals(): Figures {
    return sumOf(this.#inboxes.map(({ totals }) => totals.refresh().all))
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
    throw new TallystickError('invalid_config', `no writer ${String(writer)}: the store has ${this.#inboxes.length}, from 0`)
  }
}

function othersOf(figures: Figures): SeriesRow {
  return { model: OTHER_NAME, provider: OTHER_NAME, ...figures }
}

function sumOf(figures: readonly Figures[]): Figures {
  const tally = new Tally()
  for (const each of figures) tally.merge(othersOf(each))
  return tally.total()
}

function check(path: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  const message = `must be an integer from ${min} to ${max}, not ${String(value)}`
  throw new TallystickError('invalid_config', `EventStore.shared: ${path} ${message}`, { issues: [{ path, message }] })
}
