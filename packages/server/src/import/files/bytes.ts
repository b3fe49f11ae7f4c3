import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { Decompress } from 'fzstd'

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

/** What a zstd file holds, unpacked as it is read: memory is a few blocks, whatever the file's size. */
export class UnpackedZstd implements ByteSource {
  /** Bytes of the packed file that were read so far. */
  packedBytes = 0
  readonly #source: ByteSource
  readonly #stream: Decompress
  readonly #chunk = new Uint8Array(PACKED_CHUNK)
  #waiting: Uint8Array[] = []
  #ended = false

  constructor(source: ByteSource) {
    this.#source = source
    this.#stream = new Decompress((data) => {
      if (data.length > 0) this.#waiting.push(data)
    })
  }

  /** @throws ZstdError once all that could be unpacked was given, if the data are broken or end too soon */
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

  #unpack(): void {
    const count = this.#source.read(this.#chunk, 0)
    this.packedBytes += count
    this.#ended = count === 0
    // The stream may go on to refer to what it was given.
    this.#stream.push(this.#chunk.slice(0, count), this.#ended)
  }
}
