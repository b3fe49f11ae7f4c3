import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { Exchange } from '@tallystick/core/capture'

/** Looks at an answer as it passes by, and tells the exchange. Never slows it down, and never fails it. */
export interface Tap {
  data(chunk: Uint8Array): void
  /** The answer is over as it should be. Calls back once all of it has been read. */
  ended(over: () => void): void
  /** It is over otherwise: what is still being read does not count any more. */
  drop(): void
}

/** Compressed bytes that may wait to be read; a client that is faster than that has an answer whose usage is not known. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024
/** Of one answer, uncompressed. The longest are some megabytes; what is longer is a bomb. */
const MAX_READ_BYTES = 64 * 1024 * 1024

const DECODERS = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
} as const

/** A tap for an answer with this `content-encoding`. */
export function createTap(exchange: Exchange, contentEncoding: string | undefined): Tap {
  const encoding = contentEncoding?.trim().toLowerCase() ?? ''
  if (encoding === '' || encoding === 'identity') return new PlainTap(exchange)
  const decoder = DECODERS[encoding as keyof typeof DECODERS]
  if (decoder !== undefined && Object.hasOwn(DECODERS, encoding)) return new DecodingTap(exchange, decoder())
  exchange.unread()
  const ended = (over: () => void): void => {
    exchange.ended()
    over()
  }
  return { data: () => undefined, ended, drop: () => undefined }
}

class PlainTap implements Tap {
  readonly #exchange: Exchange

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  data(chunk: Uint8Array): void {
    this.#exchange.data(chunk)
  }

  ended(over: () => void): void {
    this.#exchange.ended()
    over()
  }

  drop(): void {}
}

/** Reads a copy, decompressed in the background. */
class DecodingTap implements Tap {
  readonly #exchange: Exchange
  #decoder: ReturnType<typeof createGunzip> | ReturnType<typeof createBrotliDecompress> | undefined
  #read = 0
  /** Set once the answer is over. */
  #over: (() => void) | undefined

  constructor(
    exchange: Exchange,
    decoder: ReturnType<typeof createGunzip> | ReturnType<typeof createBrotliDecompress>,
  ) {
    this.#exchange = exchange
    this.#decoder = decoder
    decoder.on('data', (chunk: Buffer) => {
      this.#read += chunk.byteLength
      if (this.#read > MAX_READ_BYTES) this.#giveUp()
      else exchange.data(chunk)
    })
    decoder.on('end', () => this.#finish())
    decoder.on('error', () => this.#giveUp())
  }

  data(chunk: Uint8Array): void {
    const decoder = this.#decoder
    if (decoder === undefined) return
    decoder.write(chunk)
    if (decoder.writableLength > MAX_WAITING_BYTES) this.#giveUp()
  }

  ended(over: () => void): void {
    this.#over = over
    if (this.#decoder === undefined) this.#tell()
    else this.#decoder.end()
  }

  drop(): void {
    this.#decoder?.destroy()
    this.#decoder = undefined
  }

  #finish(): void {
    this.#decoder = undefined
    this.#tell()
  }

  #giveUp(): void {
    this.#exchange.unread()
    this.drop()
    this.#tell()
  }

  #tell(): void {
    const over = this.#over
    if (over === undefined) return
    this.#over = undefined
    this.#exchange.ended()
    over()
  }
}
