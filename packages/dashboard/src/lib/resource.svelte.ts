import { systemClock } from '@tallystick/core/event'
import { untrack } from 'svelte'
import { isAbort, Problem } from './api.ts'

/** Shorter waits are not worth a change on the screen. */
const NOTICEABLE_MS = 150
/** From here on a person wants to know that it still works, and to be able to stop it. */
const TARDY_MS = 3_000

export interface Answer<Request, Result> {
  readonly request: Request
  readonly result: Result
  /** Which question it answers, whatever the moment. */
  readonly key: string
  /** When it came, ms since 1970 UTC. */
  readonly atMs: number
}

/**
 * The latest answer to a question that changes. A newer question cancels the one under way; while it is, the last answer
 * stays, so that nothing jumps. An answer to the same question (`key`) only refreshes; one to another makes the old stale.
 */
export class Resource<Request, Result> {
  answer = $state.raw<Answer<Request, Result> | null>(null)
  problem = $state.raw<Problem | null>(null)
  /** Under way for longer than is worth hiding. */
  slow = $state(false)
  /** Under way for long enough to offer a way out. */
  tardy = $state(false)
  /** The answer on show is to an earlier question. */
  stale = $state(false)

  /** How long the last answer took, ms. */
  costMs = 0

  readonly #load: (request: Request, signal: AbortSignal) => Promise<Result>
  #controller: AbortController | null = null
  #under: Promise<void> = Promise.resolve()
  #last: { readonly request: Request; readonly key: string } | null = null

  constructor(load: (request: Request, signal: AbortSignal) => Promise<Result>) {
    this.#load = load
  }

  /**
   * Asks whenever what `question` reads changes. To be called while a component is set up.
   *
   * @param question null while it cannot be asked yet; `key` names what it asks, without the moment it is asked at
   */
  follow(question: () => { readonly request: Request; readonly key: string } | null): void {
    $effect(() => {
      const next = question()
      if (next) {
        untrack(() => {
          this.#under = this.ask(next.request, next.key)
        })
      }
    })
    $effect(() => () => this.#controller?.abort())
  }

  /** Resolves when answered, failed or overtaken; never rejects. */
  async ask(request: Request, key: string): Promise<void> {
    this.#controller?.abort()
    const controller = new AbortController()
    this.#controller = controller
    this.#last = { request, key }
    this.stale = this.answer !== null && this.answer.key !== key
    const startedMs = systemClock.monotonic()
    const noticed = setTimeout(() => {
      this.slow = true
    }, NOTICEABLE_MS)
    const late = setTimeout(() => {
      this.tardy = true
    }, TARDY_MS)
    try {
      const result = await this.#load(request, controller.signal)
      if (this.#controller !== controller) return
      this.costMs = systemClock.monotonic() - startedMs
      this.answer = { request, result, key, atMs: systemClock.now() }
      this.problem = null
      this.stale = false
    } catch (error) {
      if (this.#controller !== controller) return
      this.problem = isAbort(error)
        ? new Problem('query_cancelled', 'You stopped the query.', 499)
        : error instanceof Problem
          ? error
          : new Problem('internal_error', String(error), 0)
    } finally {
      clearTimeout(noticed)
      clearTimeout(late)
      if (this.#controller === controller) {
        this.#controller = null
        this.slow = false
        this.tardy = false
      }
    }
  }

  /** Is another question than this one under way? Its answer would take the place of the one there is. */
  asksOther(key: string): boolean {
    return this.#controller !== null && this.#last?.key !== key
  }

  retry(): void {
    if (this.#last) this.#under = this.ask(this.#last.request, this.#last.key)
  }

  /** Resolves when the question under way, if any, has been answered. */
  settled(): Promise<void> {
    return this.#under
  }

  cancel(): void {
    this.#controller?.abort()
  }
}
