import { existsSync } from 'node:fs'
import { OpenFile } from '../files/bytes.ts'
import { committedPages } from './wal.ts'

const HEADER_BYTES = 100
const MAGIC = 'SQLite format 3\0'
/** A log is checkpointed long before; what is larger is not held in memory. */
const LARGEST_WAL = 256 * 1024 * 1024

/**
 * The pages of an SQLite file, with those of its write-ahead log in their place: what a reader of the database would see.
 * Nothing is locked and nothing is written, so whoever uses the database is not disturbed; if it changes meanwhile,
 * {@link changed} says so and what was read is to be read again.
 *
 * @source sqlite.org/fileformat2.html
 */
export class Pages {
  /** Bytes of a page that hold data. */
  readonly usable: number
  readonly count: number
  readonly #path: string
  readonly #file: OpenFile
  readonly #size: number
  readonly #logged: ReadonlyMap<number, Uint8Array>
  readonly #log: string

  /** @throws Error where the file is no SQLite database with text in UTF-8, or cannot be read */
  constructor(path: string) {
    this.#path = path
    this.#file = new OpenFile(path)
    try {
      this.#log = logState(path)
      const header = Buffer.alloc(HEADER_BYTES)
      this.#file.readAt(header, 0)
      if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new Error('The file is no SQLite database.')
      const size = header.readUInt16BE(16)
      this.#size = size === 1 ? 65_536 : size
      if (this.#size < 512 || (this.#size & (this.#size - 1)) !== 0) throw new Error('The page size makes no sense.')
      this.usable = this.#size - (header[20] as number)
      this.#logged = readLog(path, this.#size)
      this.count = Math.max(Math.ceil(this.#file.stat.size / this.#size), ...this.#logged.keys())
      if (this.page(1).readUInt32BE(56) > 1) throw new Error('The text of the database is not UTF-8.')
    } catch (error) {
      this.#file.close()
      throw error
    }
  }

  /** @throws Error for a page that is not there */
  page(number: number): Buffer {
    const logged = this.#logged.get(number)
    if (logged !== undefined) return Buffer.from(logged.buffer, logged.byteOffset, logged.byteLength)
    const page = Buffer.allocUnsafe(this.#size)
    if (number < 1 || this.#file.readAt(page, (number - 1) * this.#size) !== this.#size)
      throw new Error(`The database has no page ${number}.`)
    return page
  }

  /** Has anybody written since it was opened? */
  get changed(): boolean {
    const now = new OpenFile(this.#path)
    const { size, mtimeMs } = this.#file.stat
    const changed = now.stat.size !== size || now.stat.mtimeMs !== mtimeMs || this.#log !== logState(this.#path)
    now.close()
    return changed
  }

  close(): void {
    this.#file.close()
  }
}

/** Changes with every write to the log beside a database. */
export function logState(path: string): string {
  if (!existsSync(`${path}-wal`)) return ''
  const log = new OpenFile(`${path}-wal`)
  const { size, mtimeMs, ino } = log.stat
  log.close()
  return `${size} ${mtimeMs} ${ino}`
}

function readLog(path: string, pageSize: number): ReadonlyMap<number, Uint8Array> {
  if (!existsSync(`${path}-wal`)) return new Map()
  const log = new OpenFile(`${path}-wal`)
  try {
    if (log.stat.size > LARGEST_WAL) throw new Error(`The log of the database has ${log.stat.size} bytes.`)
    const bytes = Buffer.alloc(log.stat.size)
    const length = log.readAt(bytes, 0)
    return committedPages(bytes.subarray(0, length), pageSize)
  } finally {
    log.close()
  }
}
