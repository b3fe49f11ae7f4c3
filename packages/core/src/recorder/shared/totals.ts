import { addExact, type Exact, normalizeExact } from '../../event/index.ts'
import type { Draft } from '../read-event.ts'
import type { Figures } from '../stats.ts'
import { type Memory, SEQ, TOTALS } from './memory.ts'

/**
 * Position and totals of a writer, published together by one atomic store for each event.
 *
 * There are four snapshots, used in turn: the writer fills the next one with plain stores and then raises SEQ, whose two
 * lowest bits say which one is current. A reader copies that one and looks at SEQ again: unless the writer has published
 * three times meanwhile, nobody can have written into it. So a reader never waits for a writer, no snapshot has half of an
 * event in it, and a writer killed at any instant leaves its last complete one behind. An atomic 64-bit addition for each
 * total instead costs more than all the rest of recording, since each one has to make a bigint.
 *
 * A sum is two words, `low + high * 2^52` with `low < 2^52`: exact up to 2^105.
 */
const SNAPSHOTS = 4
const STRIDE = 24
const HALF = 2 ** 52

const POSITION = 0
const QUEUE_FULL = 1
const TOO_LARGE = 2
const INVALID = 3
/** Events that stand in records, read or not. */
const WRITTEN = 4
/** Two blocks of figures: all that was counted, and what of it the owner has not been told of. */
const ALL = 5
const UNTOLD = 14
const END = 23

/** Places in a block of figures. */
const SUCCEEDED = 0
const FAILED = 1
const UNPRICED = 2
const INPUT = 3
const OUTPUT = 5
const COST = 7

/** Why a writer leaves an event out. */
export type WriterDrop = 'queue_full' | 'too_large' | 'invalid'

const DROPS: readonly (readonly [WriterDrop, number])[] = [
  ['queue_full', QUEUE_FULL],
  ['too_large', TOO_LARGE],
  ['invalid', INVALID],
]

/** The writer's side. Nothing is visible before {@link TotalsWriter.publish}. */
export class TotalsWriter {
  seq: number
  readonly #ints: Int32Array
  readonly #page: Float64Array
  /** What the next snapshot will say; memory of this thread. */
  readonly #next: Float64Array

  /** Goes on where the thread before left off. */
  constructor(memory: Memory) {
    this.seq = Atomics.load(memory.ints, SEQ)
    this.#ints = memory.ints
    this.#page = memory.page
    this.#next = copySnapshot(memory, new Float64Array(STRIDE))
  }

  get position(): number {
    return this.#next[POSITION] as number
  }

