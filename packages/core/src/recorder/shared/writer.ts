import { TallystickError } from '../../errors.ts'
import type { Clock } from '../../event/index.ts'
import type { Draft } from '../read-event.ts'
import { Recording } from '../recording.ts'
import type { Figures } from '../stats.ts'
import { OTHER_NAME, Tally } from '../tally.ts'
import { checkHandle, type WriterHandle } from './handle.ts'
import { ATTACHED, BEGUN, type Memory, viewMemory } from './memory.ts'
import { RingWriter } from './ring.ts'
import { packRow } from './row.ts'
import { TotalsWriter } from './totals.ts'

/** Rows of what was left out that are told beside one event: recording must stay a matter of microseconds. */
const ROWS_WITH_AN_EVENT = 8

/**
 * Records into the store of another thread: the same methods as {@link EventStore}'s, which never throw and never wait.
 *
 * Ids, `seq` and the buffer are the store's: an event gets them when the store collects it. It has the time at which it was
 * recorded here. A ring that is full leaves the event out, counted as `queue_full`, and its requests, tokens and cost still
 * count.
 */
export class SharedWriter extends Recording {
  readonly #memory: Memory
  readonly #ring: RingWriter
  readonly #totals: TotalsWriter
  /** What events counted that found the ring full, until there is room to tell the owner by model. */
  #untold: Tally | undefined

  constructor(handle: WriterHandle, clock?: Clock) {
    super(handle.enabled, handle.defaults, clock)
    const memory = viewMemory(handle.memory)
    this.#memory = memory
    this.#totals = new TotalsWriter(memory)
    this.#ring = new RingWriter(memory, this.#totals.position)
    const { untold } = this.#totals
    if (untold.succeeded + untold.failed > 0) {
      // The thread before was killed with these; nobody knows their models any more.
      this.#untold = new Tally()
      this.#untold.merge({ model: OTHER_NAME, provider: OTHER_NAME, ...untold })
    }
  }

  /** Events that this writer, or a thread before it, had to leave out. */
  get droppedCount(): number {
    return this.#totals.droppedCount
  }

  /**
   * Nothing is recorded through this writer any more; another thread may attach in its place. What was recorded stays for
   * the store to collect.
   */
  close(): void {
    this.silence()
    Atomics.store(this.#memory.ints, ATTACHED, 0)
  }

  protected admit(draft: Draft): boolean {
    const totals = this.#totals
    const ring = this.#ring
    this.#begin()
    if (this.#untold !== undefined && ring.roomy) this.#tell(this.#untold)
    const outcome = ring.event(draft)
    const { isRequest } = draft.layout
    if (isRequest) totals.count(draft)
    if (outcome === 'written') totals.written()
    else {
      totals.dropped(outcome)
      if (isRequest) {
        totals.countUntold(draft)
        this.#untold ??= new Tally()
        this.#untold.add(draft)
      }
    }
    totals.publish(ring.position)
    return outcome === 'written'
  }

  protected refuse(): false {
    this.#begin()
    this.#ring.abandon()
    this.#totals.dropped('invalid')
    this.#totals.publish(this.#ring.position)
    return false
  }

  /** Of this writer only: what others count is not known here. */
  protected counted(): Figures {
    return this.#totals.all
  }

  /** From here to the next publication this thread has an event that nobody would know of if it were killed. */
  #begin(): void {
    this.#memory.ints[BEGUN] = (this.#totals.seq + 1) | 0
  }

  /** A few at a time, and none in the half of the ring that the event may need: there may be thousands. */
  #tell(untold: Tally): void {
    for (let left = ROWS_WITH_AN_EVENT; left > 0 && this.#ring.roomy; left--) {
      const row = untold.shift()
      if (row === undefined) break
      if (this.#ring.lost(packRow(row)) !== 'written') {
        untold.merge(row)
        return
      }
      this.#totals.told(row)
    }
    if (untold.isEmpty) this.#untold = undefined
  }
}

/**
 * Records from this thread into the store whose handle it was given.
 *
 * @param handle what `store.handle(i)` returned in the thread of the store; one thread at a time may use it
 * @throws TallystickError `invalid_config` if it is no handle, of another version, or in use
 * @example
 * // in the worker
 * const recorder = attachWriter(workerData)
 * recorder.recordEvent({ kind: 'llm_request_completed', provider: 'openai', model: 'gpt-4o', inputTokens: 9, outputTokens: 1 })
 */
export function attachWriter(handle: WriterHandle, options: { readonly clock?: Clock } = {}): SharedWriter {
  checkHandle(handle)
  const ints = new Int32Array(handle.memory, 0, ATTACHED + 1)
  if (Atomics.compareExchange(ints, ATTACHED, 0, 1) !== 0) {
    throw new TallystickError(
      'invalid_config',
      `attachWriter: writer ${handle.writer} is in use; give each thread a handle of its own, and tell the store when a thread has ended (store.writerExited(${handle.writer}))`,
    )
  }
  return new SharedWriter(handle, options.clock)
}
