import { type Clock, uuidv7Generator } from '../event/index.ts'

/** Which try of which operation a request is. */
export interface Try {
  readonly operationId: string
  /** 1 for the first. */
  readonly attempt: number
}

interface Failed extends Try {
  readonly atMs: number
  /** Of the body. */
  readonly bytes: number
}

/** Where it goes, and whatever else two tries of one operation share. A function is asked only when it is needed. */
export type Address = string | (() => string)

/** What has been sent, or enough of it to know it again. */
export interface Sent {
  readonly length: number
  /** What to compare, in pieces; where they are cut does not matter. */
  pieces(): Iterable<Uint8Array>
}

/** Longer than any SDK waits before it tries again. */
const WINDOW_MS = 120_000
const MAX_FAILED = 1_000
/** What SDKs try again. Whatever else has been answered is over. */
const RETRIED: ReadonlySet<number> = new Set([408, 409, 425, 429])

/**
 * Do SDKs send a request again that was answered so?
 *
 * @example mayBeTriedAgain(429) // true
 * @example mayBeTriedAgain(400) // false
 */
export const mayBeTriedAgain = (status: number): boolean => RETRIED.has(status) || status >= 500

/**
 * Knows the next try of a request that failed: the same words to the same address, soon after. SDKs try again below whoever calls
 * them, and nearly none says so.
 *
 * All bodies are given whole, or all as what was kept of them: the one is not known by the other.
 *
 * Of a failed request a hash of address and body is kept for two minutes, nothing of others; so requests that do not fail cost
 * nothing here.
 */
export class Attempts {
  /** By hash; of equal requests that failed, the latest last. */
  readonly #failed = new Map<string, Failed[]>()
  /** How many of them have a body of this length. While one is waited for, a body of another length need not be hashed. */
  readonly #lengths = new Map<number, number>()
  readonly #clock: Clock
  readonly #mint: () => string
  #count = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#mint = uuidv7Generator(clock)
  }

  /**
   * What failed before and is tried again now; undefined for a first try.
   *
   * @param attempt as the sender counts, where it does
   */
  again(address: Address, body: Uint8Array | Sent | undefined, attempt: number | undefined): Try | undefined {
    if (body === undefined || attempt === 1 || !this.#lengths.has(body.length)) return undefined
    this.#forget()
    const key = keyOf(address, body)
    const waiting = this.#failed.get(key) ?? []
    // The latest: who tries again does so soon, and one that failed longer ago has been given up.
    const at = waiting.findLastIndex((failed) => attempt === undefined || failed.attempt === attempt - 1)
    const [before] = at < 0 ? [] : waiting.splice(at, 1)
    if (before === undefined) return undefined
    this.#gone(before)
    if (waiting.length === 0) this.#failed.delete(key)
    return { operationId: before.operationId, attempt: before.attempt + 1 }
  }

  /** A request failed in a way that may be tried again. */
  failed(address: Address, body: Uint8Array | Sent | undefined, known: Partial<Try>): Try {
    const { operationId = this.#mint(), attempt = 1 } = known
    if (body !== undefined && this.#count < MAX_FAILED) {
      this.#forget()
      const key = keyOf(address, body)
      const waiting = this.#failed.get(key) ?? []
      waiting.push({ operationId, attempt, atMs: this.#clock.monotonic(), bytes: body.length })
      this.#failed.set(key, waiting)
      this.#lengths.set(body.length, (this.#lengths.get(body.length) ?? 0) + 1)
      this.#count++
    }
    return { operationId, attempt }
  }

  /** Those that nobody tried again. A key stands where it was first put, so an old one may hide behind a newer: it goes later. */
  #forget(): void {
    const oldest = this.#clock.monotonic() - WINDOW_MS
    for (const [key, waiting] of this.#failed) {
      if ((waiting.at(-1)?.atMs ?? 0) >= oldest) return
      this.#failed.delete(key)
      waiting.forEach((failed) => {
        this.#gone(failed)
      })
    }
  }

  #gone({ bytes }: Failed): void {
    this.#count--
    const left = (this.#lengths.get(bytes) ?? 0) - 1
    if (left > 0) this.#lengths.set(bytes, left)
    else this.#lengths.delete(bytes)
  }
}

/** 64 bits of it, by FNV-1a twice over; enough among a thousand. */
function keyOf(address: Address, body: Uint8Array | Sent): string {
  const where = typeof address === 'string' ? address : address()
  let low = 0x811c9dc5
  let high = 0x1b873593
  const step = (value: number): void => {
    low = Math.imul(low ^ value, 0x01000193)
    high = Math.imul(high ^ value, 0x85ebca6b) ^ (high >>> 15)
  }
  for (let index = 0; index < where.length; index++) step(where.charCodeAt(index))
  for (const bytes of body instanceof Uint8Array ? [body] : body.pieces())
    for (let index = 0; index < bytes.length; index++) step(bytes[index] as number)
  return `${low >>> 0}.${high >>> 0}`
}
