import { type Address, Attempts, type Exchange, KeptBody, mayBeTriedAgain, type Try } from '@tallystick/core/capture'
import type { Clock } from '@tallystick/core/event'

/** Bytes of bodies that are kept for all requests under way together; while it is full, further ones are not known again. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024

/**
 * Ties the tries of one operation together, which clients hardly ever do. Of a request's body both ends are kept until its answer
 * has begun; only where that is a failure, or one of this length has failed shortly before, is it looked at.
 */
export class Tries {
  readonly attempts: Attempts
  #keptBytes = 0

  constructor(clock: Clock) {
    this.attempts = new Attempts(clock)
  }

  /**
   * @param address what tries have in common: where they go, and of whom they are, so that nobody's are tied to another's
   * @param said what the client says by itself
   */
  begin(exchange: Exchange, address: Address, said: Partial<Try>): Trying {
    return new Trying(this, exchange, address, said)
  }

  /** @returns false where it is too much */
  keep(bytes: number): boolean {
    this.#keptBytes += bytes
    return this.#keptBytes <= MAX_KEPT_BYTES
  }
}

/** One request, as long as it is not known what becomes of it. */
export class Trying {
  readonly #tries: Tries
  readonly #exchange: Exchange
  readonly #address: Address
  #said: Partial<Try>
  #body: KeptBody | undefined
  #whole = false

  constructor(tries: Tries, exchange: Exchange, address: Address, said: Partial<Try>) {
    this.#tries = tries
    this.#exchange = exchange
    this.#address = address
    this.#said = said
    this.#body = new KeptBody()
  }

  write(piece: Uint8Array): void {
    const body = this.#body
    if (body === undefined) return
    const before = body.held
    body.write(piece)
    if (!this.#tries.keep(body.held - before)) this.#forget()
  }

  /** All of it has gone by. */
  sent(): void {
    if (this.#body === undefined) return
    this.#whole = true
    const again = this.#tries.attempts.again(this.#address, this.#body, this.#said.attempt)
    if (again === undefined) return
    this.#said = { ...again, ...this.#said }
    this.#exchange.add(this.#said)
  }

  answered(status: number): void {
    if (mayBeTriedAgain(status)) this.failed()
    else this.#forget()
  }

  /** No answer, or one that says so. */
  failed(): void {
    this.#exchange.add(this.#tries.attempts.failed(this.#address, this.#whole ? this.#body : undefined, this.#said))
    this.#forget()
  }

  #forget(): void {
    this.#tries.keep(-(this.#body?.held ?? 0))
    this.#body = undefined
  }
}
