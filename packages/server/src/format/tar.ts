/**
 * Tar archives of plain files, as POSIX (ustar) with GNU's numbers for files of 8 GiB and more; `tar xf` unpacks them.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */
export interface TarFile {
  /** At most 100 bytes. */
  readonly path: string
  readonly size: number
  readonly modifiedMs: number
}

/** A file of an archive that is being read. */
export interface TarMember {
  readonly path: string
  readonly size: number
  /** Where its content begins in the archive. */
  readonly offset: number
  /** To be read before the next member is asked for; what is not read is skipped. */
  readonly content: AsyncIterable<Buffer>
}

/** What was read is no tar archive, or not all of one. */
export class TarError extends Error {}

const BLOCK = 512
const MAX_OCTAL_SIZE = 0o77777777777
const [PATH, MODE, SIZE, MTIME, CHECKSUM, TYPE, MAGIC] = [0, 100, 124, 136, 148, 156, 257]

/** What ends an archive. */
export const TAR_END: Buffer = Buffer.alloc(2 * BLOCK)

/** The block before a file's content. */
export function tarHeader({ path, size, modifiedMs }: TarFile): Buffer {
  const block = Buffer.alloc(BLOCK)
  if (Buffer.byteLength(path) > MODE) throw new TarError(`${path} is too long a name for a tar archive`)
  block.write(path, PATH)
  block.write('0000600\0', MODE)
  block.write('0000000\0'.repeat(2), MODE + 8)
  if (size <= MAX_OCTAL_SIZE) block.write(`${octal(size)}\0`, SIZE)
  else {
    block[SIZE] = 0x80
    block.writeBigUInt64BE(BigInt(size), SIZE + 4)
  }
  block.write(`${octal(Math.floor(modifiedMs / 1000))}\0`, MTIME)
  block.write('0', TYPE)
  block.write('ustar\x0000', MAGIC)
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, CHECKSUM)
  return block
}

/** What fills a file's last block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc(padding(size))
}

/** Bytes of an archive of files of these sizes. */
export function tarSize(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + BLOCK + size + padding(size), TAR_END.length)
}

/**
 * The files of an archive as it comes in.
 *
 * @throws TarError when a header is damaged, something else than a plain file is met, or the archive ends before its end
 */
export async function* readTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember> {
  const source = new ByteSource(chunks)
  try {
    for (;;) {
      const header = await source.take(BLOCK)
      // Whoever sends may be waiting for the rest to be taken.
      if (header.every((byte) => byte === 0)) return await source.drain()
      const path = text(header, PATH, 100)
      const size = sizeOf(header)
      if (Number.parseInt(text(header, CHECKSUM, 8), 8) !== checksum(header) || size === undefined)
        throw new TarError(`the header at byte ${source.offset - BLOCK} is damaged`)
      const type = header[TYPE]
      if (type !== 0x30 && type !== 0) throw new TarError(`${path} is no plain file`)
      const offset = source.offset
      yield { path, size, offset, content: source.upTo(offset + size) }
      for await (const _skipped of source.upTo(offset + size + padding(size)));
    }
  } finally {
    await source.close()
  }
}

/** Hands out a stream of bytes in the pieces that are asked for. */
class ByteSource {
  offset = 0
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Buffer = Buffer.alloc(0)

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = []
    for await (const part of this.upTo(this.offset + length)) parts.push(part)
    return Buffer.concat(parts)
  }

  async drain(): Promise<void> {
    while (!(await this.#chunks.next()).done);
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  async *upTo(end: number): AsyncGenerator<Buffer> {
    while (this.offset < end) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#chunks.next()
        if (done) throw new TarError(`the archive ends at byte ${this.offset}, in the middle`)
        this.#rest = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      }
      const part = this.#rest.subarray(0, end - this.offset)
      this.#rest = this.#rest.subarray(part.length)
      this.offset += part.length
      if (part.length > 0) yield part
    }
  }
}

const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK
const octal = (value: number): string => value.toString(8).padStart(11, '0')

/** The sum of the header's bytes, its own field counted as spaces. */
function checksum(block: Buffer): number {
  let sum = 0
  for (let at = 0; at < BLOCK; at++) sum += at >= CHECKSUM && at < TYPE ? 0x20 : (block[at] as number)
  return sum
}

function text(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end === -1 ? length : end)
}

function sizeOf(header: Buffer): number | undefined {
  const size = header[SIZE] === 0x80 ? Number(header.readBigUInt64BE(SIZE + 4)) : octalOf(text(header, SIZE, 12))
  return Number.isSafeInteger(size) && size >= 0 ? size : undefined
}

function octalOf(digits: string): number {
  return /^[0-7]+ *$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN
}
