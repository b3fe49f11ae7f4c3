import { TallystickError } from '@tallystick/core'

interface Waiter {
  readonly ordinal: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * So many attempts in a row may fail before whoever waits is told: a store that is opened anew, or whose disk was full for a
 * moment, comes back within them.
 */
const PATIENCE = 4

/** How applying goes: why it fails, while it does, and who waits for it. */
export class ApplyWatch {
  #failures = 0
  #error: string | undefined
  #closed: TallystickError | undefined
  #waiting: readonly Waiter[] = []

  /** Why the latest attempt failed; undefined once one has succeeded. */
  get error(): string | undefined {
    return this.#error
  }

  /**
   * Resolves once `ordinal` is applied; rejects with `store_unavailable` when a fourth attempt in a row fails, and so within
   * one more attempt where they have been failing for longer.
   */
  wait(ordinal: number): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    return new Promise((resolve, reject) => {
      this.#waiting = [...this.#waiting, { ordinal, resolve, reject }]
    })
  }

  /** An attempt ended well. */
  succeeded(): void {
    this.#failures = 0
    this.#error = undefined
  }

  /** An attempt failed. True when that, or the reason, is news: a full disk fails twice a second for hours. */
  failed(error: unknown): boolean {
    const before = this.#error
    this.#error = error instanceof Error ? error.message : String(error)
    this.#failures++
    if (this.#failures >= PATIENCE) {
      this.#rejectAll(
        new TallystickError('store_unavailable', `The store cannot apply what the journal holds: ${this.#error}`, {
          cause: error,
        }),
      )
    }
    return this.#error !== before
  }

  /** Lets those go whose records have been applied. */
  settle(isApplied: (ordinal: number) => boolean): void {
    if (this.#waiting.length === 0) return
    const reached = this.#waiting.filter(({ ordinal }) => isApplied(ordinal))
    this.#waiting = this.#waiting.filter(({ ordinal }) => !isApplied(ordinal))
    for (const { resolve } of reached) resolve()
  }

  /** Nothing is applied any more: tells everyone who waits, and who comes later. */
  close(error: TallystickError): void {
    this.#closed = error
    this.#rejectAll(error)
  }

  #rejectAll(error: TallystickError): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject } of waiting) reject(error)
  }
}
