import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { Decompress } from 'fzstd'
import { LONGEST_HEAD, type ZstdPart, ZstdParts } from './zstd-parts.ts'

/** Bytes in order, from a file or from what is packed in one. */
export interface ByteSource {
  /** Puts bytes into `buffer` from `at` on and says how many; 0 at the end. */
  read(buffer: Uint8Array, at: number): number
}

/** An open file that is read by position. Reading is synchronous: of a thousand small files most of the time is waiting otherwise. */
export class OpenFile implements ByteSource {
  readonly stat: Stats
  readonly #fd: number
  #position = 0

  /** @throws the system's error */
  constructor(path: string) {
    this.#fd = openSync(path, 'r')
    this.stat = fstatSync(this.#fd)
  }

  seek(position: number): void {
    this.#position = position
  }

  read(buffer: Uint8Array, at: number): number {
    const count = readSync(this.#fd, buffer, at, buffer.length - at, this.#position)
    this.#position += count
    return count
  }

  /** Reads elsewhere; what comes next of {@link read} stays. */
  readAt(buffer: Uint8Array, position: number): number {
    return readSync(this.#fd, buffer, 0, buffer.length, position)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

const PACKED_CHUNK = 64 * 1024

/**
 * What a zstd file holds, unpacked a block at a time as it is read: memory is what the file was packed to need (`zstd-parts.ts`),
 * however much it unpacks to.
 */
export class UnpackedZstd implements ByteSource {
  /** Bytes of the packed file that were read so far. */
  packedBytes = 0
  readonly #source: ByteSource
  readonly #stream: Decompress
  readonly #parts = new ZstdParts()
  readonly #chunk = new Uint8Array(PACKED_CHUNK)
  /** What of the chunk is still to be unpacked. */
  #from = 0
  #to = 0
  /** What is left of a part that began before. */
  #part: ZstdPart = { length: 0, skipped: false }
  #waiting: Uint8Array[] = []
  #drained = false
  #ended = false

  constructor(source: ByteSource) {
    this.#source = source
    this.#stream = new Decompress((data) => {
      if (data.length > 0) this.#waiting.push(data)
    })
  }

  /** @throws Error once all that could be unpacked was given, if the data are broken, end too soon, or need too much memory */
  read(buffer: Uint8Array, at: number): number {
    while (this.#waiting.length === 0 && !this.#ended) this.#unpack()
    const data = this.#waiting[0]
    if (data === undefined) return 0
    const count = Math.min(data.length, buffer.length - at)
    buffer.set(data.subarray(0, count), at)
    if (count === data.length) this.#waiting.shift()
    else this.#waiting[0] = data.subarray(count)
    return count
  }

  /** Bytes that are unpacked and that nobody has read yet. */
  get waitingBytes(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, 0)
  }

  /** Unpacks to the end of a part, or as far as the chunk goes. */
  #unpack(): void {
    if (this.#part.length === 0 && this.#peek() > 0)
      this.#part = this.#parts.next(this.#chunk.subarray(this.#from, this.#to))
    const { length, skipped } = this.#part
    const count = Math.min(length, this.#peek())
    this.#ended = count === 0 && this.#drained && this.#from === this.#to
    if (this.#ended && skipped && length > 0) throw new Error('unexpected EOF')
    // The stream may go on to refer to what it was given.
    if (!skipped || this.#ended) this.#stream.push(this.#chunk.slice(this.#from, this.#from + count), this.#ended)
    this.#from += count
    this.#part = { length: length - count, skipped }
  }

  /** Reads on until there are enough bytes to know a part by, and says how many there are; fewer at the end. */
  #peek(): number {
    while (this.#to - this.#from < LONGEST_HEAD && !this.#drained) {
      this.#chunk.copyWithin(0, this.#from, this.#to)
      this.#to -= this.#from
      this.#from = 0
      const count = this.#source.read(this.#chunk, this.#to)
      this.packedBytes += count
      this.#to += count
      this.#drained = count === 0
    }
    return this.#to - this.#from
  }
}
