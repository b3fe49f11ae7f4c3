import type { UsageEvent } from '../event/index.ts'
import type { PendingEvents } from '../recorder/index.ts'
import type { Accounts } from './accounts.ts'
import { EncodedEvents } from './records.ts'
import type { Batch } from './writer.ts'

export interface IntakeOptions {
  readonly accounts: Accounts
  readonly intervalMs: number
  readonly threshold: number
  /** Takes what waits; never rejects. */
  readonly drain: () => void
}

/** Events written by one append, of one recorder. */
const BATCH_EVENTS = 500

/** The way out of one recorder: when to take events, and what it says of itself. */
export class Intake {
  readonly recorder: PendingEvents
  readonly #options: IntakeOptions
  readonly #stops: readonly (() => void)[]
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(recorder: PendingEvents, options: IntakeOptions) {
    this.recorder = recorder
    this.#options = options
    const { intervalMs, threshold, drain } = options
    this.#stops =
      intervalMs === 0
        ? [recorder.onWaiting(1, drain)]
        : [recorder.onWaiting(1, () => this.drainLater(intervalMs)), recorder.onWaiting(threshold, drain)]
  }

  /** The timer keeps the process alive: what was recorded last is to be written before it ends by itself. */
  drainLater(ms: number): void {
    if (this.#stopped) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#options.drain()
    }, ms)
  }

  /** Takes in what the recorder says of its lives. */
  listen(): void {
    const { accounts } = this.#options
    for (const { sourceId, epoch, recorded, acked, dropped } of this.recorder.ledgers()) {
      const life = accounts.life(sourceId, epoch)
      life.ended = false
      // To a recorder an event is answered once it is on disk.
      life.hear({ recorded, acked: Math.max(0, acked - life.spooled), dropped })
    }
  }

  /** The next events, apart by life. Those that cannot be written down are refused. */
  async take(): Promise<{ readonly count: number; readonly batches: readonly Batch[] }> {
    const { accounts } = this.#options
    const events = await this.recorder.take(BATCH_EVENTS)
    const batches = new Map<number, Batch & { readonly events: UsageEvent[] }>()
    const refused: UsageEvent[] = []
    for (const event of events) {
      const life = accounts.lifeOf(event)
      let batch = batches.get(life.number)
      if (batch === undefined) {
        batch = { life, events: [], encoded: new EncodedEvents() }
        batches.set(life.number, batch)
      }
      if (batch.encoded.add(event)) batch.events.push(event)
      else refused.push(event)
    }
    if (refused.length > 0) await this.recorder.settle(refused, 'rejected')
    return { count: events.length, batches: [...batches.values()].filter((batch) => batch.events.length > 0) }
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    for (const stop of this.#stops) stop()
  }
}
