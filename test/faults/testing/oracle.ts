import { Prng } from '../../../packages/core/src/journal/testing/prng.ts'
import type { HttpClient } from './http-client.ts'
import { knownEvent, type WireEvent } from './known-event.ts'

/** Sizes of batches; every kind of batch goes through the whole pipeline alike, but not through the same code. */
const SIZES = [1, 7, 100]
const LARGE = 4_000
/** One batch in so many is sent on two connections at once. */
const TWICE = 8
/** One batch in so many holds ids that were sent before. */
const REPEATING = 3

interface Item {
  readonly event_id: string
  readonly status: string
}

interface Ingested {
  readonly received: number
  readonly accepted: number
  readonly duplicate: number
  readonly conflict: number
  readonly rejected: readonly unknown[]
  readonly results: readonly Item[]
}

/**
 * A client that knows what it was promised. Every number it has issued is acked, or unknown: sent without an answer, so
 * that it is there once or not at all. What the server says is checked against that at once.
 */
export class Oracle {
  readonly acked = new Set<number>()
  readonly unknown = new Set<number>()
  /** Sentences, one for each answer that contradicts what was promised. */
  readonly broken: string[] = []
  readonly recentMs: number
  /** Numbers that the server has called accepted: that can be said only once. */
  readonly #accepted = new Set<number>()
  readonly #prng: Prng
  #next = 0
  answered = 0
  unanswered = 0
  duplicates = 0

  constructor(seed: number, recentMs: number) {
    this.#prng = new Prng(seed)
    this.recentMs = recentMs
  }

  get issued(): number {
    return this.#next
  }

  event(number: number): WireEvent {
    return knownEvent(number, this.recentMs)
  }

  /** Every event that was ever issued. */
  events(): WireEvent[] {
    return Array.from({ length: this.#next }, (_, number) => this.event(number))
  }

  /** Sends batches, one after another, until the signal; several of these run at once. */
  async load(client: HttpClient, url: string, until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      const batch = this.#batch()
      const times = this.#prng.below(TWICE) === 0 ? 2 : 1
      const sent = await Promise.all(Array.from({ length: times }, () => this.send(client, url, batch)))
      // A server that is gone answers at once; the loop must not spin until it is back.
      if (!sent.includes(true)) await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** So many new numbers. */
  issue(count: number): number[] {
    const first = this.#next
    this.#next += count
    return Array.from({ length: count }, (_, index) => first + index)
  }

  /** Sends so many new events and expects them to be taken. */
  async sendNew(client: HttpClient, url: string, count: number): Promise<void> {
    const numbers = this.issue(count)
    for (let at = 0; at < count; at += LARGE) {
      if (!(await this.send(client, url, numbers.slice(at, at + LARGE)))) throw new Error('A batch was not taken')
    }
  }

  /** Sends everything whose fate is unknown, in batches of another size than before. */
  async resend(client: HttpClient, url: string): Promise<void> {
    const numbers = this.#prng.shuffled([...this.unknown])
    while (numbers.length > 0) await this.send(client, url, numbers.splice(0, 64))
  }

  /** True if it was taken; a batch that was not leaves its numbers unknown. */
  async send(client: HttpClient, url: string, batch: readonly number[]): Promise<boolean> {
    const promised = new Set(batch.filter((number) => this.acked.has(number)))
    for (const number of batch) if (!promised.has(number)) this.unknown.add(number)
    let answer: { readonly status: number; readonly json: unknown }
    try {
      const events = batch.map((number) => this.event(number))
      answer = await client.post(`${url}/api/v1/events?results=all`, { events })
    } catch {
      this.unanswered++
      return false
    }
    if (answer.status !== 200) {
      // Refused as a whole, and to be sent again: anything else is not an answer to a sound batch.
      if (answer.status !== 503 && answer.status !== 507)
        this.broken.push(`a sound batch was answered ${answer.status}: ${JSON.stringify(answer.json)}`)
      this.unanswered++
      return false
    }
    this.answered++
    this.#take(batch, promised, answer.json as Ingested)
    return true
  }

  #take(batch: readonly number[], promised: ReadonlySet<number>, answer: Ingested): void {
    const { received, accepted, duplicate, conflict, rejected, results } = answer
    if (received !== batch.length || accepted + duplicate !== received || conflict !== 0 || rejected.length !== 0)
      this.broken.push(`a batch of ${batch.length} was answered ${JSON.stringify({ ...answer, results: undefined })}`)
    this.duplicates += duplicate
    batch.forEach((number, index) => {
      const { event_id: id, status } = results[index] ?? { event_id: 'none', status: 'missing' }
      if (id !== this.event(number).event_id) this.broken.push(`item ${index} is ${id}, not ${number}`)
      if (status === 'accepted') {
        if (promised.has(number)) this.broken.push(`${number} was acknowledged, then accepted anew`)
        else if (this.#accepted.has(number)) this.broken.push(`${number} was accepted twice`)
        this.#accepted.add(number)
      } else if (status !== 'duplicate') this.broken.push(`${number} is ${status}`)
      this.acked.add(number)
      this.unknown.delete(number)
    })
  }

  /** New numbers, some whose fate is unknown, and some that were sent before. */
  #batch(): number[] {
    const prng = this.#prng
    const size = SIZES[prng.below(SIZES.length)] as number
    const batch = new Set<number>()
    if (prng.below(REPEATING) === 0) {
      for (const number of [...this.unknown].slice(0, prng.below(size))) batch.add(number)
      for (let count = prng.below(size); count > 0 && this.#next > 0; count--) batch.add(prng.below(this.#next))
    }
    while (batch.size < size) batch.add(this.#next++)
    return [...batch]
  }
}
