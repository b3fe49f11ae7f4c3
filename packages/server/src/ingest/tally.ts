import type { ErrorCode } from '@tallystick/core'
import type { IngestCounts, LinkCounts } from './counters.ts'

/** Outcomes of some items, to be counted in one step. */
export interface Outcome {
  accepted: number
  duplicate: number
  conflict: number
  failed: number
  readonly rejected: readonly ErrorCode[]
}

export function itemsOf({ accepted, duplicate, conflict, failed, rejected }: Outcome): number {
  return accepted + duplicate + conflict + failed + rejected.length
}

/**
 * The counters. Each method moves all counters of one happening together, synchronously, so whoever reads them between two
 * turns of the event loop finds every law in balance.
 */
export class Tally {
  #received = 0
  #accepted = 0
  #duplicate = 0
  #conflict = 0
  #failed = 0
  #inFlight = 0
  readonly #rejected = new Map<ErrorCode, number>()
  readonly #doors = new Map<string, number>()
  readonly #link = { acked: 0, unanswered: 0, unsettled: 0, lost: 0 }
  pricingFailures = 0
  priceMismatches = 0

  arrived(items: number): void {
    this.#inFlight += items
  }

  /** Items of a delivery that is not answered yet got their outcome. */
  settled(door: string, outcome: Outcome): void {
    this.#count(door, outcome)
    this.#link.unanswered += itemsOf(outcome) - outcome.failed
  }

  /** The delivery was answered: `settled` of its items had their outcome before, `unsettled` were acknowledged from memory. */
  answered(settled: number, unsettled: number): void {
    this.#link.acked += settled + unsettled
    this.#link.unanswered -= settled
    this.#link.unsettled += unsettled
  }

  /** Items acknowledged from memory got their outcome afterwards; those that failed are lost. */
  settledLate(door: string, outcome: Outcome): void {
    this.#count(door, outcome)
    this.#link.unsettled -= itemsOf(outcome)
    this.#link.lost += outcome.failed
  }

  counts(): IngestCounts {
    return {
      received: this.#received,
      accepted: this.#accepted,
      duplicate: this.#duplicate,
      conflict: this.#conflict,
      rejected: new Map(this.#rejected),
      failed: this.#failed,
      inFlight: this.#inFlight,
      link: { ...this.#link } satisfies LinkCounts,
      doors: new Map(this.#doors),
      pricingFailures: this.pricingFailures,
      priceMismatches: this.priceMismatches,
    }
  }

  #count(door: string, outcome: Outcome): void {
    const items = itemsOf(outcome)
    this.#inFlight -= items
    this.#received += items
    this.#accepted += outcome.accepted
    this.#duplicate += outcome.duplicate
    this.#conflict += outcome.conflict
    this.#failed += outcome.failed
    for (const code of outcome.rejected) this.#rejected.set(code, (this.#rejected.get(code) ?? 0) + 1)
    this.#doors.set(door, (this.#doors.get(door) ?? 0) + items)
  }
}
