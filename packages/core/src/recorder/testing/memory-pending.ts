import type { Mutable, UsageEvent } from '../../event/index.ts'
import type { DropReason, Ledger, PendingEvents } from '../pending.ts'

export interface MemoryPendingOptions {
  readonly capacity?: number
  readonly sourceId?: string
  readonly epoch?: number
}

/**
 * The port in its plainest form: one list, looked through each time. What it does is what the conformance suite asks of
 * every other; it is slow, and correct by being read.
 */
export class MemoryPending implements PendingEvents {
  readonly #capacity: number
  readonly #sourceId: string
  readonly #epoch: number
  /** In the order of recording. */
  readonly #slots: { readonly event: UsageEvent; taken: boolean }[] = []
  readonly #dropped = new Map<DropReason, number>()
  readonly #listeners = new Set<() => void>()
  #recorded = 0
  #acked = 0

  constructor({ capacity = 10_000, sourceId = 'memory', epoch = 1 }: MemoryPendingOptions = {}) {
    this.#capacity = capacity
    this.#sourceId = sourceId
    this.#epoch = epoch
  }

  /** A completed request unless told otherwise; false when there was no room for it. */
  record(members: Partial<UsageEvent> = {}): boolean {
    const seq = this.#recorded++
    if (this.#slots.length >= this.#capacity) {
      this.#drop('queue_full', 1)
      return false
    }
    const event: Mutable<UsageEvent> = {
      eventId: `${this.#sourceId}-${seq}`,
      timestampMs: 1_795_000_000_000 + seq,
      kind: 'llm_request_completed',
      provider: 'openai',
      requestModel: 'gpt-4o',
      success: true,
      inputTokens: 100,
      outputTokens: 50,
      ...members,
      sourceId: this.#sourceId,
      epoch: this.#epoch,
      seq,
    }
    this.#slots.push({ event, taken: false })
    for (const listener of this.#listeners) listener()
    return true
  }

  get pendingCount(): number {
    return this.#slots.length
  }

  take(limit: number, wanted: (event: UsageEvent) => boolean = () => true): readonly UsageEvent[] {
    const found = this.#slots.filter(({ event, taken }) => !taken && wanted(event)).slice(0, limit)
    for (const slot of found) slot.taken = true
    return found.map(({ event }) => event)
  }

  settle(events: readonly UsageEvent[], outcome: 'acked' | 'rejected'): void {
    for (const event of events) this.#slots.splice(this.#takenAt(event), 1)
    if (outcome === 'acked') this.#acked += events.length
    else this.#drop('rejected', events.length)
  }

  release(events: readonly UsageEvent[]): void {
    for (const event of events) {
      const slot = this.#slots[this.#takenAt(event)]
      if (slot !== undefined) slot.taken = false
    }
  }

  onWaiting(threshold: number, listener: () => void): () => void {
    let called = false
    const check = (): void => {
      if (called || this.#slots.filter(({ taken }) => !taken).length < threshold) return
      called = true
      queueMicrotask(() => {
        called = false
        if (this.#listeners.has(check)) listener()
      })
    }
    this.#listeners.add(check)
    check()
    return () => this.#listeners.delete(check)
  }

  ledgers(): readonly Ledger[] {
    return [
      {
        sourceId: this.#sourceId,
        epoch: this.#epoch,
        recorded: this.#recorded,
        acked: this.#acked,
        pending: this.#slots.length,
        dropped: new Map(this.#dropped),
      },
    ]
  }

  #drop(reason: DropReason, count: number): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count)
  }

  /** @throws Error for events that are not taken: whoever settles or releases them has lost count */
  #takenAt({ seq, eventId }: UsageEvent): number {
    const at = this.#slots.findIndex(({ event, taken }) => taken && event.seq === seq)
    if (at < 0) throw new Error(`The event ${eventId} is not taken.`)
    return at
  }
}
