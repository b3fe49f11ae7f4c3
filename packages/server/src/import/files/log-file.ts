import type { ImportRecord, JsonValue, ReadOptions } from '../record.ts'
import { type ByteSource, OpenFile, UnpackedZstd } from './bytes.ts'
import { Emission } from './emission.ts'
import { checkOf, continues, type FileMark, RESTED_MS } from './file-mark.ts'
import type { FoundFile } from './find.ts'
import { LineScan, type ScannedLine } from './line-scan.ts'
import type { LogFormat, LogReader } from './log-format.ts'
import { type PendingEvent, PendingEvents } from './pending.ts'

/** Between two marks inside one file: a run that is killed in a large file goes on from the last. */
const MARK_EVERY_BYTES = 32 * 1024 * 1024
/** The largest file that is read as one document. */
const LARGEST_DOCUMENT = 64 * 1024 * 1024

/** One log that is being read. */
export class LogFile {
  readonly #file: FoundFile
  readonly #open: OpenFile
  readonly #packed: UnpackedZstd | undefined
  readonly #format: LogFormat
  readonly #options: ReadOptions
  readonly #start: number
  readonly #reader: LogReader
  readonly #pending = new PendingEvents()
  readonly #emission: Emission
  #records: ImportRecord[] = []

  /** @throws the system's error where the file cannot be opened */
  constructor(file: FoundFile, mark: FileMark | undefined, format: LogFormat, options: ReadOptions) {
    this.#file = file
    this.#format = format
    this.#options = options
    this.#emission = new Emission(options)
    this.#open = new OpenFile(file.path)
    this.#packed = file.path.endsWith('.zst') ? new UnpackedZstd(this.#open) : undefined
    const onwards = mark !== undefined && !this.#whole && continues(mark, this.#open)
    this.#start = onwards ? mark.offset : 0
    this.#reader = format.open(file.path, onwards ? mark.context : undefined)
    this.#open.seek(this.#start)
  }

  close(): void {
    this.#open.close()
  }

  /** Its records, a chunk's at a time. */
  *records(): Generator<readonly ImportRecord[], void, void> {
    if (this.#format.isDocument?.(this.#file.path)) {
      this.#document()
      yield this.#given()
      return
    }
    const source: ByteSource = this.#packed ?? this.#open
    const scan = new LineScan(source, this.#start, this.#format)
    const { progress } = this.#options
    const doneBefore = progress.bytesDone
    let markedAt = this.#start
    let tornAt: number | undefined
    const onLine = (line: ScannedLine): void => {
      if (line.torn) tornAt ??= line.at
      this.#line(line)
    }
    try {
      while (scan.next(onLine)) {
        progress.bytesDone = doneBefore + (this.#packed?.packedBytes ?? scan.position)
        if (scan.position - markedAt >= MARK_EVERY_BYTES && !this.#whole && tornAt === undefined) {
          markedAt = scan.position
          // What a reader remembers is of everything before the mark, so nothing that is said in full may wait behind it.
          this.#events(this.#pending.rest(false))
          this.#mark(this.#pending.from ?? scan.position, false)
        }
        yield this.#given()
      }
    } catch (error) {
      if (this.#packed === undefined) throw error
      this.#problem(
        'invalid_encoding',
        `The compressed data end or break here: ${(error as Error).message}`,
        scan.position,
      )
    }
    this.#events(this.#pending.rest(this.#rested || this.#packed !== undefined))
    this.#mark(this.#pending.from ?? tornAt ?? scan.position, true)
    yield this.#given()
  }

  get #rested(): boolean {
    return this.#options.nowMs - this.#file.mtimeMs >= RESTED_MS
  }

  /** A file that is read from its beginning whenever it has changed. */
  get #whole(): boolean {
    return this.#packed !== undefined || this.#format.isDocument?.(this.#file.path) === true
  }

  #document(): void {
    const { size } = this.#open.stat
    if (size > LARGEST_DOCUMENT) {
      this.#problem('too_long', `The document has ${size} bytes; at most ${LARGEST_DOCUMENT} are read.`, 0)
      return
    }
    const bytes = Buffer.allocUnsafe(size)
    let length = 0
    for (let count = 1; count > 0 && length < size; length += count) count = this.#open.read(bytes, length)
    let document: unknown
    try {
      document = JSON.parse(bytes.toString('utf8', 0, length))
    } catch {
      document = undefined
    }
    if (typeof document !== 'object' || document === null || Array.isArray(document)) {
      // Somebody may be writing it: it is read again once it has changed.
      this.#problem('invalid_json', 'The file is not a JSON document.', 0)
    } else {
      this.#take(document as Readonly<Record<string, unknown>>, 0)
      this.#events(this.#pending.rest(this.#rested))
    }
    this.#mark(0, true)
  }

  #line({ at, document, torn }: ScannedLine): void {
    if (document !== undefined) this.#take(document, at)
    else if (!torn) this.#problem('invalid_json', 'The line is not a JSON object.', at)
    this.#events(this.#pending.ready())
  }

  #take(document: Readonly<Record<string, unknown>>, at: number): void {
    for (const draft of this.#reader.read(document)) this.#pending.add(draft, at)
  }

  #events(events: readonly PendingEvent[]): void {
    for (const { draft, at } of events) {
      const record = this.#emission.record(draft, this.#where(at))
      if (record !== undefined) this.#records.push(record)
    }
  }

  /** Nothing where a mark would hide something from the next run. */
  #mark(offset: number, end: boolean): void {
    if (end) this.#options.progress.held += this.#pending.size
    if (this.#emission.leftOut) return
    const { size, mtimeMs, ino } = this.#open.stat
    const context = this.#reader.context?.()
    const mark: FileMark = {
      // A file that is not read to its end is never taken for unchanged.
      size: end ? size : -1,
      mtimeMs,
      ino,
      offset: this.#whole ? 0 : offset,
      check: this.#whole ? '' : checkOf(this.#open, offset),
      held: this.#pending.from !== undefined,
      ...(context === undefined ? {} : { context }),
    }
    this.#records.push({ mark: { key: this.#file.path, value: mark as unknown as JsonValue } })
  }

  #problem(code: 'invalid_json' | 'invalid_encoding' | 'too_long', message: string, at: number): void {
    this.#records.push({ problem: { code, message }, where: this.#where(at) })
  }

  #where(at: number): string {
    return `${this.#file.path}, byte ${at}`
  }

  /** What was found since the last time. */
  #given(): readonly ImportRecord[] {
    const records = this.#records
    this.#records = []
    return records
  }
}
