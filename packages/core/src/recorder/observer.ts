import type { Draft } from './read-event.ts'
import type { EventDefaults } from './recordable.ts'
import type { SeriesRow } from './tally.ts'

/** Who is told of all requests that a recorder counts, each once, those included that the buffer has no room for. */
export interface RecordingObserver {
  /** The draft is used again for the next event; `defaults` are for members that it has not. */
  request(draft: Draft, defaults: EventDefaults | undefined): void
  /** Requests of another thread that were counted there and whose events will not come. */
  totals(row: SeriesRow): void
}

/** The observers of a recorder. What they throw must not be felt by recording. */
export class Observers {
  /** How many there are: what recording looks at. */
  count = 0
  readonly #all = new Set<RecordingObserver>()

  add(observer: RecordingObserver): () => void {
    this.#all.add(observer)
    this.count = this.#all.size
    return () => {
      this.#all.delete(observer)
      this.count = this.#all.size
    }
  }

  tell(what: (observer: RecordingObserver) => void): void {
    for (const observer of this.#all) {
      try {
        what(observer)
      } catch {}
    }
  }
}
