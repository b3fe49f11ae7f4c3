import type { ErrorCode } from '@tallystick/core'
import type { Mutable, RefusedItem } from '@tallystick/core/event'
import type { IngestAnswer, ItemResult, ItemStatus, RejectedItem } from './ingest.ts'

/** The answer to a delivery while its items get their outcomes, in whatever order. */
export class Reply {
  readonly #received: number
  readonly #results: ItemResult[] | undefined
  readonly #conflicts: { readonly index: number; readonly event_id: string }[] = []
  readonly #rejected: RejectedItem[] = []
  #accepted = 0
  #duplicate = 0

  constructor(received: number, wantResults: boolean) {
    this.#received = received
    this.#results = wantResults ? new Array<ItemResult>(received) : undefined
  }

  set(index: number, status: Exclude<ItemStatus, 'rejected'>, eventId: string): void {
    if (status === 'accepted') this.#accepted++
    else if (status === 'duplicate') this.#duplicate++
    else this.#conflicts.push({ index, event_id: eventId })
    if (this.#results) this.#results[index] = { index, event_id: eventId, status }
  }

  reject(index: number, { code, message, field, eventId }: RefusedItem): void {
    const id = eventId === undefined ? {} : { event_id: eventId }
    this.#rejected.push({ index, ...id, code, message, ...(field === undefined ? {} : { field }) })
    if (this.#results) this.#results[index] = { index, ...id, status: 'rejected', code: code satisfies ErrorCode }
  }

  answer(): IngestAnswer {
    const byIndex = (a: { readonly index: number }, b: { readonly index: number }): number => a.index - b.index
    const answer: Mutable<IngestAnswer> = {
      received: this.#received,
      accepted: this.#accepted,
      duplicate: this.#duplicate,
      conflict: this.#conflicts.length,
      conflicts: this.#conflicts.sort(byIndex),
      rejected: this.#rejected.sort(byIndex),
    }
    if (this.#results) answer.results = this.#results
    return answer
  }
}
