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
 * Reads a body of at most `limit` bytes; what comes after them is thrown away for a while, and then refused.
 *
 * @throws TallystickError `body_too_large`, `overloaded`
 */
export async function readBody(
  body: ReadableStream<Uint8Array> | null,
  limit: number,
  budget: ByteBudget,
): Promise<Uint8Array> {
  if (body === null) return new Uint8Array()
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      if (size + value.byteLength > limit) throw tooLarge(limit)
      budget.take(value.byteLength)
      size += value.byteLength
      chunks.push(value)
    }
  } catch (error) {
    budget.give(size)
    void discard(reader)
    throw error
  }
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks, size)
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
