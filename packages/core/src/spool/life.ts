import type { DropReason, Ledger } from '../recorder/index.ts'

/** What became of an event that was in the spool. */
export type Outcome = 'acked' | DropReason

/** What a recorder says of itself, apart from what it has handed over. */
export interface Told {
  readonly recorded: number
  /** Answered by the server without having been in the spool. */
  readonly acked: number
  readonly dropped: ReadonlyMap<DropReason, number>
}

/** A life as it is saved. */
export interface SavedLife {
  readonly number: number
  readonly source_id: string
  readonly epoch: number
  readonly last_seq: number
  readonly recorded: number
  readonly acked: number
  readonly dropped: Readonly<Record<string, number>>
  readonly spooled: number
  readonly outcomes: Readonly<Record<string, number>>
}

/** One recorder in one of its lives, and the spool's account of it. */
export class Life {
  /** By which marks name it: unique in its spool, from 1. */
  readonly number: number
  readonly sourceId: string
  readonly epoch: number
  /** Its process has ended, or it records elsewhere: what is in nobody's hands now will never come. */
  ended = false
  /** The highest `seq` that was spooled; -1 before the first. */
  lastSeq = -1
  told: Told = { recorded: 0, acked: 0, dropped: new Map() }
  /** As it was last written down: what a later life will know. */
  written: Told = this.told
  /** Events that were ever written to the spool. */
  spooled = 0
  readonly #outcomes = new Map<Outcome, number>()
  #left = 0

  constructor(number: number, sourceId: string, epoch: number) {
    this.number = number
    this.sourceId = sourceId
    this.epoch = epoch
  }

  /** It has lost events since that was last written down. */
  get hasLost(): boolean {
    return sumOf(this.told.dropped) !== sumOf(this.written.dropped)
  }

  /** Its events that have not left the spool. */
  get pending(): number {
    return this.spooled - this.#left
  }

  left(outcome: Outcome, count = 1): void {
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + count)
    this.#left += count
  }

  /** The recorder tells more, never less: what it has told before stands. */
  hear({ recorded, acked, dropped }: Told): void {
    const most = new Map(this.told.dropped)
    for (const [reason, count] of dropped) most.set(reason, Math.max(count, most.get(reason) ?? 0))
    this.told = {
      recorded: Math.max(recorded, this.told.recorded),
      acked: Math.max(acked, this.told.acked),
      dropped: most,
    }
  }

  /**
   * `recorded = acked + pending + sum(dropped)`, with what is in the recorder's memory as pending.
   *
   * @param told what is taken for known of the recorder
   */
  ledger(told = this.told): Ledger {
    const dropped = new Map(told.dropped)
    const accounted = told.acked + this.spooled + sumOf(told.dropped)
    for (const [outcome, count] of this.#outcomes)
      if (outcome !== 'acked') dropped.set(outcome, (dropped.get(outcome) ?? 0) + count)
    const inMemory = Math.max(0, told.recorded - accounted)
    if (this.ended && inMemory > 0) dropped.set('process_exit', (dropped.get('process_exit') ?? 0) + inMemory)
    return {
      sourceId: this.sourceId,
      epoch: this.epoch,
      recorded: accounted + inMemory,
      acked: told.acked + (this.#outcomes.get('acked') ?? 0),
      pending: this.pending + (this.ended ? 0 : inMemory),
      dropped,
    }
  }

  save(): SavedLife {
    return {
      number: this.number,
      source_id: this.sourceId,
      epoch: this.epoch,
      last_seq: this.lastSeq,
      recorded: this.told.recorded,
      acked: this.told.acked,
      dropped: Object.fromEntries(this.told.dropped),
      spooled: this.spooled,
      outcomes: Object.fromEntries(this.#outcomes),
    }
  }

  static from(saved: SavedLife): Life {
    const life = new Life(saved.number, saved.source_id, saved.epoch)
    life.lastSeq = saved.last_seq
    life.told = { recorded: saved.recorded, acked: saved.acked, dropped: droppedFrom(saved.dropped) }
    life.written = life.told
    life.spooled = saved.spooled
    for (const [outcome, count] of Object.entries(saved.outcomes)) life.left(outcome as Outcome, count)
    return life
  }
}

function sumOf(counts: ReadonlyMap<DropReason, number>): number {
  let sum = 0
  for (const count of counts.values()) sum += count
  return sum
}

/** Counts by reason, as they stand in a record of ours. */
export function droppedFrom(saved: Readonly<Record<string, number>>): ReadonlyMap<DropReason, number> {
  return new Map(Object.entries(saved) as [DropReason, number][])
}
