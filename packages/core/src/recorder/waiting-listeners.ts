interface Listener {
  readonly threshold: number
  readonly call: () => void
  armed: boolean
}

/**
 * Who wants to know when so many events wait. Each listener is called once when its number is reached, and again only
 * after fewer have waited in between: while a server is away, recording does not pay for calls that lead nowhere.
 */
export class WaitingListeners {
  /** Fewest waiting events that anybody is still to be told of: the one comparison that recording makes. */
  next = Number.POSITIVE_INFINITY
  readonly #listeners = new Set<Listener>()

  add(threshold: number, call: () => void, waiting: number): () => void {
    const listener: Listener = { threshold, call, armed: true }
    this.#listeners.add(listener)
    this.reached(waiting)
    return () => {
      this.#listeners.delete(listener)
      this.#settle()
    }
  }

  /** So many wait now, after an event was recorded. */
  reached(waiting: number): void {
    for (const listener of this.#listeners) {
      if (!listener.armed || waiting < listener.threshold) continue
      listener.armed = false
      // Not within the recording, whose caller must feel neither its time nor what it throws.
      Promise.resolve()
        .then(() => {
          if (this.#listeners.has(listener)) listener.call()
        })
        .catch(() => undefined)
    }
    this.#settle()
  }

  /** Only so many wait now, after some were taken or have left. */
  fell(waiting: number): void {
    if (this.#listeners.size === 0) return
    for (const listener of this.#listeners) if (waiting < listener.threshold) listener.armed = true
    this.#settle()
  }

  #settle(): void {
    this.next = Number.POSITIVE_INFINITY
    for (const { threshold, armed } of this.#listeners) if (armed && threshold < this.next) this.next = threshold
  }
}