  count(draft: Draft): void {
    countIn(this.#next, ALL, draft)
  }

  /** The draft has been counted, and no record will tell of it. */
  countUntold(draft: Draft): void {
    countIn(this.#next, UNTOLD, draft)
  }

  dropped(reason: WriterDrop): void {
    const at = reason === 'queue_full' ? QUEUE_FULL : reason === 'too_large' ? TOO_LARGE : INVALID
    this.#next[at] = (this.#next[at] as number) + 1
  }

  written(): void {
    this.#next[WRITTEN] = (this.#next[WRITTEN] as number) + 1
  }

  get droppedCount(): number {
    return DROPS.reduce((sum, [, at]) => sum + (this.#next[at] as number), 0)
  }

  get all(): Figures {
    return figuresOf(this.#next, ALL)
  }

  get untold(): Figures {
    return figuresOf(this.#next, UNTOLD)
  }

  /** A record tells of these now. */
  told(figures: Figures): void {
    const next = this.#next
    const { untold } = this
    next[UNTOLD + SUCCEEDED] = untold.succeeded - figures.succeeded
    next[UNTOLD + FAILED] = untold.failed - figures.failed
    next[UNTOLD + UNPRICED] = untold.unpriced - figures.unpriced
    setSum(next, UNTOLD + INPUT, addExact(untold.inputTokens, -figures.inputTokens))
    setSum(next, UNTOLD + OUTPUT, addExact(untold.outputTokens, -figures.outputTokens))
    setSum(next, UNTOLD + COST, addExact(untold.costNanoUsd, -figures.costNanoUsd))
  }

  /** Makes everything counted since, and the records up to `position`, visible at once. */
  publish(position: number): void {
    const next = this.#next
    const page = this.#page
    const seq = (this.seq + 1) | 0
    const at = TOTALS + (seq & (SNAPSHOTS - 1)) * STRIDE
    next[POSITION] = position
    for (let index = 0; index < END; index++) page[at + index] = next[index] as number
    this.seq = seq
    Atomics.store(this.#ints, SEQ, seq)
  }
}

/** The latest snapshot of a writer, by name. */
export class Totals {
  readonly #memory: Memory
  readonly #values = new Float64Array(STRIDE)

  constructor(memory: Memory) {
    this.#memory = memory
  }

  /** Looks again: everything below then speaks of one moment. */
  refresh(): this {
    copySnapshot(this.#memory, this.#values)
    return this
  }

  get position(): number {
    return this.#values[POSITION] as number
  }

  get written(): number {
    return this.#values[WRITTEN] as number
  }

  /** Whatever was counted, events that were left out among them. */
  get all(): Figures {
    return figuresOf(this.#values, ALL)
  }

  /** What was counted of events that are in no record. */
  get untold(): Figures {
    return figuresOf(this.#values, UNTOLD)
  }

  dropped(): ReadonlyMap<WriterDrop, number> {
    return new Map(DROPS.map(([reason, at]) => [reason, this.#values[at] as number] as const))
  }
}

/** The current snapshot, complete and of one moment. */
function copySnapshot({ ints, page }: Memory, into: Float64Array): Float64Array {
  for (;;) {
    const seq = Atomics.load(ints, SEQ)
    const at = TOTALS + (seq & (SNAPSHOTS - 1)) * STRIDE
    for (let index = 0; index < END; index++) into[index] = page[at + index] as number
    const published = (Atomics.load(ints, SEQ) - seq) | 0
    // Another turn means that the writer has recorded three events while this thread copied two dozen numbers.
    if (published >= 0 && published < SNAPSHOTS - 1) return into
  }
}

function countIn(figures: Float64Array, block: number, draft: Draft): void {
  const at = block + (draft.failed ? FAILED : SUCCEEDED)
  figures[at] = (figures[at] as number) + 1
  if (draft.costNanoUsd < 0 && !draft.failed) {
    figures[block + UNPRICED] = (figures[block + UNPRICED] as number) + 1
  }
  if (draft.inputTokens > 0) addTo(figures, block + INPUT, draft.inputTokens)
  if (draft.outputTokens > 0) addTo(figures, block + OUTPUT, draft.outputTokens)
  if (draft.costNanoUsd > 0) addTo(figures, block + COST, draft.costNanoUsd)
}

/** @param amount a safe integer from 0 */
function addTo(figures: Float64Array, at: number, amount: number): void {
  let low = (figures[at] as number) + amount
  if (low >= HALF) {
    let carried = 1
    // Taken off before it is added where the sum would pass 2^53 and be exact no more.
    low = amount >= HALF ? (figures[at] as number) + (amount - HALF) : low - HALF
    if (low >= HALF) {
      low -= HALF
      carried = 2
    }
    figures[at + 1] = (figures[at + 1] as number) + carried
  }
  figures[at] = low
}

function figuresOf(values: Float64Array, block: number): Figures {
  return {
    succeeded: values[block + SUCCEEDED] as number,
    failed: values[block + FAILED] as number,
    unpriced: values[block + UNPRICED] as number,
    inputTokens: sumAt(values, block + INPUT),
    outputTokens: sumAt(values, block + OUTPUT),
    costNanoUsd: sumAt(values, block + COST),
  }
}

function sumAt(values: Float64Array, at: number): Exact {
  const low = values[at] as number
  const high = values[at + 1] as number
  return high === 0 ? low : normalizeExact(BigInt(high) * BigInt(HALF) + BigInt(low))
}

function setSum(values: Float64Array, at: number, sum: Exact): void {
  const half = BigInt(HALF)
  values[at] = Number(BigInt(sum) % half)
  values[at + 1] = Number(BigInt(sum) / half)
}
