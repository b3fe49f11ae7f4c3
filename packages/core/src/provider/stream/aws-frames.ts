const PRELUDE_BYTES = 12
const CRC_BYTES = 4
/** The service's own limits are 128 KiB of headers and 16 MiB of payload; what says more is no event stream. */
const MAX_HEADER_BYTES = 131_072
const MAX_FRAME_BYTES = 24 * 1_048_576

/** A message's payload comes in pieces between `begin` and `end`. */
export interface FrameListener {
  /** Headers whose value is text, e.g. `:event-type`. */
  begin(headers: ReadonlyMap<string, string>): void
  data(bytes: Uint8Array, from: number, to: number): void
  end(): void
}

/**
 * Takes AWS's binary event stream apart, in pieces of any size, without holding payloads: length, length of headers, checksum,
 * headers, payload, checksum. Checksums are the connection's business and not looked at.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html
 */
export class AwsFrameReader {
  /** Lengths came that no message has; nothing more is read. */
  broken = false
  readonly #to: FrameListener
  readonly #prelude = new Uint8Array(PRELUDE_BYTES)
  #headers = new Uint8Array(0)
  #part: 'prelude' | 'headers' | 'payload' | 'crc' = 'prelude'
  /** Bytes of the part that are here, and how many it has. */
  #have = 0
  #need = PRELUDE_BYTES
  #payloadBytes = 0

  constructor(to: FrameListener) {
    this.#to = to
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.broken; ) {
      const count = Math.min(this.#need - this.#have, bytes.length - at)
      if (this.#part === 'prelude') this.#prelude.set(bytes.subarray(at, at + count), this.#have)
      else if (this.#part === 'headers') this.#headers.set(bytes.subarray(at, at + count), this.#have)
      else if (this.#part === 'payload') this.#to.data(bytes, at, at + count)
      this.#have += count
      at += count
      while (this.#have === this.#need && !this.broken) this.#next()
    }
  }

  /** The part is complete: the next begins, which may be empty. */
  #next(): void {
    this.#have = 0
    if (this.#part === 'prelude') {
      const view = new DataView(this.#prelude.buffer)
      const total = view.getUint32(0)
      const headerBytes = view.getUint32(4)
      this.#payloadBytes = total - PRELUDE_BYTES - headerBytes - CRC_BYTES
      if (total > MAX_FRAME_BYTES || headerBytes > MAX_HEADER_BYTES || this.#payloadBytes < 0) {
        this.broken = true
        return
      }
      this.#headers = new Uint8Array(headerBytes)
      this.#part = 'headers'
      this.#need = headerBytes
    } else if (this.#part === 'headers') {
      this.#to.begin(textHeaders(this.#headers))
      this.#part = 'payload'
      this.#need = this.#payloadBytes
    } else if (this.#part === 'payload') {
      this.#to.end()
      this.#part = 'crc'
      this.#need = CRC_BYTES
    } else {
      this.#part = 'prelude'
      this.#need = PRELUDE_BYTES
    }
  }
}

const TEXT_TYPE = 7
/** Bytes of a value by its type; texts and byte arrays tell their own length. */
const VALUE_BYTES: readonly number[] = [0, 0, 1, 2, 4, 8, -1, -1, 8, 16]

function textHeaders(bytes: Uint8Array): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  const decoder = new TextDecoder()
  for (let at = 0; at < bytes.length; ) {
    const nameBytes = bytes[at] as number
    const name = decoder.decode(bytes.subarray(at + 1, at + 1 + nameBytes))
    at += 1 + nameBytes
    const type = bytes[at++]
    const fixed = type === undefined ? undefined : VALUE_BYTES[type]
    if (fixed === undefined) return headers
    const length = fixed >= 0 ? fixed : ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
    if (fixed < 0) at += 2
    if (type === TEXT_TYPE) headers.set(name, decoder.decode(bytes.subarray(at, at + length)))
    at += length
  }
  return headers
}
