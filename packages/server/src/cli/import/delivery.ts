import { setTimeout as sleep } from 'node:timers/promises'
import { ERRORS, isTallystickError } from '@tallystick/core'
import type { Mark, WireEvent } from '../../import/record.ts'
import { answerOf, type Connection } from '../connection.ts'
import type { ImportTally } from './tally.ts'

/** Events in one request: as many as the pipeline works on in one go. */
export const BATCH_EVENTS = 1_000
/** Requests under way at once: the server works on one while it syncs another, and memory stays bounded. */
const CONCURRENT = 4

/** How long to wait before each further attempt; after the last there is none. */
const RETRY_AFTER_MS = [250, 500, 1_000, 2_000, 4_000]

interface Answer {
  readonly accepted: number
  readonly duplicate: number
  readonly conflict: number
  readonly rejected: readonly {
    readonly index: number
    readonly code: string
    readonly message: string
    readonly field?: string
  }[]
}

/**
 * Sends events in batches, a few at once, and counts what became of them. A mark is passed on once everything that was given
 * before it is acknowledged.
 */
export class Delivery {
  readonly #connection: Connection
  readonly #tally: ImportTally
  readonly #onMark: (mark: Mark) => void
  #items: WireEvent[] = []
  #places: string[] = []
  /** Marks that wait, with the number of the batch that must be acknowledged first. */
  #marks: { readonly batch: number; readonly mark: Mark }[] = []
  #batch = 1
  /** Numbers of batches under way. */
  readonly #under = new Map<number, Promise<void>>()
  #failure: { readonly error: unknown } | undefined

  constructor(connection: Connection, tally: ImportTally, onMark: (mark: Mark) => void = () => undefined) {
    this.#connection = connection
    this.#tally = tally
    this.#onMark = onMark
  }

  /**
   * Takes an event; a promise only when there are enough under way to wait for.
   *
   * @throws TallystickError what the server refused a batch with, or `server_unreachable`
   */
  add(item: WireEvent, where: string): Promise<void> | undefined {
    this.#tally.sent(item['timestamp_ms'])
    this.#items.push(item)
    this.#places.push(where)
    return this.#items.length < BATCH_EVENTS ? undefined : this.#dispatch()
  }

  mark(mark: Mark): void {
    this.#marks.push({ batch: this.#items.length === 0 ? this.#batch - 1 : this.#batch, mark })
    this.#settle()
  }

  /** Waits until everything is acknowledged. */
  async end(): Promise<void> {
    if (this.#items.length > 0) this.#dispatch()
    await this.#room(1)
  }

  #dispatch(): Promise<void> | undefined {
    const [items, places] = [this.#items, this.#places]
    const batch = this.#batch++
    this.#items = []
    this.#places = []
    const sending = this.#send(JSON.stringify(items), places).then(
      () => {
        this.#under.delete(batch)
        this.#settle()
      },
      (error: unknown) => {
        // Its marks, and those of batches after it, stay where they are for ever.
        this.#failure ??= { error }
        this.#under.delete(batch)
      },
    )
    this.#under.set(batch, sending)
    return this.#under.size < CONCURRENT ? undefined : this.#room(CONCURRENT)
  }

  async #room(limit: number): Promise<void> {
    while (this.#under.size >= limit) await Promise.race(this.#under.values())
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Of the events it gets the text alone: what is in reach while an answer is waited for is copied by the collector. */
  async #send(body: string, places: readonly string[]): Promise<void> {
    let answer: Answer
    try {
      answer = await this.#post(body)
    } catch (error) {
      if (!isTooMuch(error) || places.length === 1) throw error
      const items = JSON.parse(body) as readonly WireEvent[]
      const half = places.length >> 1
      await this.#send(JSON.stringify(items.slice(0, half)), places.slice(0, half))
      return this.#send(JSON.stringify(items.slice(half)), places.slice(half))
    }
    const tally = this.#tally
    tally.accepted += answer.accepted
    tally.duplicate += answer.duplicate
    tally.conflict += answer.conflict
    for (const { index, code, message, field } of answer.rejected)
      tally.reject({ where: places[index] ?? '', code, message, ...(field === undefined ? {} : { field }) })
  }

  /** Ids make a repeat safe, so what may pass is waited for. */
  async #post(body: string, attempt = 0): Promise<Answer> {
    try {
      // Whatever the server is set to: what is only received may be gone after a power cut, and would never be read again.
      const response = await this.#connection.call('/api/v1/events?ack=durable', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      return await answerOf<Answer>(response)
    } catch (error) {
      const waitMs = RETRY_AFTER_MS[attempt]
      const mayPass = isTallystickError(error) && ERRORS[error.code].retryable
      if (waitMs === undefined || !mayPass || this.#failure !== undefined) throw error
      await sleep(waitMs)
      return this.#post(body, attempt + 1)
    }
  }

  #settle(): void {
    if (this.#failure !== undefined) return
    const through = Math.min(this.#batch, ...this.#under.keys()) - 1
    let settled = 0
    for (const { batch, mark } of this.#marks) {
      if (batch > through) break
      this.#onMark(mark)
      settled++
    }
    if (settled > 0) this.#marks = this.#marks.slice(settled)
  }
}

/** A server may be set to take less at once than is sent. */
const isTooMuch = (error: unknown): boolean =>
  isTallystickError(error) && (error.code === 'too_many_events' || error.code === 'body_too_large')
