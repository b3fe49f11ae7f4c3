import { MOST_NOTES, type Note } from './notes.ts'
import { assertAnswered, type Owner } from './owner.ts'

/** Notes that wait for an owner that is away; the oldest go first. */
const MOST_WAITING = 10_000
/** As long as what is under way may keep a server from stopping. */
const CLOSE_MS = 2_000
const REFUSED_FOR_GOOD: ReadonlySet<number> = new Set([400, 413])

/** Sends notes to the owner, in their order; what cannot be sent waits for the next call of `send`. */
export class NoteSender {
  readonly #owner: Owner
  readonly #onError: (error: unknown) => void
  #waiting: Note[] = []
  #dropped = 0
  #sending: Promise<void> | undefined

  constructor(owner: Owner, onError: (error: unknown) => void) {
    this.#owner = owner
    this.#onError = onError
  }

  get waiting(): number {
    return this.#waiting.length
  }

  get dropped(): number {
    return this.#dropped
  }

  add(notes: readonly Note[]): void {
    this.#waiting.push(...notes)
    const over = this.#waiting.length - MOST_WAITING
    if (over > 0) {
      this.#waiting = this.#waiting.slice(over)
      this.#dropped += over
    }
    this.send()
  }

  send(): void {
    if (this.#waiting.length === 0) return
    this.#sending ??= this.#sendAll()
      .catch(this.#onError)
      .finally(() => {
        this.#sending = undefined
      })
  }

  /** What has not gone by then is given up: it is about rows that change again with the next request. */
  async close(): Promise<void> {
    this.send()
    await this.#sending
    this.#waiting = []
  }

  async #sendAll(): Promise<void> {
    // What is noted in the same turn goes together.
    await undefined
    while (this.#waiting.length > 0) {
      const notes = this.#waiting.slice(0, MOST_NOTES)
      const body = JSON.stringify({ notes: notes.map(({ change, was }) => ({ ...change, was })) })
      const response = await this.#owner.ask('/api/v1/control/notes', {
        method: 'POST',
        ours: true,
        headers: { 'content-type': 'application/json' },
        body,
        timeoutMs: CLOSE_MS,
      })
      // Sent again it would be refused again, and keep back all that comes after it.
      if (REFUSED_FOR_GOOD.has(response.status)) this.#dropped += notes.length
      else await assertAnswered(this.#owner, response)
      const gone = new Set(notes)
      this.#waiting = this.#waiting.filter((note) => !gone.has(note))
    }
  }
}
