import { gunzip } from 'node:zlib'
import { TallystickError } from '@tallystick/core'

/** How long a client that was refused may go on sending before the connection is cut; it reads the answer meanwhile. */
export const DISCARD_MS = 1_000

/** Bytes of bodies that may be in memory at one time, over all connections. */
export interface ByteBudget {
  /** @throws TallystickError `overloaded` */
  take(bytes: number): void
  give(bytes: number): void
  readonly held: number
}

export function createByteBudget(limit: number): ByteBudget {
  let held = 0
  return {
    take(bytes) {
      if (held + bytes > limit)
        throw new TallystickError('overloaded', `More than ${limit} bytes of requests are being read at this moment.`)
      held += bytes
    },
    give(bytes) {
      held -= bytes
    },
    get held() {
      return held
    },
  }
}

export const tooLarge = (limit: number, what = 'as sent'): TallystickError =>
  new TallystickError('body_too_large', `The body is larger than ${limit} bytes ${what}.`)

/**
 * The bytes of a body as they come in, within a limit and held in the budget.
 *
 * They are copied together: a client may send a byte at a time, and as a list of pieces ten megabytes of those would be
 * some gigabytes.
 */
export class IncomingBody {
  readonly #limit: number
  readonly #budget: ByteBudget
  #bytes: Uint8Array = NOTHING
  #size = 0

  constructor(limit: number, budget: ByteBudget) {
    this.#limit = limit
    this.#budget = budget
  }

  /** @throws TallystickError `body_too_large`, `overloaded`; nothing of the piece is held then */
  add(piece: Uint8Array): void {
    const size = this.#size + piece.byteLength
    if (size > this.#limit) throw tooLarge(this.#limit)
    this.#budget.take(piece.byteLength)
    if (this.#size === 0) {
      // Most bodies come in one piece, which is not copied.
      this.#bytes = piece
    } else {
      if (size > this.#bytes.byteLength) this.#grow(size)
      this.#bytes.set(piece, this.#size)
    }
    this.#size = size
  }

  /** The whole of it; whoever takes it gives it back to the budget. */
  whole(): Uint8Array {
    return this.#size === this.#bytes.byteLength ? this.#bytes : this.#bytes.subarray(0, this.#size)
  }

  /** Lets go of what has come. */
  drop(): void {
    this.#budget.give(this.#size)
    this.#bytes = NOTHING
    this.#size = 0
  }

  #grow(size: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#limit, Math.max(size, 2 * this.#bytes.byteLength, LEAST_ROOM)))
    grown.set(this.#bytes.subarray(0, this.#size))
    this.#bytes = grown
  }
}

const NOTHING = new Uint8Array()
const LEAST_ROOM = 1024

/**
 * Reads a body of at most `limit` bytes; what comes after them is thrown away for a while, and then refused.
 *
 * @throws TallystickError `body_too_large`, `overloaded`; `malformed_request` when the client leaves before its end
 */
export async function readBody(
  stream: ReadableStream<Uint8Array> | null,
  limit: number,
  budget: ByteBudget,
): Promise<Uint8Array> {
  if (stream === null) return NOTHING
  const reader = stream.getReader()
  const body = new IncomingBody(limit, budget)
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        // Nobody hears of it, and it is no fault of ours to be logged.
        throw new TallystickError('malformed_request', 'The body breaks off.', { cause })
      })
      if (done) return body.whole()
      body.add(value)
    }
  } catch (error) {
    body.drop()
    void discard(reader)
    throw error
  }
}

/**
 * Hands a body of at most `limit` bytes to `use` piece by piece, for readers that keep little of it. All of it is held in the
 * budget until its end: what they keep cannot be more.
 *
 * @throws TallystickError `body_too_large`, `overloaded`; `malformed_request` when the client leaves before its end; what
 * `use` throws
 */
export async function passBody(
  stream: ReadableStream<Uint8Array> | null,
  limit: number,
  budget: ByteBudget,
  use: (piece: Uint8Array) => void,
): Promise<void> {
  if (stream === null) return
  const reader = stream.getReader()
  let held = 0
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new TallystickError('malformed_request', 'The body breaks off.', { cause })
      })
      if (done) return
      if (held + value.byteLength > limit) throw tooLarge(limit)
      budget.take(value.byteLength)
      held += value.byteLength
      use(value)
    }
  } catch (error) {
    void discard(reader)
    throw error
  } finally {
    budget.give(held)
  }
}

/** Cancelling at once would cut the connection, and the client would never see why it was refused. */
async function discard(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const cut = setTimeout(() => void reader.cancel().catch(() => undefined), DISCARD_MS)
  cut.unref()
  try {
    while (!(await reader.read()).done);
  } catch {
    // The client went away in the middle of it.
  } finally {
    clearTimeout(cut)
  }
}

/**
 * Decompresses off the event loop and stops at `limit` bytes, so that a bomb costs no more than the largest honest body.
 *
 * @throws TallystickError `body_too_large`, `invalid_encoding`
 */
export function inflate(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    gunzip(bytes, { maxOutputLength: limit, chunkSize: 64 * 1024 }, (error, inflated) => {
      if (error === null) resolve(inflated)
      else if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE')
        reject(tooLarge(limit, 'after decompression'))
      else reject(new TallystickError('invalid_encoding', 'The body is not one whole gzip stream.', { cause: error }))
    })
  })
}

/**
 * Hands the body to `use`, decompressed where it was compressed; what that takes is held in the budget meanwhile.
 *
 * @throws TallystickError `body_too_large`, `invalid_encoding`, `overloaded`
 */
export async function unpacked<T>(
  bytes: Uint8Array,
  gzipped: boolean,
  limit: number,
  budget: ByteBudget,
  use: (body: Uint8Array) => Promise<T>,
): Promise<T> {
  if (!gzipped) {
    if (bytes.byteLength > limit) throw tooLarge(limit)
    return use(bytes)
  }
  const body = await inflate(bytes, limit)
  budget.take(body.byteLength)
  try {
    return await use(body)
  } finally {
    budget.give(body.byteLength)
  }
}
