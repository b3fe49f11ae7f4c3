import type { Draft } from './log-format.ts'

/** Events held back at most while more may be said of them: those under way at one time are few. */
const MOST_PENDING = 256
const NONE: readonly PendingEvent[] = []

/** An event that waits. */
export interface PendingEvent {
  /** What the right line says of it. */
  draft: Draft
  final: boolean
  /** Where in the file it was first told of. */
  readonly at: number
}

/**
 * Events of one file that later lines may yet say more of. An answer that is streamed is logged a piece at a time, each with
 * the figures so far; what is sent once cannot be corrected, so it waits for the last.
 */
export class PendingEvents {
  readonly #held = new Map<string, PendingEvent>()
  /** Name of the last event of each chain. */
  readonly #last = new Map<string, string>()

  /** Where reading would have to begin again to find everything that is held; undefined when nothing is. */
  get from(): number | undefined {
    // The first one in is the earliest: places only grow.
    for (const event of this.#held.values()) return event.at
    return undefined
  }

  get size(): number {
    return this.#held.size
  }

  add(draft: Draft, at: number): void {
    const chain = draft.chain ?? ''
    const before = this.#last.get(chain)
    if (before !== undefined && before !== draft.name) this.#finish(before)
    this.#last.set(chain, draft.name)

    const held = this.#held.get(draft.name)
    if (held === undefined) {
      this.#held.set(draft.name, { draft, final: draft.final, at })
      return
    }
    held.final ||= draft.final
    const { tokens, better, item } = held.draft
    if (draft.tokens < tokens || (draft.tokens === tokens && (better || !draft.better))) return
    // The instant is that of the first line: the nearest to the request, and the same in a copy that was cut short.
    draft.item['timestamp_ms'] = item['timestamp_ms']
    held.draft = draft
  }

  /** Takes out events that have all been said, beyond a number that is kept in case the same event comes again. */
  ready(): readonly PendingEvent[] {
    if (this.#held.size <= MOST_PENDING) return NONE
    const events: PendingEvent[] = []
    for (const event of this.#held.values()) {
      if (this.#held.size <= MOST_PENDING / 2) break
      this.#held.delete(event.draft.name)
      events.push(event)
    }
    return events
  }

  /** At the end of the file: everything, or only what is final. */
  rest(all: boolean): readonly PendingEvent[] {
    const events: PendingEvent[] = []
    for (const event of this.#held.values()) {
      if (!event.final && !all) continue
      this.#held.delete(event.draft.name)
      events.push(event)
    }
    return events
  }

  #finish(name: string): void {
    const held = this.#held.get(name)
    if (held !== undefined) held.final = true
  }
}
