/** The largest window that is unpacked: what `zstd` itself takes without being told to take more. It is held while a frame is read. */
export const LARGEST_WINDOW = 128 * 1024 * 1024
/** No block unpacks to more (RFC 8878, 3.1.1.2.4). */
export const LARGEST_BLOCK = 128 * 1024
/** So many bytes tell all that stands at the head of a frame. */
export const LONGEST_HEAD = 18

const MAGIC = 0xfd2fb528
/** The last digit is free. */
const SKIPPED_MAGIC = 0x184d2a50
const BLOCK_HEAD_BYTES = 3
const CHECKSUM_BYTES = 4
const RLE = 1

/** The next part of packed data. */
export interface ZstdPart {
  readonly length: number
  /** It is nothing that is unpacked. */
  readonly skipped: boolean
}

const REST: ZstdPart = { length: Number.POSITIVE_INFINITY, skipped: false }

/**
 * Where the parts of zstd data end: heads of frames, blocks, checksums. Whoever unpacks a part at a time has no more than a
 * block's 128 KiB of it at once, while a few bytes of many blocks are gigabytes.
 *
 * What is broken is one part to the end, for the unpacker to say what it is.
 *
 * @source RFC 8878, 3.1
 */
export class ZstdParts {
  #inFrame = false
  #checksum = false
  #last = false

  /**
   * The part that begins with these bytes, of which there are 18, or all that are left.
   *
   * @throws if it would take more memory than is given to it
   */
  next(bytes: Uint8Array): ZstdPart {
    if (this.#last) return this.#endOfFrame()
    return this.#inFrame ? this.#block(bytes) : this.#head(bytes)
  }

  #endOfFrame(): ZstdPart {
    this.#last = false
    this.#inFrame = false
    return { length: this.#checksum ? CHECKSUM_BYTES : 0, skipped: false }
  }

  #head(bytes: Uint8Array): ZstdPart {
    const magic = numberAt(bytes, 0, 4)
    if (magic - (magic % 16) === SKIPPED_MAGIC && bytes.length >= 8)
      return { length: 8 + numberAt(bytes, 4, 4), skipped: true }
    const flags = bytes[4]
    if (magic !== MAGIC || flags === undefined) return REST
    const single = (flags & 0x20) !== 0
    const dictionaryBytes = [0, 1, 2, 4][flags & 3] as number
    const sizeBytes = flags >> 6 === 0 ? Number(single) : 1 << (flags >> 6)
    const sizeAt = 5 + Number(!single) + dictionaryBytes
    const window = single
      ? numberAt(bytes, sizeAt, sizeBytes) + (sizeBytes === 2 ? 256 : 0)
      : windowOf(bytes[5] as number)
    if (window > LARGEST_WINDOW)
      throw new Error(`they need ${window} bytes to be unpacked; at most ${LARGEST_WINDOW} are given to them`)
    this.#inFrame = true
    this.#checksum = (flags & 4) !== 0
    return { length: sizeAt + sizeBytes, skipped: false }
  }

  #block(bytes: Uint8Array): ZstdPart {
    if (bytes.length < BLOCK_HEAD_BYTES) return REST
    const head = numberAt(bytes, 0, BLOCK_HEAD_BYTES)
    const size = head >> 3
    if (size > LARGEST_BLOCK) throw new Error(`a block of ${size} bytes; none has more than ${LARGEST_BLOCK}`)
    this.#last = (head & 1) === 1
    return { length: BLOCK_HEAD_BYTES + (((head >> 1) & 3) === RLE ? 1 : size), skipped: false }
  }
}

/** Three bits of eighths above a power of two. */
function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

/** Little-endian; bytes that are not there are 0. */
function numberAt(bytes: Uint8Array, at: number, length: number): number {
  let value = 0
  for (let index = length - 1; index >= 0; index--) value = value * 256 + (bytes[at + index] ?? 0)
  return value
}
