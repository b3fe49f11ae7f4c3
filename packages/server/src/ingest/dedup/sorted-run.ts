import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { Bloom } from './bloom.ts'
import { compareKeys } from './key-order.ts'

/** Words of a record on disk: key (4), content hash (2). Little-endian, as are all platforms Node runs on. */
export const RECORD_WORDS = 6
const RECORD_BYTES = RECORD_WORDS * 4
/** Records in a block: what one lookup reads and checks, 6 KiB. */
const BLOCK_RECORDS = 256
const BLOCK_BYTES = BLOCK_RECORDS * RECORD_BYTES
const BLOCKS_PER_WRITE = 32
const HEADER_BYTES = 24
const MAGIC = Buffer.from('TSTIDS01', 'latin1')

/** Lookups are synchronous, so one buffer serves all runs. */
const LOOKUP_BLOCK = new Uint32Array(BLOCK_RECORDS * RECORD_WORDS)

/** A file of ids is not what its manifest says. The ids are read again from the journal; nothing else is lost. */
export class DamagedRunError extends Error {
  readonly path: string

  constructor(path: string, what: string) {
    super(`${path}: ${what}`)
    this.name = 'DamagedRunError'
    this.path = path
  }
}

/**
 * Writes ids in key order to a file:
 *
 *     header | records, sorted | head of each block's first key | CRC-32 of each block | Bloom filter
 *
 * The header comes last, so a file that was not finished is recognised. `finish` returns after fsync; the caller renames.
 */
export class RunWriter {
  #file: FileHandle
  #bloom: Bloom
  #heads: number[] = []
  #crcs: number[] = []
  #count = 0
  #offset = HEADER_BYTES
  #buffer = new Uint32Array(BLOCKS_PER_WRITE * BLOCK_RECORDS * RECORD_WORDS)
  #buffered = 0

  private constructor(file: FileHandle, expected: number) {
    this.#file = file
    this.#bloom = Bloom.forKeys(expected)
  }

  /** `expected` sizes the filter: at least as many records as will be added. */
  static async create(path: string, expected: number): Promise<RunWriter> {
    return new RunWriter(await open(path, 'w', 0o600), expected)
  }

  /** True when `flush` has to be awaited before the next record. */
  get full(): boolean {
    return this.#buffered === this.#buffer.length
  }

  /** The record's words stand at `at`; key order is the caller's promise. */
  add(words: Uint32Array, at: number): void {
    const buffer = this.#buffer
    const to = this.#buffered
    if (this.#count % BLOCK_RECORDS === 0) this.#heads.push(words[at] as number)
    for (let word = 0; word < RECORD_WORDS; word++) buffer[to + word] = words[at + word] as number
    this.#bloom.add(words, at)
    this.#buffered = to + RECORD_WORDS
    this.#count++
  }

  async flush(): Promise<void> {
    const bytes = bytesOf(this.#buffer.subarray(0, this.#buffered))
    for (let at = 0; at < bytes.length; at += BLOCK_BYTES) this.#crcs.push(crc32(bytes.subarray(at, at + BLOCK_BYTES)))
    await writeAll(this.#file, bytes, this.#offset)
    this.#offset += bytes.length
    this.#buffered = 0
  }

  async finish(): Promise<{ readonly count: number; readonly indexCrc: number }> {
    if (this.#buffered > 0) await this.flush()
    const index = Buffer.concat([
      bytesOf(Uint32Array.from(this.#heads)),
      bytesOf(Uint32Array.from(this.#crcs)),
      this.#bloom.bytes,
    ])
    await writeAll(this.#file, index, this.#offset)
    const indexCrc = crc32(index)
    const header = Buffer.alloc(HEADER_BYTES)
    MAGIC.copy(header)
    header.writeUInt32LE(this.#count, 8)
    header.writeUInt32LE(this.#heads.length, 12)
    header.writeUInt32LE(this.#bloom.bytes.length, 16)
    header.writeUInt32LE(indexCrc, 20)
    await writeAll(this.#file, header, 0)
    await this.#file.sync()
    await this.#file.close()
    return { count: this.#count, indexCrc }
  }

  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {})
  }
}

interface RunIndex {
  readonly fd: number
  readonly heads: Uint32Array
  readonly crcs: Uint32Array
  readonly bloom: Bloom
  readonly byteLength: number
}

/** Sorted ids in a file. Its index is read at the first lookup and may be dropped again at any time. */
export class SortedRun {
  readonly path: string
  readonly count: number
  readonly indexCrc: number
  /** When the index was last used, for eviction: a number that rises with every lookup of any run. */
  lastUse = 0
  #index: RunIndex | undefined

  constructor(path: string, count: number, indexCrc: number) {
    this.path = path
    this.count = count
    this.indexCrc = indexCrc
  }

  /** Bytes held in memory. */
  get byteLength(): number {
    return this.#index?.byteLength ?? 0
  }

  /** Compares the file with what the manifest says of it, without reading the records. Throws {@link DamagedRunError}. */
  check(): void {
    this.#load()
  }

  /**
   * Finds a key and writes its content hash to `hash`. Exact: what the filter lets through is looked up, and a block is
   * believed only after its CRC. Throws {@link DamagedRunError}.
   */
  find(key: Uint32Array, hash: Uint32Array): boolean {
    const index = this.#index ?? this.#load()
    if (!index.bloom.mayHave(key, 0)) return false
    const head = key[0] as number
    // Heads may repeat over a block's edge: start at the last block whose head is smaller.
    for (let block = Math.max(0, lowerBound(index.heads, head) - 1); block < index.heads.length; block++) {
      if ((index.heads[block] as number) > head) break
      if (this.#findInBlock(index, block, key, hash)) return true
    }
    return false
  }

  /** All records in order, a buffer of whole records at a time. The buffer is reused. */
  async *records(): AsyncGenerator<Uint32Array> {
    const index = this.#index ?? this.#load()
    const chunk = new Uint32Array(BLOCKS_PER_WRITE * BLOCK_RECORDS * RECORD_WORDS)
    const file = await open(this.path, 'r')
    try {
      for (let block = 0; block < index.crcs.length; block += BLOCKS_PER_WRITE) {
        const first = block * BLOCK_RECORDS
        const bytes = bytesOf(chunk).subarray(
          0,
          Math.min(BLOCKS_PER_WRITE * BLOCK_RECORDS, this.count - first) * RECORD_BYTES,
        )
        await readAll(file, bytes, HEADER_BYTES + first * RECORD_BYTES, this.path)
        for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
          if (crc32(bytes.subarray(at, at + BLOCK_BYTES)) !== index.crcs[block + at / BLOCK_BYTES]) {
            throw new DamagedRunError(this.path, `block ${block + at / BLOCK_BYTES} does not match its CRC`)
          }
        }
        yield chunk.subarray(0, bytes.length / 4)
      }
    } finally {
      await file.close()
    }
  }

  /** Frees the index and the file descriptor. */
  unload(): void {
    if (this.#index) closeSync(this.#index.fd)
    this.#index = undefined
  }

  #findInBlock(index: RunIndex, block: number, key: Uint32Array, hash: Uint32Array): boolean {
    const records = Math.min(BLOCK_RECORDS, this.count - block * BLOCK_RECORDS)
    const words = LOOKUP_BLOCK
    const bytes = bytesOf(words).subarray(0, records * RECORD_BYTES)
    const read = readSync(index.fd, bytes, 0, bytes.length, HEADER_BYTES + block * BLOCK_BYTES)
    if (read !== bytes.length || crc32(bytes) !== index.crcs[block]) {
      throw new DamagedRunError(this.path, `block ${block} does not match its CRC`)
    }
    let low = 0
    let high = records - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const at = middle * RECORD_WORDS
      const order = compareKeys(words, at, key, 0)
      if (order === 0) {
        hash[0] = words[at + 4] as number
        hash[1] = words[at + 5] as number
        return true
      }
      if (order < 0) low = middle + 1
      else high = middle - 1
    }
    return false
  }

  #load(): RunIndex {
    let fd: number
    try {
      fd = openSync(this.path, 'r')
    } catch {
      throw new DamagedRunError(this.path, 'the file is missing')
    }
    try {
      this.#index = readIndex(fd, this.path, this.count, this.indexCrc)
      return this.#index
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }
}

function readIndex(fd: number, path: string, count: number, indexCrc: number): RunIndex {
  const header = Buffer.alloc(HEADER_BYTES)
  readSync(fd, header, 0, HEADER_BYTES, 0)
  if (!header.subarray(0, 8).equals(MAGIC)) throw new DamagedRunError(path, 'it is not a finished file of ids')
  const blocks = Math.ceil(count / BLOCK_RECORDS)
  const bloomBytes = header.readUInt32LE(16)
  const size = HEADER_BYTES + count * RECORD_BYTES + blocks * 8 + bloomBytes
  if (
    header.readUInt32LE(8) !== count ||
    header.readUInt32LE(12) !== blocks ||
    header.readUInt32LE(20) !== indexCrc ||
    fstatSync(fd).size !== size
  ) {
    throw new DamagedRunError(path, 'it is not the file the manifest names')
  }
  const index = new Uint8Array(blocks * 8 + bloomBytes)
  readSync(fd, index, 0, index.length, size - index.length)
  if (crc32(index) !== indexCrc) throw new DamagedRunError(path, 'its index does not match its CRC')
  return {
    fd,
    heads: new Uint32Array(index.buffer, 0, blocks),
    crcs: new Uint32Array(index.buffer, blocks * 4, blocks),
    bloom: new Bloom(index.subarray(blocks * 8)),
    byteLength: index.length,
  }
}

/** The first position whose value is not below `value`. */
function lowerBound(sorted: Uint32Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as number) < value) low = middle + 1
    else high = middle
  }
  return low
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    if (bytesWritten === 0) throw new Error('the disk takes no more bytes')
    done += bytesWritten
  }
}

async function readAll(file: FileHandle, bytes: Uint8Array, position: number, path: string): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done)
    if (bytesRead === 0) throw new DamagedRunError(path, 'it is shorter than the manifest says')
    done += bytesRead
  }
}
